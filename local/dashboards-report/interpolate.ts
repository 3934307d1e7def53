import { definitions } from "../../litellm-config";

/** What Grafana fills into queries, for a time range that ends now. */
export interface Range {
  /** Seconds. */
  seconds: number;
}

const ALL: Record<string, { sql: string; regex: string }> = {
  tier: list(Object.keys(definitions.tiers)),
  model: list(Object.keys(definitions.models)),
  environment: { sql: "environment", regex: ".*" },
  customer_id: { sql: "customer_id", regex: ".*" },
};

function list(values: string[]): { sql: string; regex: string } {
  const escaped = values.map((value) => value.replaceAll(".", "\\\\."));
  return { sql: values.map((value) => `'${value}'`).join(","), regex: `(${escaped.join("|")})` };
}

/** PromQL or LogQL with the variables at "All" and the intervals that Grafana would choose. */
export function interpolateExpr(expr: string, { seconds }: Range): string {
  return withVariables(expr, "regex")
    .replaceAll("$__rate_interval", "1m")
    .replaceAll("$__range", `${seconds}s`)
    .replaceAll("$__auto", "1m");
}

/**
 * SQL with the variables at "All" and Grafana's macros for Postgres expanded.
 *
 * Source: grafana/grafana, pkg/tsdb/grafana-postgresql-datasource/macros.go.
 */
export function interpolateSql(sql: string, { seconds }: Range): string {
  return withVariables(sql, "sql")
    .replace(/\$__timeFilter\(([^)]+)\)/g, `$1 BETWEEN now() - interval '${seconds} seconds' AND now()`)
    .replaceAll("$__timeFrom()", `(now() - interval '${seconds} seconds')`)
    .replaceAll("$__timeTo()", "now()");
}

/**
 * @throws Error when a variable or macro is left over: Grafana would send it as it is.
 */
function withVariables(text: string, form: "sql" | "regex"): string {
  const filled = Object.entries(ALL).reduce(
    (at, [name, value]) =>
      at
        .replaceAll(`\${${name}:sqlstring}`, value.sql)
        .replace(new RegExp(`\\$${name}\\b`, "g"), value[form]),
    text,
  );
  const unknown = /\$(?!__(rate_interval|range|auto|timeFilter|timeFrom|timeTo)\b)\w+|\$\{[^}]*\}/.exec(
    filled,
  );
  if (unknown) throw new Error(`${unknown[0]} must be a variable of the dashboards: ${text}`);
  return filled;
}
