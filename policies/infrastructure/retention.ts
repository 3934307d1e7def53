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

/** How long a table keeps its rows: what is deleted once it is archived, or a TTL. */
const KEPT_DAYS =
  /DELETE\s+WHERE\b[^;]*?today\(\)\s*-\s*(\d+)|toIntervalDay\((\d+)\)|TTL\b[^;]*?INTERVAL\s+(\d+)\s+DAY/gi;
const RUNS_CLICKHOUSE = /\bclickhouse(-server|\.service)\b/;
const RETENTION_SQL = /(^|\/)retention\.sql$/;

export const tracesRetention: Rule = {
  name: "retention-traces",
  description: "ClickHouse keeps traces 90 days.",
  severity: "medium",
  remedy: REMEDY,
  settings: { days: { type: "number", default: 90, minimum: 1 } },
  checks: [
    ...onFiles(({ path, content = "" }, { days }) =>
      RETENTION_SQL.test(path) ? otherThan(days as number, content) : [],
    ),
    ofType(Instance, (props) => {
      const files = machineFiles(props);
      const runs = files.some(({ content = "" }) => RUNS_CLICKHOUSE.test(content));
      const bounded = files.some(({ path }) => RETENTION_SQL.test(path));
      return runs && !bounded ? ["It runs ClickHouse and no retention.sql bounds its tables"] : [];
    }),
  ],
};

/** How long tables keep their rows where it is not as wanted, in days. */
function otherThan(days: number, sql: string): string[] {
  const found = [...sql.matchAll(KEPT_DAYS)].map((match) => Number(match[1] ?? match[2] ?? match[3]));
  if (found.length === 0) return ["No table's old rows are deleted"];
  return [...new Set(found)]
    .filter((each) => each !== days)
    .map((each) => `A table keeps its rows ${each} days, not ${days}`);
}
