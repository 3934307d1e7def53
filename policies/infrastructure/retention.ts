import { Instance } from "@pulumi/gcp/compute/instance";
import { parse } from "yaml";
import { collector, service } from "../../catalogue";
import { isService } from "../deployed/container";
import { onContainers } from "../deployed/containers";
import { machineFiles, onFiles } from "../deployed/files";
import { ofType, type Rule } from "../rule";

const REMEDY = "Render it from litellm-config/definitions/retention.ts with `npm run render`";

export const metricsRetention: Rule = {
  name: "retention-metrics",
  description: "Prometheus keeps 15 days.",
  severity: "medium",
  remedy: REMEDY,
  settings: { days: { type: "number", default: 15, minimum: 1 } },
  checks: onContainers(({ workload, name, command }, { days }) => {
    const { pushesTo } = collector;
    if (!isService(workload, service(pushesTo)) && name !== pushesTo) return [];
    if (name === "collector") return [];
    const wanted = `${days}d`;
    const found = command
      .map((arg) => /^--storage\.tsdb\.retention\.time=(.+)$/.exec(arg)?.[1])
      .find(Boolean);
    return found === wanted ? [] : [`storage.tsdb.retention.time is ${found ?? "not set"}, not ${wanted}`];
  }),
};

export const logsRetention: Rule = {
  name: "retention-logs",
  description: "Loki keeps 7 days, and deletes what is older.",
  severity: "medium",
  remedy: REMEDY,
  settings: { days: { type: "number", default: 7, minimum: 1 } },
  checks: onFiles(({ path, content = "" }, { days }) => {
    if (!/(^|\/)loki\/([^/]+\/)?loki\.yaml$/.test(path)) return [];
    const config = (parse(content) ?? {}) as {
      limits_config?: { retention_period?: string };
      compactor?: { retention_enabled?: boolean };
    };
    const wanted = `${(days as number) * 24}h`;
    const found = config.limits_config?.retention_period;
    const enabled = config.compactor?.retention_enabled;
    return [
      ...(found === wanted ? [] : [`limits_config.retention_period is ${found ?? "not set"}, not ${wanted}`]),
      ...(enabled === true ? [] : [`compactor.retention_enabled is ${enabled ?? "not set"}`]),
    ];
  }),
};

/** How long a table keeps its rows, in days or by the parameter: what is deleted once it is archived, or a TTL. */
const KEPT_DAYS =
  /DELETE\s+WHERE\b[^;]*?today\(\)\s*-\s*(\d+|\{\w+)|toIntervalDay\((\d+|\{\w+)|TTL\b[^;]*?INTERVAL\s+(\d+|\{\w+)/gi;
/** The parameter of `retention.sql`, and its value in a file of variables or in Compose's. */
const PARAMETER = "{retention_days";
const PARAMETER_DAYS = /\bTRACE_RETENTION_DAYS["']?\s*[:=]\s*["']?(\d+)/g;
const RUNS_CLICKHOUSE = /\bclickhouse(-server|\.service)\b/;
const RETENTION_SQL = /(^|\/)retention\.sql$/;

export const tracesRetention: Rule = {
  name: "retention-traces",
  description: "ClickHouse keeps traces 90 days.",
  severity: "medium",
  remedy: REMEDY,
  settings: { days: { type: "number", default: 90, minimum: 1 } },
  checks: [
    ...onFiles(({ path, content = "" }, { days }) => {
      if (!RETENTION_SQL.test(path)) return otherThan(days as number, matches(PARAMETER_DAYS, content));
      const found = matches(KEPT_DAYS, content);
      if (found.length === 0) return ["No table's old rows are deleted"];
      return otherThan(
        days as number,
        found.filter((each) => each !== PARAMETER),
      );
    }),
    ofType(Instance, (props) => {
      const files = machineFiles(props);
      const runs = files.some(({ content = "" }) => RUNS_CLICKHOUSE.test(content));
      const sql = files.find(({ path }) => RETENTION_SQL.test(path))?.content;
      if (runs && sql === undefined) return ["It runs ClickHouse and no retention.sql bounds its tables"];
      const given = files.some(({ content = "" }) => matches(PARAMETER_DAYS, content).length > 0);
      return sql?.includes(PARAMETER) && !given
        ? ["TRACE_RETENTION_DAYS of its retention.sql is not set"]
        : [];
    }),
  ],
};

function matches(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map((match) => match.slice(1).find(Boolean)!);
}

function otherThan(days: number, found: string[]): string[] {
  return [...new Set(found)]
    .filter((each) => each !== String(days))
    .map((each) => `A table keeps its rows ${each} days, not ${days}`);
}
