import { logQueries } from "../../loki/queries";
import { records } from "../../prometheus/rules/recording";
import { thresholds } from "../../thresholds";
import { dashboard, type Row } from "../lib/dashboard";
import { FAILING_SHARE } from "../lib/expressions";
import { gauges, logLines, stat, timeline, timeSeries } from "../lib/panels";
import { logs, prom } from "../lib/queries";
import { limitSteps, upSteps } from "../lib/thresholds";
import { unit } from "../lib/units";

/** Cloud Run's own metrics as Cloud Monitoring names them; counters and histograms by the collector. */
const RUN = "stackdriver_cloud_run_revision_run_googleapis_com";

const rate = (selector: string) => `rate(${selector}[$__rate_interval])`;

/** Cloud Monitoring has a point a minute and the collector asks every five: shorter windows are empty. */
const cloudRate = (metric: string, by: string) => `sum by (${by}) (rate(${RUN}_${metric}[15m]))`;

const cloudQuantile = (metric: string) =>
  `histogram_quantile(0.95, sum by (le, service_name) (rate(${RUN}_${metric}_bucket[15m])))`;

const health: Row = {
  title: "Health of every service",
  panels: [
    timeline({
      title: "Services",
      description: "Whether each service answers Prometheus. Red is down, a gap is not there at all.",
      unit: unit.none,
      width: 16,
      height: 10,
      steps: upSteps,
      queries: [prom("min by (job) (up)", "{{job}}")],
    }),
    stat({
      title: "Services up",
      description: "Targets that answer, of all that are known.",
      unit: unit.share,
      height: 10,
      steps: [
        [0, "red"],
        [1, "green"],
      ],
      queries: [prom("sum(up) / count(up)", "up")],
    }),
    stat({
      title: "Ledger",
      description:
        "Whether the ledger answers. While it does not, every LLM call is refused and none is spent.",
      unit: unit.none,
      height: 10,
      steps: upSteps,
      queries: [prom("min(tollgate_ledger_up)", "ledger")],
    }),
    stat({
      title: "Scrapes that take longest",
      description: "A service that is slow to tell its metrics is short of CPU.",
      unit: unit.seconds,
      width: 8,
      height: 8,
      queries: [prom("topk(3, max by (job) (scrape_duration_seconds))", "{{job}}")],
    }),
    timeSeries({
      title: "Memory of each process",
      description: "Resident bytes. The limit is in the catalogue; a line that only climbs is a leak.",
      unit: unit.bytes,
      queries: [prom("sum by (job) (process_resident_memory_bytes)", "{{job}}")],
    }),
    timeSeries({
      title: "CPU of each process",
      description: "Cores in use; the share that the catalogue gives is the limit.",
      unit: unit.count,
      queries: [prom(`sum by (job) (${rate("process_cpu_seconds_total")})`, "{{job}}")],
    }),
  ],
};

const cloudRun: Row = {
  title: "Cloud Run",
  panels: [
    timeSeries({
      title: "Instances",
      description: "By service and state; idle ones are kept warm and cost less.",
      unit: unit.count,
      queries: [
        prom(`sum by (service_name, state) (${RUN}_container_instance_count)`, "{{service_name}} {{state}}"),
      ],
    }),
    timeSeries({
      title: "CPU, p95 of the instances",
      description: "Share of the CPU that an instance has.",
      unit: unit.share,
      queries: [prom(cloudQuantile("container_cpu_utilizations"), "{{service_name}}")],
    }),
    timeSeries({
      title: "Memory, p95 of the instances",
      description: "Share of the memory that an instance has; at 1 it is ended.",
      unit: unit.share,
      queries: [prom(cloudQuantile("container_memory_utilizations"), "{{service_name}}")],
    }),
    timeSeries({
      title: "Cold starts",
      description: `Instances that start, of all requests. Cold Start Surge fires over ${thresholds.coldStarts.share * 100} %.`,
      unit: unit.share,
      steps: limitSteps(thresholds.coldStarts.share),
      queries: [
        prom(
          `${cloudRate("container_startup_latencies_count", "service_name")}
           / (${cloudRate("request_count", "service_name")} > 0)`,
          "{{service_name}}",
        ),
      ],
    }),
    timeSeries({
      title: "Start-up time, p95",
      description: "Milliseconds from the decision to start an instance to its first request, in seconds.",
      unit: unit.seconds,
      queries: [prom(`${cloudQuantile("container_startup_latencies")} / 1000`, "{{service_name}}")],
    }),
    timeSeries({
      title: "Billed instance time",
      description: "Instance-seconds a second: one is an instance that is billed around the clock.",
      unit: unit.count,
      queries: [prom(cloudRate("container_billable_instance_time", "service_name"), "{{service_name}}")],
    }),
  ],
};

const databases: Row = {
  title: "Databases",
  panels: [
    gauges({
      title: "Postgres connections",
      description: `Of all that the server takes. At the end of them the ledger is out of reach and every call fails closed;
        Database Saturation fires at ${thresholds.postgres.share * 100} %.`,
      unit: unit.share,
      width: 6,
      steps: limitSteps(thresholds.postgres.share),
      queries: [prom("sum(pg_stat_database_numbackends) / max(pg_settings_max_connections)", "in use")],
    }),
    timeSeries({
      title: "Postgres connections by database",
      description: "Which database holds them.",
      unit: unit.count,
      width: 6,
      queries: [prom("sum by (datname) (pg_stat_database_numbackends)", "{{datname}}")],
    }),
    gauges({
      title: "ClickHouse disk",
      description: `Used share of the traces' disk. Disk Pressure fires at ${thresholds.clickhouse.share * 100} %: review the TTLs.`,
      unit: unit.share,
      width: 6,
      steps: limitSteps(thresholds.clickhouse.share),
      queries: [
        prom(
          "max(ClickHouseAsyncMetrics_DiskUsed_default / ClickHouseAsyncMetrics_DiskTotal_default)",
          "used",
        ),
      ],
    }),
    timeSeries({
      title: "ClickHouse queries and inserted rows",
      description: "A second. Rows that stop while calls go on: Langfuse's worker does not ingest.",
      unit: unit.countsPerSecond,
      width: 6,
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
      queries: [
        prom("max by (instance) (redis_memory_used_bytes / (redis_memory_max_bytes > 0))", "{{instance}}"),
      ],
    }),
    timeSeries({
      title: "Redis evictions and clients",
      description: "An eviction in the cache is normal; in Langfuse's queue it would be a lost trace.",
      unit: unit.count,
      width: 6,
      queries: [
        prom(`sum by (instance) (${rate("redis_evicted_keys_total")})`, "{{instance}} evictions/s"),
        prom("sum by (instance) (redis_connected_clients)", "{{instance}} clients"),
      ],
    }),
    timeSeries({
      title: "Langfuse's queues",
      description: `Jobs that wait, by queue. Langfuse Queue Backlog fires over ${thresholds.langfuseQueue.jobs}: the worker is behind.`,
      unit: unit.count,
      width: 12,
      queries: [prom(`sum by (key) (redis_key_size{key=~"bull:.*:wait"})`, "{{key}}")],
    }),
  ],
};

const traffic: Row = {
  title: "Throughput and errors",
  panels: [
    timeSeries({
      title: "Requests",
      description: "A second: what customers ask of the agent, and what the agent asks of the gateway.",
      unit: unit.perSecond,
      queries: [prom(records.requests, "{{service}}")],
    }),
    timeSeries({
      title: "Requests that fail",
      description: `Share of the last five minutes. Error Spike fires over ${thresholds.errors.share * 100} %.`,
      unit: unit.share,
      steps: limitSteps(thresholds.errors.share),
      queries: [prom(FAILING_SHARE, "{{service}}")],
    }),
    timeSeries({
      title: "Cloud Run requests by answer",
      description: "A second, by class of the HTTP status.",
      unit: unit.perSecond,
      stacked: true,
      queries: [prom(cloudRate("request_count", "response_code_class"), "{{response_code_class}}")],
    }),
  ],
};

const ledger: Row = {
  title: "The guard and its ledger",
  panels: [
    timeSeries({
      title: "Reserve and settle, p95 and p99",
      description: "What the guard adds to a call: one round trip before it, one after it.",
      unit: unit.seconds,
      queries: ["reserve", "settle"].flatMap((step) =>
        [0.95, 0.99].map((q) =>
          prom(
            `histogram_quantile(${q}, sum by (le) (${rate(`tollgate_guard_${step}_seconds_bucket`)}))`,
            `${step} p${q * 100}`,
          ),
        ),
      ),
    }),
    timeSeries({
      title: "Holds",
      description:
        "Calls that hold money now, as the ledger and as the gateway see it; and the oldest one's age.",
      unit: unit.count,
      queries: [
        prom("tollgate_ledger_holds_pending", "pending in the ledger"),
        prom("sum(tollgate_guard_holds_in_flight)", "in flight at the gateway"),
        prom("tollgate_ledger_oldest_hold_seconds", "oldest"),
      ],
      overrides: {
        oldest: [
          { id: "unit", value: unit.seconds },
          { id: "custom.axisPlacement", value: "right" },
        ],
      },
    }),
    timeSeries({
      title: "Ledger errors and holds that expired",
      description:
        "Each is a finding: errors fail calls closed, an expired hold was charged because its gateway died.",
      unit: unit.countsPerSecond,
      queries: [
        prom(
          `sum by (operation) (${rate("tollgate_guard_ledger_errors_total")}) or vector(0)`,
          "{{operation}} errors",
        ),
        prom(`sum(${rate("tollgate_guard_holds_expired_total")}) or vector(0)`, "holds expired"),
      ],
    }),
  ],
};

const langfuse: Row = {
  title: "Langfuse's logs",
  panels: Object.values(logQueries.langfuse).map(({ title, description, expr }) =>
    logLines({ title, description, width: 12, queries: [logs(expr)] }),
  ),
};

/** For whoever runs the platform: is every part up, and what runs out first. */
export const infrastructure = dashboard({
  uid: "infrastructure",
  title: "Infrastructure",
  description: "Health of every service, Cloud Run, databases, throughput, the guard's ledger.",
  from: "now-6h",
  refresh: "30s",
  rows: [health, cloudRun, databases, traffic, ledger, langfuse],
});
