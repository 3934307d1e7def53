import { NANOS_PER_DOLLAR, PAYS } from "../../../litellm-config";
import { records } from "../../prometheus/rules/recording";
import { thresholds } from "../../thresholds";
import { dashboard, type Row } from "../lib/dashboard";
import { FAILING_SHARE, firingBySeverity, usedShare } from "../lib/expressions";
import { toDashboard } from "../lib/links";
import { bars, stat, table, timeline, timeSeries } from "../lib/panels";
import { prom, promNow, sql, sqlSeries, usdOf } from "../lib/queries";
import {
  budgetSteps,
  LEDGER_STATE,
  ledgerStates,
  limitSteps,
  noneSteps,
  severityColors,
  upSteps,
} from "../lib/thresholds";
import { unit } from "../lib/units";
import { CUSTOMER_SPEND_CHOSEN, CUSTOMERS_CHOSEN, HOURS } from "../lib/variables";

/** Spend since a moment, exact to the nano-dollar: what was reserved then and is paid now. */
const spentSince = (start: string) =>
  sql(`
  SELECT ${usdOf("coalesce(sum(cost_nanos), 0)")} AS spend
  FROM ledger.spend WHERE scope = '' AND hour >= ${start}`);

/** SQL: when the month began, without a zone, in which it is as many days long as it has. */
const MONTH = `date_trunc('month', now() AT TIME ZONE 'UTC')`;

const start = (period: string) => `(SELECT date_trunc('${period}', now(), 'UTC'))`;

/** The running budget months by tier: revenue of the customers, LLM cost, and what the definitions allow it to be. */
const TIER_MONTH = `
  SELECT tiers.tier, tiers.price_nanos, tiers.budget_nanos AS cap_nanos,
    (SELECT count(*) FROM ledger.customers AS c WHERE c.tier = tiers.tier AND ${PAYS}) AS customers,
    (SELECT coalesce(sum(spent_nanos), 0) FROM ledger.customer_usage AS u WHERE u.tier = tiers.tier) AS spent
  FROM ledger.tiers WHERE tiers.tier IN (\${tier:sqlstring})`;

const spend: Row = {
  title: "LLM spend",
  panels: [
    stat({
      title: "Today",
      description: "Posted cost of the calls since midnight UTC, from the ledger.",
      unit: unit.usd,
      queries: [spentSince(start("day"))],
    }),
    stat({
      title: "This week",
      description: "Posted cost of the calls since Monday UTC, from the ledger.",
      unit: unit.usd,
      queries: [spentSince(start("week"))],
    }),
    stat({
      title: "This month",
      description: "Posted cost of the calls since the first of the month UTC, from the ledger.",
      unit: unit.usd,
      queries: [spentSince(start("month"))],
    }),
    stat({
      title: "Month at this pace",
      description:
        "The month's spend, extended in a straight line to its last day. Early in a month it swings.",
      unit: unit.usd,
      queries: [
        sql(`
          SELECT ${usdOf("coalesce(sum(cost_nanos), 0)")} * extract(epoch FROM ${MONTH} + interval '1 month' - ${MONTH})
            / greatest(extract(epoch FROM now() - ${start("month")}), 3600) AS spend
          FROM ledger.spend WHERE scope = '' AND hour >= ${start("month")}`),
      ],
    }),
    stat({
      title: "Gross margin",
      description:
        "Share of the revenue of the customers' running budget months that their LLM calls have not used, from the tiers' prices.",
      unit: unit.share,
      noValue: "no customers",
      queries: [
        sql(`
          SELECT 1 - sum(spent) / nullif(sum(customers * price_nanos), 0)::float AS margin FROM (${TIER_MONTH}) AS month`),
      ],
    }),
    stat({
      title: "Held in flight",
      description: "Money that running calls may still cost at most; it falls back to zero when they settle.",
      unit: unit.usd,
      noValue: "unknown",
      queries: [promNow(`max(tollgate_ledger_held_nanodollars) / ${NANOS_PER_DOLLAR}`, "held")],
    }),
    timeSeries({
      title: "Spend by day and tier",
      description: "Posted cost of each day (UTC) of the time range.",
      unit: unit.usd,
      width: 24,
      bars: true,
      stacked: true,
      queries: [
        sqlSeries(`
          SELECT date_trunc('day', hour, 'UTC') AS time, plan_tier AS metric, ${usdOf("sum(cost_nanos)")} AS spend
          FROM (
            SELECT hour, plan_tier, sum(cost_nanos) AS cost_nanos FROM ledger.spend
            WHERE scope = '' AND ${HOURS} AND plan_tier IN (\${tier:sqlstring}) GROUP BY 1, 2
          ) AS hours
          GROUP BY 1, 2 ORDER BY 1, 2`),
      ],
    }),
  ],
};

const revenue: Row = {
  title: "Revenue against LLM cost",
  panels: [
    table({
      title: "The month by tier",
      description:
        "Of the customers' running budget months. Revenue is customers times price; the share of LLM cost should stay at or below its target.",
      width: 24,
      height: 6,
      queries: [
        sql(`
          SELECT tier AS "Tier", customers AS "Customers", ${usdOf("customers * price_nanos")} AS "Revenue",
            ${usdOf("spent")} AS "LLM cost", ${usdOf("customers * price_nanos - spent")} AS "Margin",
            spent / nullif(customers * price_nanos, 0)::float AS "Cost share", cap_nanos / price_nanos::float AS "Target share",
            ${usedShare("spent / nullif(customers * cap_nanos::float, 0)")} AS "Budget used"
          FROM (${TIER_MONTH}) AS month ORDER BY tier`),
      ],
      columns: {
        Revenue: { unit: unit.usd },
        "LLM cost": { unit: unit.usd },
        Margin: { unit: unit.usd },
        "Cost share": { unit: unit.share },
        "Target share": { unit: unit.share },
        "Budget used": { unit: unit.share, steps: budgetSteps, cell: "bar" },
      },
    }),
    bars({
      title: "Budget used by tier",
      description: "The month's LLM cost of a tier's customers, as a share of all their budgets.",
      unit: unit.share,
      width: 12,
      max: 1,
      rows: true,
      steps: budgetSteps,
      queries: [
        sql(`
          SELECT tier, ${usedShare("spent / nullif(customers * cap_nanos::float, 0)")} AS used FROM (${TIER_MONTH}) AS month ORDER BY tier`),
      ],
    }),
    timeSeries({
      title: "LLM cost as a share of revenue",
      description:
        "By tier, of each calendar month (UTC) so far, against what the customers of today pay for one: it drops on the first.",
      unit: unit.share,
      width: 12,
      queries: [
        sqlSeries(`
          SELECT day AS time, tier AS metric, share FROM (
            SELECT day, tier, sum(cost) OVER (PARTITION BY tier, date_trunc('month', day, 'UTC') ORDER BY day)
              / nullif(customers * price_nanos, 0)::float AS share
            FROM (
              SELECT date_trunc('day', hour, 'UTC') AS day, plan_tier AS tier, sum(cost_nanos) AS cost FROM ledger.spend
              WHERE scope = '' AND hour BETWEEN (SELECT date_trunc('month', $__timeFrom()::timestamptz, 'UTC')) AND $__timeTo()::timestamptz
              GROUP BY 1, 2
            ) AS days JOIN (${TIER_MONTH}) AS month USING (tier)
          ) AS shares
          WHERE day >= (SELECT date_trunc('day', $__timeFrom()::timestamptz, 'UTC')) ORDER BY 1, 2`),
      ],
    }),
  ],
};

const customers: Row = {
  title: "Customers and sessions",
  panels: [
    stat({
      title: "Active customers",
      description: "Customers with a call in the last 15 minutes.",
      unit: unit.count,
      height: 8,
      noValue: "unknown",
      queries: [promNow("max(tollgate_customers_active)", "customers")],
    }),
    stat({
      title: "Active sessions",
      description: "Conversations with a call in the last 15 minutes.",
      unit: unit.count,
      height: 8,
      noValue: "unknown",
      queries: [promNow("max(tollgate_sessions_active)", "sessions")],
    }),
    bars({
      title: "Customers by budget used",
      description:
        "How many customers are past each threshold this month: logged, sent to operations, degraded, blocked. A call that is more than what is left is blocked before 100 %.",
      unit: unit.count,
      rows: true,
      width: 8,
      links: [toDashboard("Cost by customer", "llm-cost-operations", {})],
      queries: [
        sql(`
          SELECT percent || ' %' AS threshold,
            count(*) FILTER (WHERE spent_nanos * 100 >= cap_nanos * percent) AS customers
          FROM ledger.customer_usage, (VALUES ${budgetSteps.map(([share]) => `(${Math.round(share * 100)})`).join(", ")}) AS t (percent)
          WHERE ${CUSTOMERS_CHOSEN}
          GROUP BY percent ORDER BY percent`),
      ],
    }),
    timeSeries({
      title: "Activity",
      description: "Customers with a call, and their calls, by day (UTC) of the time range.",
      unit: unit.count,
      queries: [
        sqlSeries(`
          SELECT day::timestamp AT TIME ZONE 'UTC' AS time, count(DISTINCT customer_id) AS customers, sum(calls) AS calls
          FROM ledger.customer_spend WHERE ${CUSTOMER_SPEND_CHOSEN} GROUP BY 1 ORDER BY 1`),
      ],
      overrides: { calls: [{ id: "custom.axisPlacement", value: "right" }] },
    }),
  ],
};

const health: Row = {
  title: "System health",
  panels: [
    stat({
      title: "Alerts firing",
      description: "By severity. The Alerts & Incidents dashboard names them.",
      unit: unit.count,
      height: 8,
      steps: noneSteps,
      overrides: severityColors,
      noValue: "none",
      links: [toDashboard("Alerts & Incidents", "alerts-incidents", {})],
      queries: firingBySeverity(["critical", "warning"]),
    }),
    stat({
      title: "Requests that fail",
      description: "Of the last five minutes, by service; a user's own error does not count.",
      unit: unit.share,
      height: 8,
      steps: limitSteps(thresholds.errors.share),
      noValue: "no requests",
      links: [toDashboard("Agent Performance", "agent-performance", {})],
      queries: [promNow(FAILING_SHARE, "{{service}}")],
    }),
    stat({
      title: "Answer time, p95",
      description: "19 of 20 questions of the last five minutes were answered within it.",
      unit: unit.seconds,
      height: 8,
      steps: limitSteps(thresholds.latency.seconds),
      noValue: "no questions",
      links: [toDashboard("Agent Performance", "agent-performance", {})],
      queries: [promNow(`${records.queryQuantile} >= 0`, "p95")],
    }),
    stat({
      title: "Budgets enforced",
      description:
        "Whether the ledger answers: without it every LLM call is refused and nothing is spent. Unknown while its exporter does not answer.",
      unit: unit.none,
      height: 8,
      states: ledgerStates,
      queries: [promNow(LEDGER_STATE, "ledger")],
    }),
    timeline({
      title: "Services",
      description: "Whether each service answers Prometheus: red is down, a gap is not there at all.",
      last: "24h",
      unit: unit.none,
      steps: upSteps,
      links: [toDashboard("Infrastructure", "infrastructure", {})],
      queries: [prom("min by (job) (up)", "{{job}}")],
    }),
  ],
};

/** For owners of the margin: what LLM calls cost, what they earn, whether customers are served. */
export const executiveOverview = dashboard({
  uid: "executive-overview",
  title: "Executive Overview",
  description: "LLM spend, revenue against it by tier, customers, and whether everything is healthy.",
  from: "now-30d",
  refresh: "5m",
  rows: [spend, revenue, customers, health],
});
