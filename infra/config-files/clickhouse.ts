import { definitions } from "../../litellm-config";
import { ports } from "../catalogue/ports";

/** ClickHouse's own logs: they grow far beyond the traces (langfuse#13123: 66.9 GiB against 6.5 MiB). */
const SYSTEM_LOGS = [
  "asynchronous_metric_log",
  "error_log",
  "metric_log",
  "part_log",
  "processors_profile_log",
  "query_log",
  "query_metric_log",
  "query_thread_log",
  "query_views_log",
  "text_log",
  "trace_log",
];

/**
 * ClickHouse's `config.d/` files by name: metrics for Prometheus, a week of system logs, memory for a small machine.
 *
 * @param archiveBucket Where the archive is written with the machine's own identity; Compose has none.
 */
export function clickhouseFiles(archiveBucket?: string): Record<string, string> {
  const days = definitions.retention.logs;
  const logs = SYSTEM_LOGS.map(
    (log) =>
      `  <${log}><database>system</database><table>${log}</table><ttl>event_date + INTERVAL ${days} DAY DELETE</ttl></${log}>`,
  );
  const archive = archiveBucket
    ? [
        "  <s3><archive>",
        `    <endpoint>https://storage.googleapis.com/${archiveBucket}/</endpoint>`,
        "    <http_client>gcp_oauth</http_client>",
        "  </archive></s3>",
      ]
    : [];
  return {
    "tollgate.xml": [
      "<clickhouse>",
      "  <listen_host>0.0.0.0</listen_host>",
      "  <prometheus>",
      "    <endpoint>/metrics</endpoint>",
      `    <port>${ports.clickhouseMetrics}</port>`,
      "    <metrics>true</metrics><events>true</events><asynchronous_metrics>true</asynchronous_metrics>",
      "  </prometheus>",
      "  <max_server_memory_usage_to_ram_ratio>0.8</max_server_memory_usage_to_ram_ratio>",
      "  <mark_cache_size>67108864</mark_cache_size>",
      ...logs,
      ...archive,
      "</clickhouse>",
      "",
    ].join("\n"),
  };
}

/** `generated/clickhouse/`: what Compose mounts. */
export function renderClickhouseFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(clickhouseFiles()).map(([name, text]) => [`clickhouse/${name}`, text]),
  );
}
