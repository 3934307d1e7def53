import { rareEventCases } from "../support/rare-events";
import { counter, type Expected, type Suite } from "../support/suite";

const run = "stackdriver_cloud_run_revision_run_googleapis_com";
const starts = (service: string, revision = "r1") =>
  `${run}_container_startup_latencies_count{service_name="${service}",revision_name="${revision}"}`;
const requests = (service: string, revision = "r1") =>
  `${run}_request_count{service_name="${service}",revision_name="${revision}",response_code_class="2xx"}`;
const backends = (datname: string, instance = "one") =>
  `pg_stat_database_numbackends{datname="${datname}",instance="${instance}"}`;
const maximum = (instance = "one") => `pg_settings_max_connections{instance="${instance}"}`;
const used = `ClickHouseAsyncMetrics_DiskUsed_default{instance="ch"}`;
const total = `ClickHouseAsyncMetrics_DiskTotal_default{instance="ch"}`;
const queue = (key: string) => `redis_key_size{key="${key}",db="db0"}`;

const warning = (service: string, summary: string): Expected => ({
  severity: "warning",
  service,
  team: "platform",
  summary,
  dashboard: "infrastructure",
});

export const platformSuite: Suite = {
  group: "platform",
  interval: 60,
  cases: [
    {
      alert: "ColdStartSurge",
      shows: "fires when over half of a service's requests meet a cold start",
      series: {
        [starts("agent")]: counter([40, 0.6]),
        [starts("agent", "r2")]: counter([40, 0.45]),
        [requests("agent")]: counter([40, 1]),
        [requests("agent", "r2")]: counter([40, 1]),
        [starts("gateway")]: counter([40, 0.1]),
        [requests("gateway")]: counter([40, 50]),
      },
      onset: "15m",
      alerts: [
        {
          ...warning("agent", "52.5% of requests to agent meet a cold start"),
          labels: { service_name: "agent" },
        },
      ],
    },
    {
      alert: "ColdStartSurge",
      shows: "is quiet when half do, or less",
      series: {
        [starts("agent")]: counter([40, 1.03]),
        [requests("agent")]: counter([40, 2.1]),
        [starts("gateway")]: counter([40, 2]),
        [requests("gateway")]: counter([40, 4]),
      },
      quietAt: "30m",
    },
    {
      alert: "ColdStartSurge",
      shows: "is quiet with fewer than twenty requests",
      series: { [starts("agent")]: counter([40, 1.9]), [requests("agent")]: counter([40, 1.9]) },
      quietAt: "30m",
    },
    {
      alert: "ColdStartSurge",
      shows: "is quiet when a deployment starts instances before any request",
      series: { [starts("agent")]: counter([40, 5]), [requests("agent")]: "0x40" },
      quietAt: "30m",
    },
    {
      alert: "DatabaseSaturation",
      shows: "fires over 80 % of the connections, all databases together, regardless of a second exporter",
      series: {
        [backends("ledger")]: "10 41x20",
        [backends("langfuse")]: "40x21",
        [maximum()]: "100x21",
        [backends("ledger", "two")]: "10x21",
        [maximum("two")]: "90x21",
      },
      onset: "6m",
      alerts: [warning("postgres", "Postgres uses 81% of its connections")],
    },
    {
      alert: "DatabaseSaturation",
      shows: "is quiet at exactly 80 %",
      series: { [backends("ledger")]: "40x20", [backends("langfuse")]: "40x20", [maximum()]: "100x20" },
      quietAt: "15m",
    },
    {
      alert: "DatabaseSaturation",
      shows: "holds while the exporter restarts",
      series: {
        [backends("ledger")]: "90 90 stale _ _ _ 90 stale",
        [maximum()]: "100x20",
      },
      onset: "5m",
      alerts: [warning("postgres", "Postgres uses 90% of its connections")],
      also: ["10m"],
      ends: "13m",
    },
    {
      alert: "DatabaseSaturation",
      shows: "ends when the size of the pool is unknown",
      series: { [backends("ledger")]: "90x20", [maximum()]: "100 100 stale _ _ _ 100 stale" },
      onset: "5m",
      alerts: [warning("postgres", "Postgres uses 90% of its connections")],
      also: ["10m"],
      ends: "13m",
    },
    {
      alert: "DiskPressure",
      shows: "fires when ClickHouse's disk is over 80 % full for 10 minutes",
      series: { [used]: "80 81x30", [total]: "100x31" },
      onset: "11m",
      alerts: [{ ...warning("clickhouse", "ClickHouse's disk is 81% full"), labels: { instance: "ch" } }],
    },
    {
      alert: "DiskPressure",
      shows: "is quiet at exactly 80 %",
      series: { [used]: "80x30", [total]: "100x30" },
      quietAt: "25m",
    },
    {
      alert: "RedisMemoryPressure",
      shows: "fires over 80 % of the memory for 10 minutes",
      series: {
        [`redis_memory_used_bytes{instance="r"}`]: "80 81x30",
        [`redis_memory_max_bytes{instance="r"}`]: "100x31",
      },
      onset: "11m",
      alerts: [{ ...warning("redis", "Redis uses 81% of its memory"), labels: { instance: "r" } }],
    },
    {
      alert: "RedisMemoryPressure",
      shows: "is quiet at exactly 80 %, and without a limit",
      series: {
        [`redis_memory_used_bytes{instance="r"}`]: "80x30",
        [`redis_memory_max_bytes{instance="r"}`]: "100x30",
        [`redis_memory_used_bytes{instance="s"}`]: "80x30",
        [`redis_memory_max_bytes{instance="s"}`]: "0x30",
      },
      quietAt: "25m",
    },
    {
      alert: "LangfuseQueueBacklog",
      shows: "fires when over a thousand jobs wait for 15 minutes",
      series: {
        [queue("bull:otel-ingestion-queue:wait")]: "1000 1001x30",
        [queue("bull:otel-ingestion-queue:failed")]: "5000x31",
      },
      onset: "16m",
      alerts: [
        {
          ...warning("langfuse-worker", "1001 jobs wait in bull:otel-ingestion-queue:wait"),
          labels: { key: "bull:otel-ingestion-queue:wait", db: "db0" },
        },
      ],
    },
    {
      alert: "LangfuseQueueBacklog",
      shows: "is quiet at exactly a thousand, of one queue",
      series: {
        [queue("bull:otel-ingestion-queue:wait")]: "1000x40",
        [queue("bull:ingestion-queue:wait")]: "1000x40",
      },
      quietAt: "35m",
    },
    {
      alert: "LangfuseQueueBacklog",
      shows: "sees jobs that wait for their next try",
      series: { [queue("bull:evaluation-execution-queue:delayed")]: "1000 1001x30" },
      onset: "16m",
      alerts: [
        {
          ...warning("langfuse-worker", "1001 jobs wait in bull:evaluation-execution-queue:delayed"),
          labels: { key: "bull:evaluation-execution-queue:delayed", db: "db0" },
        },
      ],
    },
    {
      alert: "LangfuseJobsFailing",
      shows: "fires when over fifty jobs of a queue fail for good within an hour, for an hour",
      series: { [queue("bull:otel-ingestion-queue:failed")]: "7x90 58x90" },
      onset: "91m",
      also: ["150m"],
      ends: "151m",
      alerts: [
        {
          ...warning("langfuse-worker", "51 jobs of bull:otel-ingestion-queue:failed have failed for good"),
          labels: { key: "bull:otel-ingestion-queue:failed", db: "db0" },
        },
      ],
    },
    {
      alert: "LangfuseJobsFailing",
      shows: "counts the first failures, before which there is no key",
      series: { [queue("bull:otel-ingestion-queue:failed")]: "_x5 51x60" },
      onset: "5m",
      alerts: [
        {
          ...warning("langfuse-worker", "51 jobs of bull:otel-ingestion-queue:failed have failed for good"),
          labels: { key: "bull:otel-ingestion-queue:failed", db: "db0" },
        },
      ],
    },
    {
      alert: "LangfuseJobsFailing",
      shows: "is quiet at fifty, for old failures, and for jobs that wait",
      series: {
        [queue("bull:otel-ingestion-queue:failed")]: "7x90 57x90",
        [queue("bull:ingestion-queue:failed")]: "5000x180",
        [queue("bull:otel-ingestion-queue:wait")]: "7x90 900x90",
      },
      quietAt: ["91m", "120m"],
    },
    ...rareEventCases({
      alert: "LangfuseRecordsDropped",
      counter: (instance) => `tollgate_langfuse_dropped_records_total{instance="${instance}"}`,
      expected: (records) => warning("langfuse-worker", `Langfuse has dropped ${records} records`),
      least: 1,
      holds: 0,
    }),
  ],
};
