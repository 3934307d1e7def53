import { counter, type Expected, type Suite } from "../support/suite";
import { requestMeasures } from "./requests.measures";

const requests = (outcome: string, method = "tools/call", instance = "one") =>
  `tollgate_agent_requests_total{method="${method}",outcome="${outcome}",instance="${instance}"}`;
const calls = (outcome: string) => `tollgate_guard_calls_total{provider="anthropic",outcome="${outcome}"}`;

/** A query histogram of which `fast` of `all` a minute take at most 10 s, all at most 20 s. */
const queries = (all: number, fast: number, instance = "one"): Record<string, string> => {
  const name = "tollgate_agent_query_seconds";
  const labels = `query_type="action",outcome="ok",instance="${instance}"`;
  return {
    [`${name}_bucket{${labels},le="5"}`]: counter([60, 0]),
    [`${name}_bucket{${labels},le="10"}`]: counter([60, fast]),
    [`${name}_bucket{${labels},le="20"}`]: counter([60, all]),
    [`${name}_bucket{${labels},le="+Inf"}`]: counter([60, all]),
    [`${name}_count{${labels}}`]: counter([60, all]),
  };
};

const slow: Expected = {
  severity: "warning",
  service: "agent",
  team: "platform",
  summary: "p95 of an answer is 10.9 s",
  dashboard: "agent-performance",
};
const spike = (service: string, share: string): Expected => ({
  severity: "critical",
  service,
  team: "platform",
  summary: `${share} of requests to the ${service} fail`,
  dashboard: "agent-performance",
});
const burn = (severity: "critical" | "warning", window: string, share: string): Expected => ({
  severity,
  service: "agent",
  team: "platform",
  labels: { window },
  summary: `${share} of tool calls failed over ${window}`,
  dashboard: "agent-performance",
});

/** Ten tool calls a minute of which some fail. */
const failing = (errors: number, minutes = 600): Record<string, string> => ({
  [requests("ok")]: counter([minutes, 10 - errors]),
  [requests("error")]: counter([minutes, errors]),
});

export const requestsSuite: Suite = {
  group: "requests",
  interval: 60,
  measures: requestMeasures,
  cases: [
    {
      alert: "HighLatency",
      shows: "fires when p95 is over 10 s for 5 minutes",
      series: queries(1000, 945),
      onset: "6m",
      alerts: [slow],
    },
    {
      alert: "HighLatency",
      shows: "is quiet when p95 is 10 s",
      series: queries(20 * 60, 19 * 60),
      quietAt: "20m",
    },
    {
      alert: "HighLatency",
      shows: "needs ten queries, of all instances",
      series: { ...queries(1, 0.945), ...queries(1, 0.945, "two") },
      onset: "10m",
      alerts: [slow],
    },
    { alert: "HighLatency", shows: "is quiet with nine", series: queries(1.9, 1.7), quietAt: "30m" },
    {
      alert: "ErrorSpike",
      shows: "fires when over 5 % of tool calls fail for 3 minutes",
      series: {
        [requests("ok")]: counter([30, 18.94]),
        [requests("error")]: counter([30, 0.53]),
        [requests("error", "tools/call", "two")]: counter([30, 0.53]),
        [requests("ok", "initialize")]: counter([30, 100]),
      },
      onset: "8m",
      alerts: [spike("agent", "5.3%")],
    },
    {
      alert: "ErrorSpike",
      shows: "is quiet at 5 %",
      series: { [requests("ok")]: counter([30, 19 * 60]), [requests("error")]: counter([30, 60]) },
      quietAt: "20m",
    },
    {
      alert: "ErrorSpike",
      shows: "fires from five failures on",
      series: { [requests("error")]: counter([30, 1]) },
      onset: "8m",
      alerts: [spike("agent", "100%")],
    },
    {
      alert: "ErrorSpike",
      shows: "is quiet for one failure of two requests",
      series: { [requests("ok")]: "0x5 1x20", [requests("error")]: "0x5 1x20" },
      quietAt: ["9m", "12m"],
    },
    {
      alert: "ErrorSpike",
      shows: "is quiet for fewer than five failures",
      series: { [requests("error")]: counter([30, 0.92]) },
      quietAt: "20m",
    },
    {
      alert: "ErrorSpike",
      shows: "is quiet for users' own errors and other methods",
      series: {
        [requests("ok")]: counter([30, 10]),
        [requests("user_error")]: counter([30, 10]),
        [requests("error", "initialize")]: counter([30, 10]),
      },
      quietAt: "20m",
    },
    {
      alert: "ErrorSpike",
      shows: "fires for the gateway's calls",
      series: {
        [calls("success")]: counter([30, 16]),
        [calls("disconnected")]: counter([30, 2.94]),
        [calls("failure")]: counter([30, 0.56]),
        [calls("timeout")]: counter([30, 0.5]),
      },
      onset: "8m",
      alerts: [spike("gateway", "5.3%")],
    },
    {
      alert: "ErrorSpike",
      shows: "is quiet when clients go away",
      series: { [calls("success")]: counter([30, 10]), [calls("disconnected")]: counter([30, 10]) },
      quietAt: "20m",
    },
    {
      alert: "ErrorBudgetBurn",
      shows: "pages at 14.4 times over an hour",
      series: failing(0.75),
      onset: "16m",
      alerts: [burn("critical", "1h", "7.5%")],
    },
    {
      alert: "ErrorBudgetBurn",
      shows: "is quiet just below 14.4 times",
      series: failing(0.71),
      quietAt: ["25m", "29m"],
    },
    {
      alert: "ErrorBudgetBurn",
      shows: "pages at 6 times over six hours",
      series: failing(0.32),
      onset: "47m",
      alerts: [burn("critical", "6h", "3.2%")],
    },
    {
      alert: "ErrorBudgetBurn",
      shows: "warns at 3 times over a day",
      series: failing(0.16),
      onset: "123m",
      alerts: [burn("warning", "1d", "1.6%")],
    },
    {
      alert: "ErrorBudgetBurn",
      shows: "warns at the sustainable rate over three days",
      series: failing(0.053),
      onset: "369m",
      alerts: [burn("warning", "3d", "0.53%")],
    },
    {
      alert: "ErrorBudgetBurn",
      shows: "ends over an hour as soon as the last five minutes are good",
      series: {
        [requests("ok")]: counter([60, 9.25], [200, 10]),
        [requests("error")]: counter([60, 0.75], [200, 0]),
      },
      onset: "16m",
      alerts: [burn("critical", "1h", "7.5%")],
      then: { "110m": [burn("warning", "1d", "4.091%")] },
    },
  ],
};
