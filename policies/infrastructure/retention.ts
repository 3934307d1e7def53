import { parse } from "yaml";
import { definitions } from "../../litellm-config";
import type { Rule } from "../rule";
import { containersOf } from "./containers";
import { BUCKET_OBJECT, RUN_SERVICE, VM } from "./types";

const REMEDY = "Render it from litellm-config/definitions/retention.ts with `npm run render`";

export const metricsRetention: Rule = {
  name: "retention-metrics",
  description: `Prometheus keeps ${definitions.retention.metrics} days.`,
  severity: "medium",
  remedy: REMEDY,
  types: [RUN_SERVICE],
  check: (props, { type }) => {
    const wanted = `${definitions.retention.metrics}d`;
    if (props.name !== "tollgate-prometheus") return [];
    const args: string[] = containersOf(props, type)[0]?.args ?? [];
    const found = args.map((arg) => /^--storage\.tsdb\.retention\.time=(.+)$/.exec(arg)?.[1]).find(Boolean);
    return found === wanted ? [] : [`storage.tsdb.retention.time is ${found ?? "not set"}, not ${wanted}`];
  },
};

export const logsRetention: Rule = {
  name: "retention-logs",
  description: `Loki keeps ${definitions.retention.logs} days.`,
  severity: "medium",
  remedy: REMEDY,
  types: [BUCKET_OBJECT],
  check: ({ name, content }) => {
    if (!/^loki\/.+\/loki\.yaml$/.test(String(name))) return [];
    const config = parse(content) as { limits_config?: { retention_period?: string } };
    const wanted = `${definitions.retention.logs * 24}h`;
    const found = config.limits_config?.retention_period;
    return found === wanted ? [] : [`limits_config.retention_period is ${found ?? "not set"}, not ${wanted}`];
  },
};

export const tracesRetention: Rule = {
  name: "retention-traces",
  description: `ClickHouse keeps traces ${definitions.retention.traces} days.`,
  severity: "medium",
  remedy: REMEDY,
  types: [VM],
  check: ({ metadata }) => {
    const userData: unknown = metadata?.["user-data"];
    if (typeof userData !== "string" || !userData.includes("clickhouse")) return [];
    const found = [...userData.matchAll(/toIntervalDay\((\d+)\)|INTERVAL (\d+) DAY/g)].map((match) =>
      Number(match[1] ?? match[2]),
    );
    return found.includes(definitions.retention.traces)
      ? []
      : [`The machine's user-data sets no TTL of ${definitions.retention.traces} days`];
  },
};
