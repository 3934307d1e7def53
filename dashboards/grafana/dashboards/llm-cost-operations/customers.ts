import { NANOS_PER_DOLLAR } from "../../../../litellm-config";
import type { Row } from "../../lib/dashboard";
import { toDashboard } from "../../lib/links";
import { bars, gauges, stat, table } from "../../lib/panels";
import { usedShare, ZERO_WHILE_LEDGER_ANSWERS } from "../../lib/expressions";
import { promNow, promTable, sql, sqlSeries, usdOf } from "../../lib/queries";
import { budgetSteps } from "../../lib/thresholds";
import { unit } from "../../lib/units";
import { CUSTOMER_SPEND_CHOSEN, CUSTOMERS_CHOSEN, dayOf } from "../../lib/variables";

const MOST_EXPENSIVE = `
  SELECT customer_id, sum(calls) AS calls, sum(cost_nanos) AS cost
  FROM ledger.customer_spend WHERE ${CUSTOMER_SPEND_CHOSEN} GROUP BY customer_id ORDER BY cost DESC LIMIT 50`;

/** Who spends it, and who is close to a cap. */
export const customers: Row = {
  title: "Customers",
  panels: [
    table({
      title: "Cost by customer",
      description:
        "The fifty most expensive of the days (UTC) of the time range, of every model, with the course of their spend over thirty days. A click leads to their sessions.",
      width: 16,
      height: 10,
      queries: [
        sql(`
          SELECT customer_id, customers.name AS "Customer", customers.tier AS "Tier", range.calls AS "Calls",
            ${usdOf("range.cost")} AS "Spend", ${usdOf("usage.spent_nanos")} AS "This month",
            ${usedShare("usage.spent_nanos / nullif(usage.cap_nanos, 0)::float")} AS "Budget used"
          FROM (
            ${MOST_EXPENSIVE}
          ) AS range
          JOIN (SELECT customer_id, name, tier FROM ledger.customers) AS customers USING (customer_id)
          JOIN ledger.customer_usage AS usage USING (customer_id)
          ORDER BY range.cost DESC`),
        // Thirty days in the place of the time range, which is all that a sparkline shows, and as far apart as the first two.
        sqlSeries(`
          SELECT $__timeFrom()::timestamptz
              + make_interval(secs => ago * floor(extract(epoch FROM $__timeTo()::timestamptz - $__timeFrom()::timestamptz) / 29)) AS time,
            customer_id, ${usdOf("coalesce(cost, 0)")} AS spend
          FROM (SELECT customer_id FROM (${MOST_EXPENSIVE}) AS range) AS shown CROSS JOIN generate_series(0, 29) AS ago
          LEFT JOIN (
            SELECT customer_id, day - ${dayOf("$__timeTo()")} + 29 AS ago, sum(cost_nanos) AS cost FROM ledger.customer_spend
            WHERE day BETWEEN ${dayOf("$__timeTo()")} - 29 AND ${dayOf("$__timeTo()")}
              AND customer_id IN (SELECT customer_id FROM (${MOST_EXPENSIVE}) AS range)
            GROUP BY 1, 2
          ) AS days USING (customer_id, ago)
          ORDER BY 1, 2`),
      ],
      transform: [
        { id: "timeSeriesTable", options: { B: { stat: "sum" } } },
        { id: "joinByField", options: { byField: "customer_id", mode: "outer" } },
      ],
      columns: {
        Customer: {
          link: toDashboard("Sessions", "llm-cost-operations", { customer_id: "customer_id" }),
          width: 140,
        },
        customer_id: { hidden: true },
        Tier: { width: 85 },
        Calls: { width: 85 },
        Spend: { unit: unit.usd },
        "This month": { unit: unit.usd },
        "Budget used": { unit: unit.share, steps: budgetSteps, cell: "bar" },
        "Trend #B": { unit: unit.usd, cell: "sparkline", title: "Trend", width: 150 },
      },
    }),
    bars({
      title: "Fullest budgets",
      description: "The twenty customers that have used most of their month's budget.",
      unit: unit.share,
      rows: true,
      height: 10,
      max: 1,
      steps: budgetSteps,
      queries: [
        sql(`
          SELECT name, ${usedShare("spent_nanos / nullif(cap_nanos, 0)::float")} AS used FROM ledger.customer_usage
          WHERE ${CUSTOMERS_CHOSEN} ORDER BY used DESC NULLS LAST, name LIMIT 20`),
      ],
    }),
    gauges({
      title: "Budget used, customers over half",
      description:
        "Logged at 50 %, sent to operations at 80 %, degraded at 95 %, blocked at 100 %. Empty is good news.",
      unit: unit.share,
      width: 16,
      steps: budgetSteps,
      noValue: "none is known to be over half",
      links: [toDashboard("Sessions", "llm-cost-operations", { customer_id: "labels.customer_id" })],
      queries: [
        promNow(
          `topk(12, ${usedShare(`max by (customer_id) (tollgate_customer_budget_used_ratio{tier=~"$tier"})`)})`,
          "{{customer_id}}",
        ),
      ],
    }),
    stat({
      title: "Degraded and blocked customers",
      description: "Customers whose calls go to a cheaper model, or are refused, right now.",
      unit: unit.count,
      width: 8,
      height: 8,
      noValue: "unknown",
      queries: [
        promNow(
          `sum(max by (customer_id) (tollgate_customer_degraded)) or ${ZERO_WHILE_LEDGER_ANSWERS}`,
          "degraded",
        ),
        promNow(
          `sum(max by (customer_id) (tollgate_customer_blocked)) or ${ZERO_WHILE_LEDGER_ANSWERS}`,
          "blocked",
        ),
      ],
    }),
    table({
      title: "Budgets that run out this month",
      description:
        "Customers whose budget is used up before their budget month ends, should the days to come be like the last four weeks.",
      width: 12,
      noValue: "none is known to run out",
      queries: [
        promTable(
          `topk(50, max by (customer_id, tier) (tollgate_customer_runs_out_timestamp_seconds{tier=~"$tier"})) * 1000`,
        ),
      ],
      transform: [
        {
          id: "organize",
          options: {
            excludeByName: { Time: true },
            renameByName: { customer_id: "Customer", tier: "Tier", Value: "Runs out" },
          },
        },
      ],
      columns: { "Runs out": { unit: unit.day } },
    }),
    stat({
      title: "Expected at the month's end",
      description:
        "What all customers together are expected to cost by the ends of their budget months; four of five end between low and high.",
      unit: unit.usd,
      width: 12,
      height: 8,
      noValue: "not known: it takes three days",
      queries: [
        ...["low", "expected", "high"].map((bound) =>
          promNow(`max(tollgate_fleet_forecast_nanodollars{bound="${bound}"}) / ${NANOS_PER_DOLLAR}`, bound),
        ),
      ],
    }),
  ],
};
