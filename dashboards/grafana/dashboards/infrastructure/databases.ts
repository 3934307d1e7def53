import { thresholds } from "../../../thresholds";
import type { Row } from "../../lib/dashboard";
import { rate } from "../../lib/expressions";
import { gauges, timeSeries } from "../../lib/panels";
import { prom, promNow } from "../../lib/queries";
import { limitSteps } from "../../lib/thresholds";
import { unit } from "../../lib/units";

/** What runs out first: connections, disk, memory, the queue. */
export const databases: Row = {
  title: "Databases",
  panels: [
    gauges({
      title: "Postgres connections",
      description: `Of all that the server takes. At the end of them the ledger is out of reach and every call fails closed;
        Database Saturation fires at ${thresholds.postgres.share * 100} %.`,
      unit: unit.share,
      width: 6,
      steps: limitSteps(thresholds.postgres.share),
      noValue: "unknown",
      queries: [
        promNow(
          "sum(max by (datname) (pg_stat_database_numbackends)) / max(pg_settings_max_connections)",
          "in use",
        ),
      ],
    }),
    timeSeries({
      title: "Connections by database",
      description: "Which of Postgres' databases holds them.",
      unit: unit.count,
      width: 6,
      queries: [
        prom(`max by (datname) (pg_stat_database_numbackends{datname!~"template.*"})`, "{{datname}}"),
      ],
    }),
    gauges({
      title: "ClickHouse disk",
      description: `Used share of the traces' disk. Disk Pressure fires at ${thresholds.clickhouse.share * 100} %: review the TTLs.`,
      unit: unit.share,
      width: 6,
      steps: limitSteps(thresholds.clickhouse.share),
      noValue: "unknown",
      queries: [
        promNow(
          "max(ClickHouseAsyncMetrics_DiskUsed_default / ClickHouseAsyncMetrics_DiskTotal_default)",
          "used",
        ),
      ],
    }),
    timeSeries({
      title: "ClickHouse throughput",
      description:
        "Queries and inserted rows a second. Rows that stop while calls go on: Langfuse's worker does not ingest.",
      unit: unit.countsPerSecond,
      width: 6,
      noValue: "ClickHouse reports nothing",
      queries: [
        prom(`sum(${rate("ClickHouseProfileEvents_Query")})`, "queries"),
        prom(`sum(${rate("ClickHouseProfileEvents_FailedQuery")})`, "failed queries"),
        prom(`sum(${rate("ClickHouseProfileEvents_InsertedRows")})`, "inserted rows"),
      ],
    }),
    gauges({
      title: "Redis memory",
      description: `Used share of the limit. Langfuse's queue never evicts, so a full one refuses traces;
        Redis Memory Pressure fires at ${thresholds.redis.share * 100} %.`,
      unit: unit.share,
      width: 6,
      steps: limitSteps(thresholds.redis.share),
      noValue: "unknown",
      queries: [
        promNow("max by (instance) (redis_memory_used_bytes / (redis_memory_max_bytes > 0))", "{{instance}}"),
      ],
    }),
    timeSeries({
      title: "Redis evictions and clients",
      description: "An eviction in the cache is normal; in Langfuse's queue it would be a lost trace.",
      unit: unit.count,
      width: 6,
      noValue: "Redis reports nothing",
      queries: [
        prom(`sum by (instance) (${rate("redis_evicted_keys_total")})`, "{{instance}} evictions/s"),
        prom("sum by (instance) (redis_connected_clients)", "{{instance}} clients"),
      ],
    }),
    timeSeries({
      title: "Langfuse's queues",
      description: `Jobs that wait for the worker or their next try, and jobs that failed for good, by queue. Langfuse Queue Backlog fires over ${thresholds.langfuseQueue.jobs}: the worker is behind.`,
      unit: unit.count,
      width: 12,
      noValue: "no queue is known",
      queries: [prom(`sum by (key) (redis_key_size{key=~"bull:.*:(wait|delayed|failed)"})`, "{{key}}")],
    }),
  ],
};
