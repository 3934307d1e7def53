import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";
import { DataqueryBuilder as LokiQuery } from "@grafana/grafana-foundation-sdk/loki";
import { DataqueryBuilder as PromQuery, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { SearchTableType, DataqueryBuilder as TempoQuery } from "@grafana/grafana-foundation-sdk/tempo";
import { NANOS_PER_DOLLAR } from "../../../litellm-config";
import { sources } from "../datasources";

/** A query of one data source; its panel sets the letter that names it. */
export interface Query {
  source: DataSourceRef;
  build: (refId: string) => Builder<Dataquery>;
}

/** PromQL over the dashboard's time range. */
export function prom(expr: string, legend: string): Query {
  return { source: sources.prometheus, build: (refId) => promQuery(refId, expr, legend).range() };
}

/** PromQL at the end of the time range only: for numbers and tables. */
export function promNow(expr: string, legend: string): Query {
  return { source: sources.prometheus, build: (refId) => promQuery(refId, expr, legend).instant() };
}

/** PromQL at the end of the time range, a row a series. */
export function promTable(expr: string): Query {
  const build = (refId: string) => promQuery(refId, expr, "").instant().format(PromQueryFormat.Table);
  return { source: sources.prometheus, build };
}

/** A histogram's buckets at the end of the time range, each for itself rather than summed up. */
export function promBuckets(expr: string): Query {
  const build = (refId: string) => promQuery(refId, expr, "{{le}}").instant().format(PromQueryFormat.Heatmap);
  return { source: sources.prometheus, build };
}

function promQuery(refId: string, expr: string, legend: string): PromQuery {
  return new PromQuery().refId(refId).datasource(sources.prometheus).expr(oneLine(expr)).legendFormat(legend);
}

/** LogQL: lines, or a metric of them. */
export function logs(expr: string, legend = ""): Query {
  const build = (refId: string) =>
    new LokiQuery()
      .refId(refId)
      .datasource(sources.loki)
      .expr(oneLine(expr))
      .legendFormat(legend)
      .queryType("range");
  return { source: sources.loki, build };
}

/** TraceQL: a search for traces, one trace by its id, or a metric of spans where the query ends in one. */
export function traceql(query: string): Query {
  const build = (refId: string) =>
    new TempoQuery()
      .refId(refId)
      .datasource(sources.tempo)
      .query(oneLine(query))
      .queryType("traceql")
      .tableType(SearchTableType.Traces)
      .limit(50);
  return { source: sources.tempo, build };
}

/** A query of the Postgres data source in the format of Grafana's editor; the SDK has no builder for it. */
export interface SqlQuery extends Dataquery {
  refId: string;
  rawSql: string;
  format: "table" | "time_series";
}

/** SQL of the ledger; a row of the answer is a row. */
export function sql(rawSql: string): Query {
  return ledgerQuery(rawSql, "table");
}

/** SQL of the ledger whose columns are `time`, a value, and `metric`, the text that names its series: by another name Grafana adds the value's column to it. */
export function sqlSeries(rawSql: string): Query {
  return ledgerQuery(rawSql, "time_series");
}

function ledgerQuery(rawSql: string, format: SqlQuery["format"]): Query {
  const build = (refId: string): Builder<SqlQuery> => {
    const query = { refId, datasource: sources.ledger, format, rawQuery: true, editorMode: "code" };
    // The SDK marks a data query by a method, which JSON leaves out.
    return { build: () => ({ ...query, rawSql: oneLine(rawSql), _implementsDataqueryVariant() {} }) };
  };
  return { source: sources.ledger, build };
}

/** SQL: dollars of an expression in nano-dollars. */
export function usdOf(nanos: string): string {
  return `(${nanos}) / ${NANOS_PER_DOLLAR}.0`;
}

/** A query is written over several lines for people and saved in one. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}
