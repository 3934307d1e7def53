import { holds } from "../support/measure";
import type { Expected, Suite } from "../support/suite";

const ratio = (customer: string, instance = "one") =>
  `tollgate_customer_budget_used_ratio{customer_id="${customer}",tier="tier_2",instance="${instance}"}`;
const blocked = (instance = "one") =>
  `tollgate_customer_blocked{customer_id="acme",tier="tier_2",instance="${instance}"}`;
const degraded = (instance = "one") =>
  `tollgate_customer_degraded{customer_id="acme",tier="tier_2",instance="${instance}"}`;
const runsOut = (instance = "one") =>
  `tollgate_customer_runs_out_timestamp_seconds{customer_id="acme",tier="tier_2",instance="${instance}"}`;
const session = (trace: string) =>
  `tollgate_session_spent_nanodollars{customer_id="acme",session_id="s-1",trace_id="${trace}",instance="one"}`;

const acme = { customer_id: "acme", tier: "tier_2" };
const warning80: Expected = {
  severity: "warning",
  service: "gateway",
  team: "finops",
  labels: acme,
  summary: "acme has used 81% of the month's LLM budget",
  values: ["tier_2"],
  dashboard: "llm-cost-operations",
};
const runsOutAlert: Expected = {
  ...warning80,
  summary: "The budget of acme will run out before the month ends",
  values: ["2026-11-27 00:00:00 +0000 UTC", "tier_2"],
};
const info100 = (used: string): Expected => ({
  ...warning80,
  severity: "info",
  summary: "acme has hit the hard cap of the month's LLM budget",
  values: [used, "tier_2"],
});
const runaway = (trace: string): Expected => ({
  severity: "warning",
  service: "agent",
  team: "platform",
  labels: { customer_id: "acme", session_id: "s-1" },
  summary: "A session of acme has cost over $0.30",
  values: ["s-1"],
  dashboard: "llm-cost-operations",
  annotations: {
    langfuse_session_url: "http://localhost:3000/project/tollgate/sessions/s-1",
    langfuse_trace_url: trace && `http://localhost:3000/project/tollgate/traces/${trace}`,
  },
});

export const budgets: Suite = {
  group: "budgets",
  interval: 60,
  measures: [
    holds("CustomerRunsOut", false, {
      shows: "is quiet about no day",
      interval: 60,
      at: 1,
      series: { [runsOut()]: "0x5" },
    }),
    holds("CustomerRunsOut", true, {
      shows: "takes any other time for a day",
      interval: 60,
      at: 1,
      series: { [runsOut()]: "1x5" },
    }),
  ],
  cases: [
    {
      alert: "CustomerRunsOut",
      shows: "fires after an hour, and names the day",
      series: { [runsOut()]: "_ 1795737600x90" },
      onset: "61m",
      alerts: [runsOutAlert],
    },
    {
      alert: "CustomerRunsOut",
      shows: "takes the latest day of two exporters, and ends five minutes after they are gone",
      series: { [runsOut("one")]: "1795651200x70", [runsOut("two")]: "1795737600x70" },
      onset: "60m",
      alerts: [runsOutAlert],
      also: ["74m"],
      ends: "76m",
    },
    {
      alert: "CustomerRunsOut",
      shows: "is quiet about a forecast that does not stay",
      series: { [runsOut()]: "1795737600x50 stale _x30 1795737600x40" },
      quietAt: "110m",
    },
    {
      alert: "CustomerBudget80",
      shows: "fires above 80 % at once, for that customer",
      series: { [ratio("acme")]: "0.7 0.8 0.81x10", [ratio("other")]: "0.6x12" },
      onset: "2m",
      alerts: [warning80],
    },
    {
      alert: "CustomerBudget80",
      shows: "is quiet at exactly 80 %",
      series: { [ratio("acme")]: "0.8x12" },
      quietAt: "10m",
    },
    {
      alert: "CustomerBudget80",
      shows: "is one alert when two exporters run",
      series: { [ratio("acme")]: "0.8x14", [ratio("acme", "two")]: "_ _ 0.81x12" },
      onset: "2m",
      alerts: [warning80],
    },
    {
      alert: "CustomerBudget80",
      shows: "holds while the exporter restarts, and ends with it",
      series: { [ratio("acme")]: "_ 0.81 0.81 stale _ _ _ 0.81 stale" },
      onset: "1m",
      alerts: [warning80],
      also: ["3m", "6m", "11m"],
      ends: "14m",
    },
    {
      alert: "CustomerBudget100",
      shows: "fires when the cap is spent",
      series: {
        [ratio("acme")]: "0.999 1x10",
        [ratio("acme", "two")]: "0.999x12",
        [blocked()]: "0x12",
      },
      onset: "1m",
      alerts: [info100("100%")],
    },
    {
      alert: "CustomerBudget100",
      shows: "fires when too little is left for any call",
      series: {
        [ratio("acme")]: "0.998x12",
        [ratio("acme", "two")]: "0.9x12",
        [blocked()]: "0 0 1x10",
        [blocked("two")]: "0x12",
      },
      onset: "2m",
      alerts: [info100("99.8%")],
    },
    {
      alert: "CustomerBudget100",
      shows: "is quiet just below the cap while calls still pass",
      series: { [ratio("acme")]: "0.999x12", [blocked()]: "0x12" },
      quietAt: "10m",
    },
    {
      alert: "CustomerBudget100",
      shows: "is one alert when the exporter restarts as another instance, and ends with the month",
      series: {
        [ratio("acme")]: "_ 0.998 0.998 stale",
        [ratio("acme", "two")]: "_ _ _ _ 0.998x20",
        [blocked()]: "_ 1 1 stale",
        [blocked("two")]: "_ _ _ _ 1 1 stale",
      },
      onset: "1m",
      alerts: [info100("99.8%")],
      also: ["4m", "6m", "9m"],
      ends: "12m",
    },
    {
      alert: "CustomerBudget100",
      shows: "ends when the customer has left the list",
      series: { [ratio("acme")]: "_ 0.998 stale", [blocked()]: "_ 1x20" },
      onset: "1m",
      alerts: [info100("99.8%")],
      also: ["5m"],
      ends: "8m",
    },
    {
      alert: "CustomerBudget100",
      shows: "holds at the cap while the exporter restarts",
      series: { [ratio("acme")]: "_ 1 stale" },
      onset: "1m",
      alerts: [info100("100%")],
      also: ["5m"],
      ends: "8m",
    },
    {
      alert: "DegradationInactive",
      shows: "fires when a customer at 95 % still gets the expensive model",
      series: {
        [ratio("acme")]: "0.94 0.95x20",
        [ratio("acme", "two")]: "0.94x21",
        [degraded()]: "0x3 stale",
        [degraded("two")]: "0x21",
      },
      onset: "3m",
      alerts: [
        {
          ...warning80,
          summary: "acme is at 95% of the budget and not degraded",
        },
      ],
      also: ["8m"],
    },
    {
      alert: "DegradationInactive",
      shows: "holds while the exporter restarts, and ends with the customer's place in the list",
      series: { [ratio("acme")]: "_ 0.95x3 stale", [degraded()]: "_ 0x30" },
      onset: "3m",
      alerts: [{ ...warning80, summary: "acme is at 95% of the budget and not degraded" }],
      also: ["8m"],
      ends: "11m",
    },
    {
      alert: "DegradationInactive",
      shows: "is quiet while the exporter restarts, for five minutes",
      series: { [ratio("acme")]: "_ 0.95x30", [degraded()]: "_ 1x3 stale" },
      onset: "12m",
      alerts: [{ ...warning80, summary: "acme is at 95% of the budget and not degraded" }],
    },
    {
      alert: "DegradationInactive",
      shows: "is quiet below 95 %",
      series: { [ratio("acme")]: "0.949x30", [degraded()]: "0x30" },
      quietAt: "20m",
    },
    {
      alert: "DegradationInactive",
      shows: "is quiet when the customer is degraded, as one of two exporters sees it",
      series: { [ratio("acme")]: "0.97x30", [degraded()]: "1x30", [degraded("two")]: "0x30" },
      quietAt: "20m",
    },
    {
      alert: "DegradationInactive",
      shows: "is quiet when the customer is degraded, as two exporters see it",
      series: { [ratio("acme")]: "0.97x30", [degraded()]: "1x30", [degraded("two")]: "1x30" },
      quietAt: "20m",
    },
    {
      alert: "CustomerOverspent",
      shows: "fires over the cap's tolerance",
      series: { [ratio("acme")]: "1 1.011x3 stale", [ratio("acme", "two")]: "1x12" },
      onset: "3m",
      alerts: [{ ...warning80, severity: "critical", summary: "acme has spent 101.1% of the cap" }],
      also: ["8m"],
      ends: "11m",
    },
    {
      alert: "CustomerOverspent",
      shows: "is quiet within the tolerance",
      series: { [ratio("acme")]: "1.01x12" },
      quietAt: "10m",
    },
    {
      alert: "RunawaySession",
      shows: "fires over $0.30 with a link to the trace",
      series: { [session("aa01")]: "300000000 300000001x10" },
      onset: "1m",
      alerts: [runaway("aa01")],
    },
    {
      alert: "RunawaySession",
      shows: "is quiet at exactly $0.30",
      series: { [session("aa01")]: "300000000x12" },
      quietAt: "10m",
    },
    {
      alert: "RunawaySession",
      shows: "stays one alert when the next call has another trace, and links that",
      series: { [session("aa01")]: "_ 310000000 stale", [session("aa02")]: "_ _ 320000000x3 stale" },
      onset: "1m",
      alerts: [runaway("aa01")],
      then: { "4m": [runaway("aa02")], "9m": [runaway("")] },
      ends: "12m",
    },
    {
      alert: "RunawaySession",
      shows: "takes the newest trace's number, which is the session's",
      series: { [session("aa01")]: "250000000 stale", [session("aa02")]: "_ 290000000 310000000x5" },
      onset: "2m",
      alerts: [runaway("aa02")],
    },
  ],
};
