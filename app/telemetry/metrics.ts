import { FAILURES } from "../conversation/failures";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** A quantile says no more than the last: a question may take minutes, and it is a tool's run as well. */
const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];

/** The agent's metrics (docs/interfaces.md) and the process's own, in one registry. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const metrics = {
    registry,
    requests: new Counter({
      name: "tollgate_agent_requests_total",
      help: "MCP requests by method and outcome",
      labelNames: ["method", "outcome"] as const,
      registers,
    }),
    querySeconds: new Histogram({
      name: "tollgate_agent_query_seconds",
      help: "Time from a question to its answer",
      labelNames: ["query_type", "outcome"] as const,
      buckets: SECONDS,
      registers,
    }),
    toolRuns: new Counter({
      name: "tollgate_agent_tool_runs_total",
      help: "Tool runs by outcome, called by the model or by the client",
      labelNames: ["tool", "outcome"] as const,
      registers,
    }),
    toolSeconds: new Histogram({
      name: "tollgate_agent_tool_seconds",
      help: "Time of a tool run",
      labelNames: ["tool"] as const,
      buckets: SECONDS,
      registers,
    }),
    gcpApiSeconds: new Histogram({
      name: "tollgate_agent_gcp_api_seconds",
      help: "Time of a Google Cloud API call",
      labelNames: ["api", "outcome"] as const,
      buckets: SECONDS,
      registers,
    }),
    conversationTurns: new Histogram({
      name: "tollgate_agent_conversation_turns",
      help: "Questions asked in a session, observed when it ends",
      buckets: [1, 2, 3, 5, 8, 13, 21, 34],
      registers,
    }),
    llmCallsPerQuery: new Histogram({
      name: "tollgate_agent_llm_calls_per_query",
      help: "LLM calls that one question took",
      labelNames: ["query_type"] as const,
      buckets: [1, 2, 3, 4, 5, 6, 8, 10],
      registers,
    }),
    sessionsActive: new Gauge({
      name: "tollgate_agent_sessions_active",
      help: "Conversations that have neither ended nor expired",
      registers,
    }),
    providerErrors: new Counter({
      name: "tollgate_agent_provider_errors_total",
      help: "Questions without an answer, by why",
      labelNames: ["code"] as const,
      registers,
    }),
    retriedAnswers: new Counter({
      name: "tollgate_agent_retried_answers_total",
      help: "Unusable replies of a model, requested once more, by reason",
      labelNames: ["code"] as const,
      registers,
    }),
  };
  // A counter's first value in a new series is lost to increase(): every series begins at zero.
  for (const code of Object.keys(FAILURES)) metrics.providerErrors.inc({ code }, 0);
  return metrics;
}

export type Metrics = ReturnType<typeof createMetrics>;
