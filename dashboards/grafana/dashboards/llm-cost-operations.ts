import { NANOS_PER_DOLLAR, definitions, toDollars } from "../../../litellm-config";
import { records } from "../../prometheus/rules/recording";
import { thresholds } from "../../thresholds";
import { dashboard, type Row } from "../lib/dashboard";
import { toDashboard, toPage } from "../lib/links";
import { bars, gauges, pie, stat, table, timeSeries } from "../lib/panels";
import { prom, promNow, sql, sqlSeries, usdOf } from "../lib/queries";
import { budgetSteps, limitSteps } from "../lib/thresholds";
import { unit } from "../lib/units";
import { CALLS_CHOSEN, CUSTOMERS_CHOSEN } from "../lib/variables";

const { costSpike } = thresholds;
const average = `avg_over_time(${records.spendRate}[${costSpike.average}])`;
const deviation = `stddev_over_time(${records.spendRate}[${costSpike.average}])`;

const rate: Row = {
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
        prom(average, "average"),
        prom(`${average} + 2 * ${deviation}`, "upper"),
        prom(`clamp_min(${average} - 2 * ${deviation}, 0)`, "lower"),
        prom(`${costSpike.factor} * ${records.spendAverage}`, "alert"),
      ],
      overrides: {
        upper: [
          { id: "custom.fillBelowTo", value: "lower" },
          { id: "custom.lineWidth", value: 0 },
        ],
        lower: [
          { id: "custom.lineWidth", value: 0 },
          { id: "custom.fillOpacity", value: 0 },
        ],
        alert: [
          { id: "custom.lineStyle", value: { fill: "dash", dash: [10, 10] } },
          { id: "custom.fillOpacity", value: 0 },
        ],
      },
    }),
    stat({
      title: "Times the rolling average",
      description: `The spend rate against its average of a day. Cost Spike fires at ${costSpike.factor}.`,
      unit: unit.none,
      height: 10,
      steps: limitSteps(costSpike.factor),
      queries: [prom(`${records.spendRate} / (${average} > 0)`, "times")],
    }),
    stat({
      title: "Dollars an hour",
      description: "Of the last ten minutes, extended to an hour.",
      unit: unit.usd,
      height: 10,
      queries: [prom(records.spendRate, "now")],
    }),
    timeSeries({
      title: "By model",
      description: "Dollars an hour of the last ten minutes, by the model that answered.",
      unit: unit.usd,
      stacked: true,
      queries: [prom(`${records.spendRateByModel}{model=~"$model"}`, "{{model}}")],
    }),
    timeSeries({
      title: "By tier",
      description: "Dollars an hour, by the tier of the customer.",
      unit: unit.usd,
      stacked: true,
      queries: [prom(usdPerHour("tier"), "{{tier}}")],
    }),
    timeSeries({
      title: "By query type",
      description: "Dollars an hour, by what was asked.",
      unit: unit.usd,
      stacked: true,
      queries: [prom(usdPerHour("query_type"), "{{query_type}}")],
    }),
  ],
};

function usdPerHour(label: string): string {
  const selector = `tollgate_guard_spend_nanodollars_total{model=~"$model",tier=~"$tier"}`;
  return `sum by (${label}) (rate(${selector}[$__rate_interval])) * 3600 / ${NANOS_PER_DOLLAR}`;
}

const customers: Row = {
  title: "Customers",
  panels: [
    table({
      title: "Cost by customer",
      description:
        "The fifty dearest of the time range with the course of their spend. A click leads to their sessions.",
      width: 16,
      height: 10,
      queries: [
        sql(`
          SELECT customer_id, customers.name AS "Customer", customers.tier AS "Tier", range.calls AS "Calls",
            ${usdOf("range.cost")} AS "Spend", ${usdOf("usage.spent_nanos")} AS "This month",
            usage.spent_nanos / usage.cap_nanos::float AS "Budget used"
          FROM (
            SELECT customer_id, count(*) AS calls, coalesce(sum(cost_nanos), 0) AS cost
            FROM ledger.calls WHERE ${CALLS_CHOSEN} GROUP BY customer_id ORDER BY cost DESC LIMIT 50
          ) AS range
          JOIN (SELECT customer_id, name, tier FROM ledger.customers) AS customers USING (customer_id)
          JOIN ledger.customer_usage AS usage USING (customer_id)
          ORDER BY range.cost DESC`),
        sqlSeries(`
          SELECT $__timeGroup(reserved_at, '1h') AS time, customer_id, ${usdOf("coalesce(sum(cost_nanos), 0)")} AS spend
          FROM ledger.calls WHERE ${CALLS_CHOSEN} GROUP BY 1, 2 ORDER BY 1`),
      ],
      transform: [
        { id: "timeSeriesTable", options: { B: { stat: "sum" } } },
        { id: "joinByField", options: { byField: "customer_id", mode: "outer" } },
      ],
      columns: {
        Customer: { link: toDashboard("Sessions", "llm-cost-operations", { customer_id: "customer_id" }) },
        customer_id: { hidden: true },
        Spend: { unit: unit.usd },
        "This month": { unit: unit.usd },
        "Budget used": { unit: unit.share, steps: budgetSteps, cell: "bar" },
        "Trend #B": { unit: unit.usd, cell: "sparkline" },
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
          SELECT name, spent_nanos / cap_nanos::float AS used FROM ledger.customer_usage
          WHERE ${CUSTOMERS_CHOSEN} ORDER BY used DESC, name LIMIT 20`),
      ],
    }),
    gauges({
      title: "Budget used, customers over half",
      description:
        "Logged at 50 %, told to operations at 80 %, degraded at 95 %, blocked at 100 %. Empty is good news.",
      unit: unit.share,
      width: 16,
      steps: budgetSteps,
      noValue: "nobody is over half",
      links: [toDashboard("Sessions", "llm-cost-operations", { customer_id: "labels.customer_id" })],
      queries: [promNow(`topk(12, tollgate_customer_budget_used_ratio{tier=~"$tier"})`, "{{customer_id}}")],
    }),
    stat({
      title: "Degraded and blocked customers",
      description: "Customers whose calls go to a cheaper model, or are refused, right now.",
      unit: unit.count,
      width: 8,
      height: 8,
      queries: [
        prom("sum(tollgate_customer_degraded) or vector(0)", "degraded"),
        prom("sum(tollgate_customer_blocked) or vector(0)", "blocked"),
      ],
    }),
  ],
};

const models: Row = {
  title: "Models and cache",
  panels: [
    pie({
      title: "Calls by model",
      description: "Which models answered, in the time range.",
      unit: unit.count,
      rows: true,
      queries: [
        sql(`
          SELECT model_used AS model, count(*) AS calls FROM ledger.calls
          WHERE ${CALLS_CHOSEN} AND model_used IS NOT NULL GROUP BY 1 ORDER BY 2 DESC`),
      ],
    }),
    pie({
      title: "Spend by model",
      description: "What their answers cost, in the time range.",
      unit: unit.usd,
      rows: true,
      queries: [
        sql(`
          SELECT model_used AS model, ${usdOf("sum(cost_nanos)")} AS spend FROM ledger.calls
          WHERE ${CALLS_CHOSEN} AND model_used IS NOT NULL AND state = 'posted' GROUP BY 1 ORDER BY 2 DESC`),
      ],
    }),
    table({
      title: "Cost of a call by query type",
      description:
        "Simple lookups should stay under half a cent, analyses under 5, recommendations under 20.",
      queries: [
        sql(`
          SELECT query_type AS "Query type", count(*) AS "Calls", ${usdOf("avg(cost_nanos)")} AS "Mean",
            ${usdOf("percentile_cont(0.95) WITHIN GROUP (ORDER BY cost_nanos)")} AS "p95", ${usdOf("sum(cost_nanos)")} AS "Spend"
          FROM ledger.calls WHERE ${CALLS_CHOSEN} AND state = 'posted' GROUP BY 1 ORDER BY 5 DESC`),
      ],
      columns: { Mean: { unit: unit.usd }, p95: { unit: unit.usd }, Spend: { unit: unit.usd } },
    }),
    stat({
      title: "Cache hit rate",
      description: "Share of the time range's calls that cost nothing because the answer was known.",
      unit: unit.share,
      height: 6,
      queries: [
        sql(`
          SELECT avg(cache_hit::int) AS hits FROM ledger.calls
          WHERE ${CALLS_CHOSEN} AND state = 'posted'`),
      ],
    }),
    stat({
      title: "Saved by the cache",
      description: "What the cached answers cost when they were first given, in the time range.",
      unit: unit.usd,
      height: 6,
      queries: [
        promNow(
          `sum(increase(tollgate_guard_cache_saved_nanodollars_total[$__range])) / ${NANOS_PER_DOLLAR}`,
          "saved",
        ),
      ],
    }),
    timeSeries({
      title: "Cache hits and savings",
      description: "Hits a second, and dollars an hour that they save.",
      unit: unit.perSecond,
      height: 6,
      queries: [
        prom("sum(rate(tollgate_guard_cache_hits_total[$__rate_interval]))", "hits"),
        prom(
          `sum(rate(tollgate_guard_cache_saved_nanodollars_total[$__rate_interval])) * 3600 / ${NANOS_PER_DOLLAR}`,
          "saved",
        ),
      ],
      overrides: { saved: [{ id: "unit", value: unit.usd }] },
    }),
    timeSeries({
      title: "Tokens",
      description: "Tokens a second: prompts, the part of them that the provider had cached, and answers.",
      unit: unit.countsPerSecond,
      height: 6,
      queries: [prom("sum by (kind) (rate(tollgate_guard_tokens_total[$__rate_interval]))", "{{kind}}")],
    }),
  ],
};

const sessions = (langfuse: string): Row => ({
  title: "Sessions",
  panels: [
    table({
      title: "Ten dearest sessions",
      description: `Of the time range. The cap is ${toDollars(definitions.session.budget)} dollars; a click leads to the session
        or to its last trace in Langfuse.`,
      width: 24,
      queries: [sessionQuery("10")],
      columns: sessionColumns(langfuse),
    }),
    table({
      title: "Sessions of the chosen customers",
      description: "The latest hundred of the time range: where the link from a customer leads.",
      width: 24,
      queries: [sessionQuery("100", "last_call_at DESC")],
      columns: sessionColumns(langfuse),
    }),
  ],
});

function sessionQuery(limit: string, order = "spent_nanos DESC") {
  return sql(`
    SELECT customer_id AS "Customer", session_id AS "Session", started_at AS "Started", last_call_at AS "Last call",
      calls AS "Calls", ${usdOf("spent_nanos")} AS "Spend", spent_nanos / ${definitions.session.budget}::float AS "Cap used",
      (SELECT trace_id FROM ledger.calls AS c WHERE c.customer_id = s.customer_id AND c.session_id = s.session_id
        AND trace_id IS NOT NULL ORDER BY reserved_at DESC LIMIT 1) AS "Trace"
    FROM (
      SELECT * FROM ledger.sessions
      WHERE $__timeFilter(last_call_at) AND customer_id IN (\${customer_id:sqlstring})
      ORDER BY ${order} LIMIT ${limit}
    ) AS s ORDER BY ${order}`);
}

function sessionColumns(langfuse: string): NonNullable<Parameters<typeof table>[0]["columns"]> {
  return {
    Customer: { link: toDashboard("Customer", "llm-cost-operations", { customer_id: "Customer" }) },
    Session: { link: toPage("Session in Langfuse", `${langfuse}/sessions`, "Session") },
    Spend: { unit: unit.usd },
    "Cap used": { unit: unit.share, steps: budgetSteps, cell: "bar" },
    Trace: { link: toPage("Trace in Langfuse", `${langfuse}/traces`, "Trace") },
  };
}

const enforcement: Row = {
  title: "Enforcement",
  panels: [
    timeSeries({
      title: "Decisions",
      description: "Calls a second by what the guard decided.",
      unit: unit.perSecond,
      stacked: true,
      queries: [
        prom(
          `sum by (decision) (rate(tollgate_guard_decisions_total{tier=~"$tier"}[$__rate_interval]))`,
          "{{decision}}",
        ),
      ],
    }),
    timeSeries({
      title: "Refusals by reason",
      description: "Calls a second that were refused, and why.",
      unit: unit.perSecond,
      stacked: true,
      queries: [
        prom(
          `sum by (reason) (rate(tollgate_guard_decisions_total{decision="refused"}[$__rate_interval]))`,
          "{{reason}}",
        ),
      ],
    }),
    timeSeries({
      title: "Two counts of the same spend",
      description:
        "What the ledger and LiteLLM counted in the last hour. They must agree; Spend Mismatch fires if not.",
      unit: unit.usd,
      queries: [
        prom(`sum(${records.ledgerSpend}) / ${NANOS_PER_DOLLAR}`, "ledger"),
        prom(`sum(${records.litellmSpend}) / ${NANOS_PER_DOLLAR}`, "LiteLLM"),
      ],
    }),
  ],
};

/**
 * For operations: where the money goes, who is close to a cap, and whether the caps hold.
 *
 * @param langfuse Address of the Langfuse project's pages, without a slash at the end.
 */
export const llmCostOperations = (langfuse: string) =>
  dashboard({
    uid: "llm-cost-operations",
    title: "LLM Cost Operations",
    description: "Spend rate, customers and sessions, models, cache, and what the guard enforced.",
    from: "now-24h",
    refresh: "1m",
    rows: [rate, customers, models, sessions(langfuse), enforcement],
  });
