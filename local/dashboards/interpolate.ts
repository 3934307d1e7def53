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

/** As Grafana writes values into SQL, and into a regular expression between double quotes. */
function list(values: string[]): { sql: string; regex: string } {
  const escaped = values.map((value) =>
    JSON.stringify(value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).slice(1, -1),
  );
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
  const filled: Record<string, string> = {
    __rate_interval: rate,
    __auto: rate,
    __range: `${range.seconds}s`,
  };
  return fill(expr, /\$(\w+)/g, ([, name = ""]) => filled[name] ?? chosen(name, range)?.regex);
}

/**
 * SQL with the variables and Grafana's macros for Postgres expanded.
 *
 * Source: grafana/grafana, pkg/tsdb/grafana-postgresql-datasource/macros.go.
 */
export function interpolateSql(sql: string, range: Range): string {
  const end = range.end === undefined ? "now()" : `to_timestamp(${range.end / 1000})`;
  const start = `(${end} - interval '${range.seconds} seconds')`;
  const expand = ([, column, macro = "", variable = ""]: RegExpExecArray) =>
    column
      ? `${column} BETWEEN ${start} AND ${end}`
      : ({ timeFrom: start, timeTo: end }[macro] ?? chosen(variable, range)?.sql);
  return fill(sql, /\$__timeFilter\(([^)]+)\)|\$__(timeFrom|timeTo)\(\)|\$\{(\w+):sqlstring\}/g, expand);
}

function chosen(name: string, { chosen: of = {} }: Range): (typeof ALL)[string] | undefined {
  return ALL[name] && of[name]?.length ? list(of[name]) : ALL[name];
}

/**
 * Replaces each match once: what a value looks like is never read as a variable.
 *
 * @throws Error when a variable or macro is left over: Grafana would send it as it is.
 */
function fill(text: string, names: RegExp, valueOf: (match: RegExpExecArray) => string | undefined): string {
  const left = (of: string) => /\$\w+|\$\{[^}]*\}/.exec(of)?.[0];
  let filled = "";
  let at = 0;
  let unknown: string | undefined;
  for (const match of text.matchAll(names)) {
    const between = text.slice(at, match.index);
    const value = valueOf(match);
    unknown ??= left(between) ?? (value === undefined ? match[0] : undefined);
    filled += between + value;
    at = match.index + match[0].length;
  }
  const rest = text.slice(at);
  unknown ??= left(rest);
  if (unknown) throw new Error(`${unknown} must be a variable of the dashboards: ${text}`);
  return filled + rest;
}
