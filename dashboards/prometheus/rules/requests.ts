import { thresholds } from "../../thresholds";
import { growth, seconds } from "./promql";
import { failedToolCalls, records } from "./recording";
import type { Alert } from "./rule";

const { latency, errors, slo } = thresholds;
const budget = 1 - slo.objective;

/** A product of a factor and the error budget, without the tail of binary floats. */
const share = (factor: number): number => Number((factor * budget).toPrecision(6));

const burnRates: Alert[] = slo.burns.map((burn) => ({
  name: "ErrorBudgetBurn",
  severity: burn.severity,
  service: "agent",
  team: "platform",
  labels: { window: burn.long },
  expr: `
    ${records.errorRatio(burn.long)} > ${share(burn.factor)}
    and ${records.errorRatio(burn.short)} > ${share(burn.factor)}
    and ${failedToolCalls(burn.long)} >= ${slo.minErrors}`,
  for: burn.for,
  summary: `{{ $value | humanizePercentage }} of tool calls failed over ${burn.long}`,
  description: `The objective is ${slo.objective * 100} % over 30 days; at ${burn.factor} times the sustainable rate the
    error budget ends early. The last ${burn.short} are as bad.`,
  dashboard: "agent-performance",
}));

export const requestAlerts: Alert[] = [
  {
    name: "HighLatency",
    severity: "warning",
    service: "agent",
    team: "platform",
    expr: `
      ${records.queryQuantile} > ${latency.seconds}
      and ${growth("tollgate_agent_query_seconds_count", latency.window)} >= ${latency.minQueries}`,
    for: latency.for,
    summary: `p95 of an answer is {{ printf "%.1f" $value }} s`,
    description: `One question in twenty waits over ${latency.seconds} s. Compare the model's time, the tools' time and
      the GCP APIs' time on the dashboard.`,
    dashboard: "agent-performance",
  },
  {
    name: "ErrorSpike",
    severity: "critical",
    service: "{{ $labels.service }}",
    team: "platform",
    expr: `
      ${records.errors} / ${records.requests} > ${errors.share}
      and ${records.errors} * ${seconds(errors.window)} >= ${errors.minErrors}`,
    for: errors.for,
    summary: "{{ $value | humanizePercentage }} of requests to the {{ $labels.service }} fail",
    description: `Over ${errors.share * 100} % for ${errors.for}. Customers get no answer. Is a provider down, the ledger
      unreachable, or was something deployed?`,
    dashboard: "agent-performance",
  },
  ...burnRates,
];
