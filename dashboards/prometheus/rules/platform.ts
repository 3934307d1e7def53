import { thresholds } from "../../thresholds";
import { growth, held, rareEvents } from "./promql";
import type { Alert } from "./rule";

const { coldStarts, postgres, clickhouse, redis, langfuseQueue } = thresholds;

const RUN = "stackdriver_cloud_run_revision_run_googleapis_com";
const starts = growth(`${RUN}_container_startup_latencies_count`, coldStarts.window, ["service_name"]);
const requests = growth(`${RUN}_request_count`, coldStarts.window, ["service_name"]);

const FAILED_JOBS = `redis_key_size{key=~"bull:.*:failed"}`;

export const platformAlerts: Alert[] = [
  {
    name: "ColdStartSurge",
    severity: "warning",
    service: "{{ $labels.service_name }}",
    team: "platform",
    // Cloud Run does not say which request waited: each instance that starts makes at least one wait.
    expr: `${starts} / ${requests} > ${coldStarts.share} and ${requests} >= ${coldStarts.minRequests}`,
    for: coldStarts.for,
    summary: "{{ $value | humanizePercentage }} of requests to {{ $labels.service_name }} meet a cold start",
    description: `Over ${coldStarts.window}. Review the scaling: minimum instances, concurrency, start-up CPU boost.`,
    dashboard: "infrastructure",
  },
  {
    name: "DatabaseSaturation",
    severity: "warning",
    service: "postgres",
    team: "platform",
    expr: `
      sum(max by (datname) (${held("pg_stat_database_numbackends")})) / max(${held("pg_settings_max_connections")})
      > ${postgres.share}`,
    for: postgres.for,
    summary: "Postgres uses {{ $value | humanizePercentage }} of its connections",
    description: `At the end of the pool the ledger refuses the gateway and every LLM call fails closed. See which
      database and which role hold them.`,
    dashboard: "infrastructure",
  },
  {
    name: "DiskPressure",
    severity: "warning",
    service: "clickhouse",
    team: "platform",
    expr: `
      ClickHouseAsyncMetrics_DiskUsed_default / ClickHouseAsyncMetrics_DiskTotal_default
      > ${clickhouse.share}`,
    for: clickhouse.for,
    summary: "ClickHouse's disk is {{ $value | humanizePercentage }} full",
    description: `Review the retention: the traces' TTL, ClickHouse's own system logs, the archive. A full disk stops the
      ingestion of traces, not the customers' calls.`,
    dashboard: "infrastructure",
  },
  {
    name: "RedisMemoryPressure",
    severity: "warning",
    service: "redis",
    team: "platform",
    // A Redis without a limit reports 0, and nothing is a share of that.
    expr: `redis_memory_used_bytes / (redis_memory_max_bytes != 0) > ${redis.share}`,
    for: redis.for,
    summary: "Redis uses {{ $value | humanizePercentage }} of its memory",
    description: `Langfuse's queue never evicts: when it is full, traces are refused. Is the worker behind?`,
    dashboard: "infrastructure",
  },
  {
    name: "LangfuseQueueBacklog",
    severity: "warning",
    service: "langfuse-worker",
    team: "platform",
    // A job that failed waits in `delayed` for its next try: while ClickHouse is away, all of them do.
    expr: `redis_key_size{key=~"bull:.*:(wait|delayed)"} > ${langfuseQueue.jobs}`,
    for: langfuseQueue.for,
    summary: `{{ printf "%.0f" $value }} jobs wait in {{ $labels.key }}`,
    description: `Langfuse's worker does not keep up, or is gone. Traces come late; budgets are not touched, they are
      enforced by the ledger.`,
    dashboard: "infrastructure",
  },
  {
    name: "LangfuseJobsFailing",
    severity: "warning",
    service: "langfuse-worker",
    team: "platform",
    // Redis has no key before the first failure.
    expr: `
      ${FAILED_JOBS} - (${FAILED_JOBS} offset ${langfuseQueue.failedWindow} or ${FAILED_JOBS} * 0) > ${langfuseQueue.failed}`,
    summary: `{{ printf "%.0f" $value }} jobs of {{ $labels.key }} have failed for good`,
    description: `In the last ${langfuseQueue.failedWindow}, after all their tries: traces or scores are missing in Langfuse. The
      worker's log says why; the ledger has the costs in any case.`,
    dashboard: "infrastructure",
  },
  {
    name: "LangfuseRecordsDropped",
    severity: "warning",
    service: "langfuse-worker",
    team: "platform",
    expr: `${rareEvents("tollgate_langfuse_dropped_records_total")} > 0`,
    summary: `Langfuse has dropped {{ printf "%.0f" $value }} records`,
    description: `Its worker could not write to ClickHouse for longer than it tries. Their jobs count as done and no queue
      shows them; the raw events are in the blob store.`,
    dashboard: "infrastructure",
  },
];
