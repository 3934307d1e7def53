import { QUERY_TYPES } from "../../litellm-config";
import type { Metrics } from "./metrics";

const RUN_OUTCOMES = ["ok", "user_error", "error"];

/**
 * Publishes every set of labels that can occur with the value 0. Prometheus counts from the second value of a series on: one
 * that is born with the first error hides that error from every rate and alert.
 */
export function publishFirstValues(metrics: Metrics, tools: readonly { name: string }[]): void {
  for (const outcome of RUN_OUTCOMES) {
    for (const method of ["initialize", "tools/list", "tools/call"])
      metrics.requests.inc({ method, outcome }, 0);
    for (const { name } of tools) metrics.toolRuns.inc({ tool: name, outcome }, 0);
  }
  metrics.requests.inc({ method: "none", outcome: "unauthorized" }, 0);
  for (const { name } of tools) metrics.toolSeconds.zero({ tool: name });
  for (const query_type of [...QUERY_TYPES, "unclassified"]) {
    for (const outcome of ["ok", "refused", "error"]) metrics.querySeconds.zero({ query_type, outcome });
    metrics.llmCallsPerQuery.zero({ query_type });
  }
  for (const code of ["connection", "stream_cut", "empty_answer", "provider_unavailable", "provider_timeout"])
    metrics.providerErrors.inc({ code }, 0);
}
