import { definitions, NANOS_PER_DOLLAR } from "../../../../litellm-config";
import { records } from "../../../prometheus/rules/recording";
import { thresholds } from "../../../thresholds";
import type { Row } from "../../lib/dashboard";
import { bars, stat, timeSeries } from "../../lib/panels";
import { prom, promNow, sql, sqlSeries, usdOf, type Query } from "../../lib/queries";
import { limitSteps } from "../../lib/thresholds";
import { unit } from "../../lib/units";
import { SPEND_CHOSEN } from "../../lib/variables";

const { costSpike } = thresholds;
const average = `avg_over_time(${records.spendRate}[${costSpike.average}])`;
const deviation = `stddev_over_time(${records.spendRate}[${costSpike.average}])`;

const { fleet } = definitions;
const fleetUsed = "max by (period) (tollgate_fleet_used_nanodollars)";
const fleetLimit = "max by (period) (tollgate_fleet_limit_nanodollars)";

const DASHED = [
  { id: "custom.lineStyle", value: { fill: "dash", dash: [10, 10] } },
  { id: "custom.fillOpacity", value: 0 },
];

/** What is spent right now, against what is usual. */
export const spendRate: Row = {
  title: "Spend rate",
  panels: [
    timeSeries({
      title: "Dollars an hour, with the band of what is usual",
      description: `The band is the rolling average of a day and two standard deviations around it. The alert Cost Spike
        looks at ${costSpike.factor} times the average, once there are ${costSpike.history} of history.`,
      unit: unit.usd,
      width: 16,
      height: 10,
      queries: [
        prom(records.spendRate, "now"),
        prom(average, "average of a day"),
        prom(`${average} + 2 * ${deviation}`, "usually at most"),
        prom(`clamp_min(${average} - 2 * ${deviation}, 0)`, "usually at least"),
        prom(`${costSpike.factor} * ${records.spendAverage}`, "alert from"),
      ],
      overrides: {
        "usually at most": [
          { id: "custom.fillBelowTo", value: "usually at least" },
          { id: "custom.lineWidth", value: 0 },
        ],
        "usually at least": [
          { id: "custom.lineWidth", value: 0 },
          { id: "custom.fillOpacity", value: 0 },
        ],
        "alert from": DASHED,
      },
    }),
    stat({
      title: "Times average",
      description: `The spend rate against its average of a day. Cost Spike fires at ${costSpike.factor}.`,
      unit: unit.none,
      height: 10,
      steps: limitSteps(costSpike.factor),
      noValue: "no history",
      queries: [promNow(`${records.spendRate} / (${average} > 0)`, "times")],
    }),
    stat({
      title: "Dollars an hour",
      description: "Posted cost of the last ten minutes from the ledger, extended to an hour.",
      unit: unit.usd,
      height: 10,
      queries: [
        sql(`
          SELECT ${usdOf("coalesce(sum(cost_nanos), 0)")} * 6 AS spend FROM ledger.calls
          WHERE state = 'posted' AND settled_at > now() - interval '10 minutes' AND reserved_at > now() - interval '1 hour'`),
      ],
    }),
    bars({
      title: "Limits of all customers together",
      description: `What the calls of this day and this hour (UTC) cost, and what those in flight hold, as a share of the limit. From
        ${fleet.degradeAtPercent} % of an hour's on, calls go to the cheaper routes; at 100 % of either every call is refused.`,
      unit: unit.share,
      width: 8,
      max: 1,
      steps: [
        [fleet.degradeAtPercent / 100, "orange"],
        [1, "red"],
      ],
      noValue: "unknown",
      queries: [promNow(`${fleetUsed} / ${fleetLimit}`, "this {{period}}")],
    }),
    timeSeries({
      title: "Limits of all customers over time",
      description:
        "Dollars of each day and hour (UTC) so far, below their limits; both start anew at their end.",
      unit: unit.usd,
      width: 16,
      queries: [
        prom(`${fleetUsed} / ${NANOS_PER_DOLLAR}`, "{{period}}"),
        prom(`${fleetLimit} / ${NANOS_PER_DOLLAR}`, "{{period}}'s limit"),
      ],
      overrides: {
        "day's limit": DASHED,
        "hour's limit": DASHED,
      },
    }),
    timeSeries({
      title: "By model",
      description: "Dollars of each hour, by the model that answered, from the ledger.",
      unit: unit.usd,
      height: 9,
      stacked: true,
      bars: true,
      noValue: "no spend",
      queries: [usdPerHour("model_used")],
    }),
    timeSeries({
      title: "By tier",
      description: "Dollars of each hour, by the tier of the customer, from the ledger.",
      unit: unit.usd,
      height: 9,
      stacked: true,
      bars: true,
      noValue: "no spend",
      queries: [usdPerHour("plan_tier")],
    }),
    timeSeries({
      title: "By query type",
      description: "Dollars of each hour, by what was asked, from the ledger.",
      unit: unit.usd,
      height: 9,
      stacked: true,
      bars: true,
      noValue: "no spend",
      queries: [usdPerHour("query_type")],
    }),
  ],
};

function usdPerHour(column: "model_used" | "plan_tier" | "query_type"): Query {
  return sqlSeries(`
    SELECT hour AS time, ${column} AS metric, ${usdOf("sum(cost_nanos)")} AS spend
    FROM ledger.spend WHERE ${SPEND_CHOSEN} AND ${column} <> '' GROUP BY 1, 2 ORDER BY 1, 2`);
}
