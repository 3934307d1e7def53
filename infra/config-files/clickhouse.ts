import { definitions } from "../../litellm-config";
import { ports } from "../../catalogue/ports";

/** Where ClickHouse on Compose writes the archive of traces. */
export const COMPOSE_ARCHIVE_URL = `http://blob-store:${ports.blobStore}/trace-archive`;

/**
 * ClickHouse's own logs, by the column that says when: they grow far beyond the traces (langfuse#13123: 66.9 GiB against
 * 6.5 MiB). All that its `config.xml` turns on are here, `opentelemetry_span_log` and `latency_log` among them.
 */
const SYSTEM_LOGS: Record<string, string> = {
  asynchronous_metric_log: "event_date",
  error_log: "event_date",
  latency_log: "event_date",
  metric_log: "event_date",
  opentelemetry_span_log: "finish_date",
  part_log: "event_date",
  processors_profile_log: "event_date",
  query_log: "event_date",
  query_metric_log: "event_date",
  query_thread_log: "event_date",
  query_views_log: "event_date",
  text_log: "event_date",
  trace_log: "event_date",
};

/** The archive's bucket where ClickHouse writes with the machine's own identity. */
function cloudStorage(bucket: string): string[] {
  return [
    `    <endpoint>https://storage.googleapis.com/${bucket}/</endpoint>`,
    "    <http_client>gcp_oauth</http_client>",
  ];
}

/** Compose's blob store with the keys in the container's environment; the slash ends the match of a prefix. */
const blobStore = [
  `    <endpoint>${COMPOSE_ARCHIVE_URL}/</endpoint>`,
  '    <access_key_id from_env="TRACE_ARCHIVE_ACCESS_KEY_ID"/>',
  '    <secret_access_key from_env="TRACE_ARCHIVE_SECRET_ACCESS_KEY"/>',
];

/**
 * ClickHouse's `config.d/` files by name: metrics for Prometheus, a week of system logs, memory for a small machine, and
 * how it reaches the archive of traces.
 *
 * @param archiveBucket A bucket of Cloud Storage.
 */
export function clickhouseFiles(archiveBucket: string): Record<string, string> {
  return configFiles(cloudStorage(archiveBucket));
}

function configFiles(archive: string[]): Record<string, string> {
  const days = definitions.retention.logs;
  const logs = Object.entries(SYSTEM_LOGS).map(
    ([log, date]) =>
      `  <${log}><database>system</database><table>${log}</table><ttl>${date} + INTERVAL ${days} DAY DELETE</ttl></${log}>`,
  );
  return {
    "tollgate.xml": [
      "<clickhouse>",
      "  <listen_host>0.0.0.0</listen_host>",
      `  <http_port>${ports.clickhouse}</http_port>`,
      `  <tcp_port>${ports.clickhouseNative}</tcp_port>`,
      "  <prometheus>",
      "    <endpoint>/metrics</endpoint>",
      `    <port>${ports.clickhouseMetrics}</port>`,
      "    <metrics>true</metrics><events>true</events><asynchronous_metrics>true</asynchronous_metrics>",
      "  </prometheus>",
      "  <max_server_memory_usage_to_ram_ratio>0.8</max_server_memory_usage_to_ram_ratio>",
      "  <mark_cache_size>67108864</mark_cache_size>",
      ...logs,
      "  <s3><archive>",
      ...archive,
      "  </archive></s3>",
      "</clickhouse>",
      "",
    ].join("\n"),
  };
}

/** The same for Compose, where the archive is in the blob store. */
export function composeClickhouseFiles(): Record<string, string> {
  return configFiles(blobStore);
}
