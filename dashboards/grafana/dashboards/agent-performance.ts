import { logQueries } from "../../loki/queries";
import { records } from "../../prometheus/rules/recording";
import { thresholds } from "../../thresholds";
import { dashboard, type Row } from "../lib/dashboard";
import { countInRange, smoothRate } from "../lib/expressions";
import { bars, histogram, logLines, pie, stat, timeSeries } from "../lib/panels";
import { logs, prom, promBuckets, promNow } from "../lib/queries";
import { limitSteps, outcomeColors, successSteps } from "../lib/thresholds";
import { unit } from "../lib/units";

/** A quantile of a histogram over the panel's steps, by labels; nothing where nothing was observed. */
function quantile(q: number, histogram: string, by: string[] = []): string {
  return `histogram_quantile(${q}, sum by (${["le", ...by].join(", ")}) (${smoothRate(`${histogram}_bucket`)})) >= 0`;
}

const rate = (selector: string, by: string) => `sum by (${by}) (rate(${selector}[$__rate_interval]))`;

const latency: Row = {
  title: "Answers",
  panels: [
    timeSeries({
      title: "Answer time",
      description: `From a question to its answer, with every LLM call and tool between. High Latency fires when p95 stays
        over ${thresholds.latency.seconds} s.`,
      unit: unit.seconds,
      width: 12,
      noValue: "no questions",
      queries: [0.5, 0.95, 0.99].map((q) =>
        prom(quantile(q, "tollgate_agent_query_seconds"), `p${Math.round(q * 100)}`),
      ),
    }),
    timeSeries({
      title: "Answer time by query type, p95",
      description: "Recommendations think longest; a lookup that is slow has a slow tool behind it.",
      unit: unit.seconds,
      width: 12,
      noValue: "no questions",
      queries: [prom(quantile(0.95, "tollgate_agent_query_seconds", ["query_type"]), "{{query_type}}")],
    }),
    stat({
      title: "p95 now",
      description: "Of the last five minutes.",
      unit: unit.seconds,
      height: 8,
      steps: limitSteps(thresholds.latency.seconds),
      noValue: "no questions",
      queries: [promNow(`${records.queryQuantile} >= 0`, "p95")],
    }),
    stat({
      title: "Active sessions",
      description: "Conversations that are open in the agent.",
      unit: unit.count,
      height: 8,
      noValue: "unknown",
      queries: [promNow("sum(tollgate_agent_sessions_active)", "sessions")],
    }),
    timeSeries({
      title: "Requests by outcome",
      description: "MCP requests a second. A user's error is answered with help, an error is ours.",
      unit: unit.perSecond,
      stacked: true,
      overrides: outcomeColors,
      queries: [prom(rate("tollgate_agent_requests_total", "outcome"), "{{outcome}}")],
    }),
    timeSeries({
      title: "Provider errors that the agent saw",
      description:
        "Calls that got no answer from the gateway, by code. What a budget or limit refuses is not among them.",
      unit: unit.perSecond,
      noValue: "none",
      bars: true,
      queries: [prom(`${rate("tollgate_agent_provider_errors_total", "code")} > 0`, "{{code}}")],
    }),
  ],
};

const tools: Row = {
  title: "Tools and Google Cloud APIs",
  panels: [
    timeSeries({
      title: "Tool runs by outcome",
      description:
        "Runs a second. A user's error is a question that the tool cannot answer, an error is ours.",
      unit: unit.perSecond,
      stacked: true,
      overrides: outcomeColors,
      queries: [prom(rate("tollgate_agent_tool_runs_total", "outcome"), "{{outcome}}")],
    }),
    bars({
      title: "Tool runs that succeed",
      description: "Share of the time range's runs, by tool.",
      unit: unit.share,
      max: 1,
      steps: successSteps,
      noValue: "no tool ran",
      queries: [
        promNow(
          `sum by (tool) (increase(tollgate_agent_tool_runs_total{outcome="ok"}[$__range]))
           / sum by (tool) (increase(tollgate_agent_tool_runs_total[$__range]) > 0)`,
          "{{tool}}",
        ),
      ],
    }),
    timeSeries({
      title: "Tool time, p95",
      description: "19 of 20 runs of a tool take no longer.",
      unit: unit.seconds,
      noValue: "no tool ran",
      queries: [prom(quantile(0.95, "tollgate_agent_tool_seconds", ["tool"]), "{{tool}}")],
    }),
    timeSeries({
      title: "Google Cloud API time, median and p95",
      description: "BigQuery's billing export, the Recommender and the Asset Inventory.",
      unit: unit.seconds,
      width: 12,
      noValue: "no calls",
      queries: [0.5, 0.95].map((q) =>
        prom(quantile(q, "tollgate_agent_gcp_api_seconds", ["api"]), `{{api}} p${Math.round(q * 100)}`),
      ),
    }),
    timeSeries({
      title: "Google Cloud API calls by outcome",
      description:
        "Calls a second, by API and outcome; refused ones are permissions of the customer's project.",
      unit: unit.perSecond,
      width: 12,
      noValue: "no calls",
      queries: [prom(rate("tollgate_agent_gcp_api_seconds_count", "api, outcome"), "{{api}} {{outcome}}")],
    }),
  ],
};

const conversations: Row = {
  title: "Conversations",
  panels: [
    histogram({
      title: "Conversation length",
      description:
        "Sessions of the time range by how many questions were asked in them, up to and including the number.",
      unit: unit.count,
      queries: [promBuckets(countInRange("tollgate_agent_conversation_turns_bucket", "le"))],
    }),
    histogram({
      title: "LLM calls of a question",
      description: "Questions of the time range by how many LLM calls they took: a long tail is a loop.",
      unit: unit.count,
      queries: [promBuckets(countInRange("tollgate_agent_llm_calls_per_query_bucket", "le"))],
    }),
    pie({
      title: "Query types",
      description: "Questions of the time range.",
      unit: unit.count,
      noValue: "no questions",
      queries: [
        promNow(`${countInRange("tollgate_agent_query_seconds_count", "query_type")} > 0`, "{{query_type}}"),
      ],
    }),
    timeSeries({
      title: "Query types over time",
      description: "Questions a second, by what was asked.",
      unit: unit.perSecond,
      width: 12,
      stacked: true,
      queries: [prom(rate("tollgate_agent_query_seconds_count", "query_type"), "{{query_type}}")],
    }),
    timeSeries({
      title: "LLM calls of a question, mean",
      description: "By query type: one that rises without a reason is a loop, or a prompt that got worse.",
      unit: unit.count,
      width: 12,
      noValue: "no questions",
      queries: [
        prom(
          `sum by (query_type) (${smoothRate("tollgate_agent_llm_calls_per_query_sum")})
           / (sum by (query_type) (${smoothRate("tollgate_agent_llm_calls_per_query_count")}) > 0)`,
          "{{query_type}}",
        ),
      ],
    }),
  ],
};

const { mcpServer, application } = logQueries;

const lines: Row = {
  title: "Logs",
  panels: [
    ...[mcpServer.customerQueries, mcpServer.toolRuns, mcpServer.gcpErrors].map(
      ({ title, description, expr }) => logLines({ title, description, queries: [logs(expr)] }),
    ),
    ...[application.authentication, application.sessions].map(({ title, description, expr }) =>
      logLines({ title, description, width: 12, queries: [logs(expr)] }),
    ),
  ],
};

/** For the agent's operators: are customers answered, how fast, and what do the answers take. */
export const agentPerformance = dashboard({
  uid: "agent-performance",
  title: "Agent Performance",
  description: "Answer times, tools, Google Cloud APIs, conversations and query types.",
  from: "now-6h",
  refresh: "30s",
  rows: [latency, tools, conversations, lines],
});
