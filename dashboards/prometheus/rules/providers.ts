import { thresholds } from "../../thresholds";
import { growth, growthFromBirth } from "./promql";
import { records } from "./recording";
import type { Alert } from "./rule";

const { provider, fallback, refusing, throttling, cut, fallbackRate, rareEvents } = thresholds;
const { providerErrors, providerAnswers } = records;

/** Share of the attempts at a model that ended in one of some ways, once there are enough of those. */
function endingIn(endings: string, { share, min }: { share: number; min: number }): string {
  const sum = (matcher: string) => `sum by (provider, model) (${records.attempts}{${matcher}})`;
  const ended = sum(`ending=~"${endings}"`);
  // An attempt that the guard kept from being made says nothing of the provider.
  return `${ended} / ${sum(`ending!="not_paid_for"`)} > ${share} and ${ended} >= ${min}`;
}

export const providerAlerts: Alert[] = [
  {
    name: "ProviderDown",
    severity: "critical",
    service: "gateway",
    team: "platform",
    // A provider that answers nothing has no successes at all: the missing side counts as zero.
    expr: `
      ${providerErrors} / (${providerErrors} + (${providerAnswers} or ${providerErrors} * 0)) > ${provider.share}
      and ${providerErrors} >= ${provider.minErrors}`,
    for: provider.for,
    summary: "{{ $labels.provider }} fails {{ $value | humanizePercentage }} of calls",
    description: `It has answered 5xx, or nothing, for ${provider.for}. Verify that the fallback is active: calls of the
      same routes succeed at the other provider, and FallbackFailing is silent.`,
    dashboard: "alerts-incidents",
  },
  {
    name: "FallbackFailing",
    severity: "critical",
    service: "gateway",
    team: "platform",
    expr: `${growthFromBirth("litellm_deployment_failed_fallbacks_total", fallback.window, ["requested_model"])} >= ${fallback.minErrors}`,
    for: fallback.for,
    summary: "Calls to {{ $labels.requested_model }} fail at the fallback too",
    description: `{{ printf "%.0f" $value }} calls of the last ${fallback.window} failed at their own model and at every
      fallback. Customers get no answer: two providers are ill at once, or a key or a quota is gone.`,
    dashboard: "alerts-incidents",
  },
  {
    name: "ProviderRefusing",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: endingIn("status_4xx", refusing),
    for: refusing.for,
    summary:
      "{{ $labels.provider }} refuses {{ $value | humanizePercentage }} of calls to {{ $labels.model }}",
    description: `It answers 4xx: a key that was revoked, credit or a permission that is gone, a model that was removed. The
      fallback answers meanwhile, so customers notice nothing: its price and its quota are what is used.`,
    dashboard: "alerts-incidents",
  },
  {
    name: "ProviderThrottling",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: endingIn("status_429", throttling),
    for: throttling.for,
    summary:
      "{{ $labels.provider }} throttles {{ $value | humanizePercentage }} of calls to {{ $labels.model }}",
    description: `It answers 429: our quota there is too low for the traffic. Each such call waits, is tried again, and then
      goes to the fallback. Ask for quota, or move traffic to another model.`,
    dashboard: "alerts-incidents",
  },
  {
    name: "AnswersCut",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: endingIn("cut|empty|unreadable|error_in_answer|broken", cut),
    for: cut.for,
    summary:
      "{{ $value | humanizePercentage }} of the answers of {{ $labels.model }} are cut, empty or unreadable",
    description: `The provider accepts the call but sends no complete answer. It may bill for each, so each is charged. Customers
      see half an answer or wait for the fallback.`,
    dashboard: "alerts-incidents",
  },
  {
    name: "FallbackRate",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: `
      ${records.fallbacks} / ${growth(`tollgate_guard_calls_total{outcome="success"}`, rareEvents.window)} > ${fallbackRate.share}
      and ${records.fallbacks} >= ${fallbackRate.min}`,
    for: fallbackRate.for,
    summary: "{{ $value | humanizePercentage }} of answers come from a fallback",
    description: `Calls fail at their own model and another one answers: slower, at another price, perhaps worse. The other
      provider alerts say what the first model does.`,
    dashboard: "alerts-incidents",
  },
];
