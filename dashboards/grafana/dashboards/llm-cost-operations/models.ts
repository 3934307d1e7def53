import { NANOS_PER_DOLLAR } from "../../../../litellm-config";
import type { Row } from "../../lib/dashboard";
import { pie, stat, table, timeSeries } from "../../lib/panels";
import { prom, promNow, sql, usdOf } from "../../lib/queries";
import { unit } from "../../lib/units";
import { CALLS_CHOSEN, SPEND_CHOSEN } from "../../lib/variables";

const PROVIDER_CACHES = `sum by (model) (rate(tollgate_guard_provider_cache_saved_nanodollars_total[$__rate_interval])
  - rate(tollgate_guard_provider_cache_writes_nanodollars_total[$__rate_interval])) * 3600 / ${NANOS_PER_DOLLAR}`;

/** Which models answer, what a call costs, what the cache saves. */
export const models: Row = {
  title: "Models and cache",
  panels: [
    pie({
      title: "Calls by model",
      description: "Which models answered, in the hours of the time range.",
      width: 12,
      unit: unit.count,
      rows: true,
      queries: [
        sql(`
          SELECT model_used AS model, sum(calls) AS calls FROM ledger.spend
          WHERE ${SPEND_CHOSEN} AND model_used <> '' GROUP BY 1 ORDER BY 2 DESC`),
      ],
    }),
    pie({
      title: "Spend by model",
      description: "What their answers cost, in the hours of the time range.",
      width: 12,
      unit: unit.usd,
      rows: true,
      queries: [
        sql(`
          SELECT model_used AS model, ${usdOf("sum(cost_nanos)")} AS spend FROM ledger.spend
          WHERE ${SPEND_CHOSEN} AND model_used <> '' GROUP BY 1 ORDER BY 2 DESC`),
      ],
    }),
    table({
      title: "Cost of a call by query type",
      description:
        "Simple lookups should stay under half a cent, analyses under 5, recommendations under 20. p95 is that of the latest 5,000 calls.",
      width: 12,
      queries: [
        sql(`
          SELECT query_type AS "Query type", calls AS "Calls", ${usdOf("cost / calls")} AS "Mean", ${usdOf("p95")} AS "p95",
            ${usdOf("cost")} AS "Spend"
          FROM (
            SELECT query_type, sum(calls) AS calls, sum(cost_nanos) AS cost
            FROM ledger.spend WHERE ${SPEND_CHOSEN} GROUP BY query_type
          ) AS total
          LEFT JOIN (
            SELECT query_type, percentile_cont(0.95) WITHIN GROUP (ORDER BY cost_nanos) AS p95
            FROM (
              SELECT query_type, cost_nanos FROM ledger.filed
              WHERE ${CALLS_CHOSEN} AND state = 'posted' ORDER BY reserved_at DESC LIMIT 5000
            ) AS latest GROUP BY query_type
          ) AS latest USING (query_type)
          ORDER BY cost DESC`),
      ],
      columns: {
        "Query type": { width: 150 },
        Mean: { unit: unit.usd, decimals: 4 },
        p95: { unit: unit.usd, decimals: 4 },
        Spend: { unit: unit.usd },
      },
    }),
    timeSeries({
      title: "Cache hits and savings",
      description: "Hits a second, and dollars an hour that they save.",
      unit: unit.perSecond,
      width: 12,
      noValue: "no hits",
      queries: [
        prom("sum(rate(tollgate_guard_cache_hits_total[$__rate_interval]))", "hits"),
        prom(
          `sum(rate(tollgate_guard_cache_saved_nanodollars_total[$__rate_interval])) * 3600 / ${NANOS_PER_DOLLAR}`,
          "saved",
        ),
      ],
      overrides: { saved: [{ id: "unit", value: unit.usd }] },
    }),
    stat({
      title: "Cache hit rate",
      description: "Share of the time range's calls that cost nothing because the answer was known.",
      unit: unit.share,
      height: 8,
      queries: [
        sql(`
          SELECT sum(cache_hits)::float / nullif(sum(calls), 0) AS hits FROM ledger.spend WHERE ${SPEND_CHOSEN}`),
      ],
    }),
    stat({
      title: "Cache savings",
      description: "What the cached answers cost when they were first given, in the time range.",
      unit: unit.usd,
      height: 8,
      noValue: "no hits",
      queries: [
        promNow(
          `sum(increase(tollgate_guard_cache_saved_nanodollars_total[$__range])) / ${NANOS_PER_DOLLAR}`,
          "saved",
        ),
      ],
    }),
    timeSeries({
      title: "Saved by providers' caches",
      description:
        "Dollars an hour that prompt caching saves: what tokens read from a provider's cache did not cost, less what writing to it costs above plain input. Below zero where prompts are written and not read again.",
      unit: unit.usd,
      queries: [prom(PROVIDER_CACHES, "{{model}}")],
    }),
    timeSeries({
      title: "Tokens",
      description:
        "Tokens a second: prompts, the parts of them that providers read from and wrote to their caches, and answers.",
      unit: unit.tokensPerSecond,
      queries: [prom("sum by (kind) (rate(tollgate_guard_tokens_total[$__rate_interval]))", "{{kind}}")],
    }),
  ],
};
