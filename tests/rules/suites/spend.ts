import { rareEventCases } from "../support/rare-events";
import { counter, type Expected, type Fires, type Suite } from "../support/suite";
import { spendMeasures } from "./spend.measures";

const spend = (model = "m") => `tollgate_guard_spend_nanodollars_total{model="${model}"}`;
const litellm = (model = "m") => `tollgate_guard_litellm_spend_nanodollars_total{model="${model}"}`;
const refused = (reason: string, instance = "one") =>
  `tollgate_guard_decisions_total{decision="refused",reason="${reason}",route="gpt-9",instance="${instance}"}`;
const fleet = (what: "used" | "limit", period: string, instance = "one") =>
  `tollgate_fleet_${what}_nanodollars{period="${period}",instance="${instance}"}`;
const overHold = (instance = "one") => `tollgate_guard_over_hold_total{model="m",instance="${instance}"}`;

/** Nano-dollars a minute of dollars an hour. */
const hourly = (dollars: number) => Math.round((dollars * 1e9) / 60);

const spike = (rate: string): Expected => ({
  severity: "critical",
  service: "gateway",
  team: "finops",
  summary: `LLM spend runs at $${rate} an hour`,
  dashboard: "llm-cost-operations",
});
const mismatch = (nanos: string): Expected => ({
  severity: "warning",
  service: "gateway",
  team: "finops",
  labels: { model: "m" },
  summary: "LiteLLM and the ledger count m differently",
  values: [nanos],
  dashboard: "llm-cost-operations",
});
const unpriced = (calls: string): Expected => ({
  severity: "warning",
  service: "gateway",
  team: "platform",
  labels: { route: "gpt-9" },
  summary: "A call was refused because its model has no price",
  values: ["gpt-9", calls],
  dashboard: "llm-cost-operations",
});
const costMore = (calls: string): Expected => ({
  severity: "warning",
  service: "gateway",
  team: "finops",
  labels: { model: "m" },
  summary: "A call to m cost more than was held for it",
  values: [calls],
  dashboard: "llm-cost-operations",
});

const nearLimit = (period: string, used: string): Expected => ({
  severity: "warning",
  service: "gateway",
  team: "finops",
  labels: { period },
  summary: `All customers together have used ${used} of the ${period}'s limit`,
  values: [period],
  dashboard: "llm-cost-operations",
});
const limitReached = (reason: string, calls: string): Expected => ({
  severity: "critical",
  service: "gateway",
  team: "finops",
  labels: { reason },
  summary: "Calls are refused because all customers together have used up a limit",
  values: [calls, reason],
  dashboard: "llm-cost-operations",
});

export const spendSuite: Suite = {
  group: "spend",
  interval: 60,
  measures: spendMeasures,
  cases: [
    {
      alert: "FleetNearLimit",
      shows: "fires at 80 % of the hour's limit at once, and ends with the hour",
      series: {
        [fleet("used", "hour")]: "47999999999 48000000000x4 0x20",
        [fleet("limit", "hour")]: "60000000000x30",
        [fleet("used", "day")]: "48000000000x30",
        [fleet("limit", "day")]: "300000000000x30",
      },
      onset: "1m",
      alerts: [nearLimit("hour", "80%")],
      ends: "6m",
    },
    {
      alert: "FleetNearLimit",
      shows: "is one alert for the day when two exporters run, and holds while one restarts",
      series: {
        [fleet("used", "day")]: "270000000000 stale _ _ _ 270000000000x20",
        [fleet("used", "day", "two")]: "_ 240000000000x24",
        [fleet("limit", "day")]: "300000000000 stale _ _ _ 300000000000x20",
        [fleet("limit", "day", "two")]: "_ 250000000000x24",
      },
      onset: "0m",
      alerts: [nearLimit("day", "90%")],
      also: ["3m", "10m"],
    },
    ...(["used", "limit"] as const).map((gone): Fires => ({
      alert: "FleetNearLimit",
      shows: `ends five minutes after the ${gone} series is gone`,
      series: {
        [fleet("used", "day")]: "240000000000x30",
        [fleet("limit", "day")]: "300000000000x30",
        [fleet(gone, "day")]: gone === "used" ? "240000000000x4" : "300000000000x4",
      },
      onset: "0m",
      alerts: [nearLimit("day", "80%")],
      also: ["8m"],
      ends: "10m",
    })),
    {
      alert: "FleetNearLimit",
      shows: "is quiet below 80 %",
      series: {
        [fleet("used", "hour")]: "47999999999x30",
        [fleet("limit", "hour")]: "60000000000x30",
        [fleet("used", "day")]: "239999999999x30",
        [fleet("limit", "day")]: "300000000000x30",
      },
      quietAt: ["0m", "10m"],
    },
    ...rareEventCases({
      alert: "FleetLimitReached",
      counter: (instance) => refused("fleet_rate", instance),
      expected: (calls) => limitReached("fleet_rate", calls),
      least: 1,
      holds: 0,
    }),
    {
      alert: "FleetLimitReached",
      shows: "names each limit, and is quiet about calls that were degraded and other refusals",
      series: {
        [refused("fleet_day")]: "_x20 2x10",
        [refused("session_calls")]: "_x20 2+1x10",
        [`tollgate_guard_decisions_total{decision="degraded",reason="fleet_rate",route="gpt-9",instance="one"}`]:
          "_x20 2+1x10",
      },
      onset: "20m",
      alerts: [limitReached("fleet_day", "2")],
      also: ["25m"],
    },
    {
      alert: "CostSpike",
      shows: "fires over three times the average",
      series: { [spend()]: counter([480, hourly(3.6)], [60, hourly(11.4)]) },
      onset: "495m",
      alerts: [spike("11.40")],
    },
    {
      alert: "CostSpike",
      shows: "is quiet just below three times the average",
      series: { [spend()]: counter([480, hourly(3.6)], [60, hourly(10.7)]) },
      quietAt: ["495m", "510m"],
    },
    {
      alert: "CostSpike",
      shows: "adds the models up",
      series: {
        [spend("a")]: counter([480, hourly(1.8)], [60, hourly(5.7)]),
        [spend("b")]: counter([480, hourly(1.8)], [60, hourly(5.7)]),
      },
      onset: "495m",
      alerts: [spike("11.40")],
    },
    {
      alert: "CostSpike",
      shows: "fires from $2 an hour on",
      series: { [spend()]: counter([480, hourly(0.06)], [60, hourly(2.1)]) },
      onset: "495m",
      alerts: [spike("2.10")],
    },
    {
      alert: "CostSpike",
      shows: "is quiet below $2 an hour, however steep",
      series: { [spend()]: counter([480, hourly(0.06)], [60, hourly(1.9)]) },
      quietAt: ["495m", "520m"],
    },
    {
      alert: "CostSpike",
      shows: "compares with a ceiling while there is no average",
      series: { [spend()]: counter([120, hourly(30.6)]) },
      onset: "15m",
      alerts: [spike("30.60")],
    },
    {
      alert: "CostSpike",
      shows: "is quiet below the ceiling while there is no average, also in a spike",
      series: { [spend()]: counter([240, hourly(3.6)], [60, hourly(29.5)]) },
      quietAt: "270m",
    },
    {
      alert: "CostSpike",
      shows: "is quiet over the ceiling when that is the average",
      series: { [spend()]: counter([600, hourly(40)]) },
      quietAt: "590m",
    },
    {
      alert: "CostSpike",
      shows: "counts a night without any series as no spend",
      series: { [spend()]: `_x540 ${counter([60, hourly(2.1)])}` },
      onset: "555m",
      alerts: [spike("2.10")],
    },
    {
      alert: "CostSpike",
      shows: "averages one day: it remembers that morning's spend, not yesterday's",
      series: {
        [spend()]: counter([1440, hourly(36)], [1200, hourly(3.6)], [20, hourly(20)], [60, hourly(28.8)]),
      },
      onset: "2673m",
      alerts: [spike("28.80")],
      then: { "2658m": [] },
    },
    {
      alert: "SpendMismatch",
      shows: "fires when the counts drift by over 2 %",
      series: { [spend()]: counter([120, 100e6]), [litellm()]: counter([120, 97.9e6]) },
      onset: "63m",
      alerts: [mismatch("126000000")],
    },
    {
      alert: "SpendMismatch",
      shows: "fires whichever side counts more",
      series: { [spend()]: counter([120, 100e6]), [litellm()]: counter([120, 102.1e6]) },
      onset: "63m",
      alerts: [mismatch("126000000")],
    },
    {
      alert: "SpendMismatch",
      shows: "is quiet below 2 %",
      series: { [spend()]: counter([120, 100e6]), [litellm()]: counter([120, 98.1e6]) },
      quietAt: ["80m", "110m"],
    },
    {
      alert: "SpendMismatch",
      shows: "is quiet for cents",
      series: { [spend()]: counter([240, 2e6]), [litellm()]: counter([240, 0.35e6]) },
      quietAt: ["80m", "230m"],
    },
    {
      alert: "SpendMismatch",
      shows: "fires for a model that only the ledger counts",
      series: { [spend()]: counter([120, 2e6]) },
      onset: "66m",
      alerts: [mismatch("120000000")],
    },
    {
      alert: "SpendMismatch",
      shows: "fires for a model that only LiteLLM counts",
      series: { [litellm()]: counter([120, 2e6]) },
      onset: "66m",
      alerts: [mismatch("120000000")],
    },
    {
      alert: "SpendMismatch",
      shows: "does not let one model's surplus hide another's loss",
      series: {
        [spend()]: counter([120, 100e6]),
        [litellm()]: counter([120, 97.9e6]),
        [spend("b")]: counter([120, 100e6]),
        [litellm("b")]: counter([120, 101.9e6]),
      },
      onset: "63m",
      alerts: [mismatch("126000000")],
    },
    {
      alert: "SpendMismatch",
      shows: "is quiet after a deploy: the first values of new series count on both sides",
      series: Object.fromEntries(
        ["gw0", "gw1", "gw2", "gw3"].flatMap((instance) => [
          ...["tier_1", "tier_2", "tier_3"].map((tier) => [
            `tollgate_guard_spend_nanodollars_total{model="m",tier="${tier}",instance="${instance}"}`,
            `_x10 ${counter([120, 20e6]).replace(/^0/, "20000000")}`,
          ]),
          [
            `tollgate_guard_litellm_spend_nanodollars_total{model="m",instance="${instance}"}`,
            `_x9 20000000 ${counter([120, 60e6]).replace(/^0/, "60000000")}`,
          ],
        ]),
      ) as Record<string, string>,
      quietAt: ["26m", "40m", "71m", "90m"],
    },
    ...rareEventCases({
      alert: "UnpricedModelRefused",
      counter: (instance) => refused("unpriced_model", instance),
      expected: unpriced,
      least: 1,
      holds: 0,
    }),
    {
      alert: "UnpricedModelRefused",
      shows: "is quiet for other refusals",
      series: { [refused("month_budget")]: counter([60, 1]) },
      quietAt: ["6m", "15m"],
    },
    ...rareEventCases({
      alert: "OverHold",
      counter: overHold,
      expected: costMore,
      least: 1,
      holds: 0,
    }),
  ],
};
