import { NANOS_PER_DOLLAR } from "../../../litellm-config";
import { thresholds } from "../../thresholds";
import { growth, growthFromBirth, rareEvents } from "./promql";
import type { Recording } from "./rule";

const { costSpike, endings, latency, errors, provider, rareEvents: rare, reconcile, slo } = thresholds;

/** Names of the recorded series, for the alerts and the dashboards that read them. */
export const records = {
  spendRate: `tollgate:spend_usd_per_hour:rate${costSpike.window}`,
  spendAverage: `tollgate:spend_usd_per_hour:avg${costSpike.average}`,
  ledgerSpend: `tollgate:ledger_spend_nanodollars:increase${reconcile.window}`,
  litellmSpend: `tollgate:litellm_spend_nanodollars:increase${reconcile.window}`,
  spendDifference: `tollgate:spend_difference_nanodollars:increase${reconcile.window}`,
  requests: `tollgate:requests:rate${errors.window}`,
  errors: `tollgate:errors:rate${errors.window}`,
  queryQuantile: `tollgate:query_seconds:p${latency.quantile * 100}_${latency.window}`,
  providerErrors: `tollgate:provider_errors:increase${provider.window}`,
  providerAnswers: `tollgate:provider_answers:increase${provider.window}`,
  attempts: `tollgate:attempts:increase${endings.window}`,
  fallbacks: `tollgate:fallbacks:increase${rare.window}`,
  errorRatio: (window: string) => `tollgate:error_ratio:rate${window}`,
} as const;

/** What the agent is asked to do and what of it failed; a user's own error does not count. */
const TOOL_CALLS = `tollgate_agent_requests_total{method="tools/call"}`;
const FAILED_TOOL_CALLS = `tollgate_agent_requests_total{method="tools/call",outcome="error"}`;

/** Calls that got no answer; nor does a client that went away. */
const CALLS = "tollgate_guard_calls_total";
const FAILED_CALLS = `tollgate_guard_calls_total{outcome!~"success|disconnected"}`;

const rate = (selector: string, window: string): string => `sum(rate(${selector}[${window}]))`;

/** Spend in dollars an hour with its rolling average, and the two counts of the same spend. */
export const spendRecordings: Recording[] = [
  {
    record: records.spendRate,
    // No series means no spend: a quiet night belongs to the average.
    expr: `${rate("tollgate_guard_spend_nanodollars_total", costSpike.window)} * 3600 / ${NANOS_PER_DOLLAR} or vector(0)`,
  },
  {
    record: records.spendAverage,
    // Without the rate's own window, or a spike is compared with itself; and none before there is enough history.
    expr: `
      avg_over_time(${records.spendRate}[${costSpike.average}] offset ${costSpike.window})
      and ${records.spendRate} offset ${costSpike.history}`,
  },
  {
    record: records.ledgerSpend,
    expr: growthFromBirth("tollgate_guard_spend_nanodollars_total", reconcile.window, ["model"]),
  },
  {
    record: records.litellmSpend,
    expr: growthFromBirth("tollgate_guard_litellm_spend_nanodollars_total", reconcile.window, ["model"]),
  },
  {
    record: records.spendDifference,
    // A model that only one side counts is zero on the other: without the zeros the difference would be empty.
    expr: `
      abs((${records.ledgerSpend} or ${records.litellmSpend} * 0)
      - (${records.litellmSpend} or ${records.ledgerSpend} * 0))`,
  },
];

/** Requests and failures a second of what customers use (agent) and of what it depends on (gateway). */
export const requestRecordings: Recording[] = [
  { record: records.requests, expr: rate(TOOL_CALLS, errors.window), labels: { service: "agent" } },
  { record: records.errors, expr: rate(FAILED_TOOL_CALLS, errors.window), labels: { service: "agent" } },
  { record: records.requests, expr: rate(CALLS, errors.window), labels: { service: "gateway" } },
  { record: records.errors, expr: rate(FAILED_CALLS, errors.window), labels: { service: "gateway" } },
  {
    record: records.queryQuantile,
    expr: `histogram_quantile(${latency.quantile}, sum by (le) (rate(tollgate_agent_query_seconds_bucket[${latency.window}])))`,
  },
];

/** What each provider did with the attempts of the last minutes: a 4xx is our own request, a 429 our own quota. */
export const providerRecordings: Recording[] = [
  {
    record: records.providerErrors,
    expr: growth(`tollgate_guard_provider_errors_total{status=~"5xx|timeout|connection"}`, provider.window, [
      "provider",
    ]),
  },
  {
    record: records.providerAnswers,
    expr: growth(`tollgate_guard_calls_total{outcome="success"}`, provider.window, ["provider"]),
  },
  {
    record: records.attempts,
    expr: growthFromBirth("tollgate_guard_attempts_total", endings.window, ["provider", "model", "ending"]),
  },
  { record: records.fallbacks, expr: rareEvents("litellm_deployment_successful_fallbacks_total") },
];

const burnWindows = [...new Set(slo.burns.flatMap(({ long, short }) => [short, long]))];

/** Share of tool calls that failed, over each window that a burn rate looks at. */
export const sloRecordings: Recording[] = burnWindows.map((window) => ({
  record: records.errorRatio(window),
  expr: `${rate(FAILED_TOOL_CALLS, window)} / ${rate(TOOL_CALLS, window)}`,
}));

/** Failed tool calls over a window: the floor under the burn rates. */
export const failedToolCalls = (window: string): string => growth(FAILED_TOOL_CALLS, window);
