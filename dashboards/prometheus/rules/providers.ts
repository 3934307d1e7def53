import { thresholds } from "../../thresholds";
import { growth } from "./promql";
import { records } from "./recording";
import type { Alert } from "./rule";

const { provider, fallback } = thresholds;
const { providerErrors, providerAnswers } = records;

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
    expr: `${growth("litellm_deployment_failed_fallbacks_total", fallback.window, ["requested_model"])} >= ${fallback.minErrors}`,
    for: fallback.for,
    summary: "Calls to {{ $labels.requested_model }} fail at the fallback too",
    description: `{{ printf "%.0f" $value }} calls of the last ${fallback.window} failed at their own model and at every
      fallback. Customers get no answer: two providers are ill at once, or a key or a quota is gone.`,
    dashboard: "alerts-incidents",
  },
];
