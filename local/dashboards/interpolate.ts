import { definitions } from "../../litellm-config";

/** What Grafana fills into queries. */
export interface Range {
  /** How long the time range is. */
  seconds: number;
  /** Its end, in milliseconds since 1970. Default: now. */
  end?: number;
  /** Seconds between two points of a graph. Default: a 200th of the range. */
  step?: number;
  /** The chosen values of the dashboards' variables; "All" where there are none. */
  chosen?: Record<string, string[]>;
}

/** Seconds of a `rate` that sees enough scrapes of every target. */
const SHORTEST_RATE = 60;

const ALL: Record<string, { sql: string; regex: string }> = {
  tier: list(Object.keys(definitions.tiers)),
  model: list(Object.keys(definitions.models)),
  environment: { sql: "environment", regex: ".*" },
  customer_id: { sql: "customer_id", regex: ".*" },
};

function list(values: string[]): { sql: string; regex: string } {
  const escaped = values.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, "\\\\$&"));
  const quoted = values.map((value) => `'${value.replaceAll("'", "''")}'`);
  return { sql: quoted.join(","), regex: `(${escaped.join("|")})` };
}

/** Seconds between two points of a graph. */
export function stepOf({ seconds, step }: Range): number {
  return step ?? Math.max(1, Math.round(seconds / 200));
}

/** PromQL or LogQL with the variables and the intervals that Grafana would choose. */
export function interpolateExpr(expr: string, range: Range): string {
  const rate = `${Math.max(SHORTEST_RATE, stepOf(range) + 15)}s`;
  return withVariables(expr, "regex", range)
    .replaceAll("$__rate_interval", rate)
    .replaceAll("$__range", `${range.seconds}s`)
    .replaceAll("$__auto", rate);
}

/**
 * SQL with the variables and Grafana's macros for Postgres expanded.
 *
 * Source: grafana/grafana, pkg/tsdb/grafana-postgresql-datasource/macros.go.
 */
export function interpolateSql(sql: string, range: Range): string {
  const end = range.end === undefined ? "now()" : `to_timestamp(${range.end / 1000})`;
  return withVariables(sql, "sql", range)
    .replace(
      /\$__timeFilter\(([^)]+)\)/g,
      `$1 BETWEEN ${end} - interval '${range.seconds} seconds' AND ${end}`,
    )
    .replaceAll("$__timeFrom()", `(${end} - interval '${range.seconds} seconds')`)
    .replaceAll("$__timeTo()", end);
}

/**
 * @throws Error when a variable or macro is left over: Grafana would send it as it is.
 */
function withVariables(text: string, form: "sql" | "regex", { chosen = {} }: Range): string {
  const filled = Object.entries(ALL).reduce((at, [name, all]) => {
    const value = chosen[name]?.length ? list(chosen[name]) : all;
    return at
      .replaceAll(`\${${name}:sqlstring}`, () => value.sql)
      .replace(new RegExp(`\\$${name}\\b`, "g"), () => value[form]);
  }, text);
  const unknown = /\$(?!__(rate_interval|range|auto|timeFilter|timeFrom|timeTo)\b)\w+|\$\{[^}]*\}/.exec(
    filled,
  );
  if (unknown) throw new Error(`${unknown[0]} must be a variable of the dashboards: ${text}`);
  return filled;
}
