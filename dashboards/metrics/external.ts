/** A metric of a server that is not ours, with where its name is documented. */
export interface ExternalMetric {
  name: string;
  /** Who publishes it. */
  server: string;
  source: string;
  /** Whether the local target has that server, so that a test sees the metric. */
  local: boolean;
}

const of = (server: string, source: string, local: boolean, names: string[]): ExternalMetric[] =>
  names.map((name) => ({ name, server, source, local }));

/**
 * What dashboards and rules read besides Tollgate's metrics (docs/interfaces.md). Names that cannot be seen on a running
 * server here are taken from the page that documents them, read on 2026-11-24.
 */
export const externalMetrics: ExternalMetric[] = [
  ...of("Prometheus", "https://prometheus.io/docs/concepts/jobs_instances/", true, [
    "up",
    "scrape_duration_seconds",
  ]),
  ...of("Prometheus", "https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/", true, [
    "ALERTS",
  ]),
  ...of(
    "every client library",
    "https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics",
    true,
    ["process_resident_memory_bytes", "process_cpu_seconds_total"],
  ),
  ...of("Prometheus", "https://github.com/prometheus/prometheus: rules/group.go", true, [
    "prometheus_rule_evaluation_failures_total",
  ]),
  ...of("Prometheus", "https://github.com/prometheus/prometheus: notifier/metric.go", true, [
    "prometheus_notifications_errors_total",
  ]),
  // Of the collectors: Alloy's `prometheus.remote_write` is Prometheus' own.
  ...of("Alloy", "https://github.com/prometheus/prometheus: storage/remote/queue_manager.go", false, [
    "prometheus_remote_storage_samples_failed_total",
  ]),
  // Born with the first call that no fallback answers.
  ...of("LiteLLM", "https://github.com/BerriAI/litellm: litellm/integrations/prometheus.py", true, [
    "litellm_deployment_failed_fallbacks_total",
    "litellm_deployment_successful_fallbacks_total",
  ]),
  // Counted by dashboards/alloy/lines.alloy, of a line of Langfuse's worker.
  ...of("Alloy", "https://grafana.com/docs/alloy/latest/reference/components/loki/loki.process/", false, [
    "tollgate_langfuse_dropped_records_total",
  ]),
  // Only where it sends the history to Google.
  ...of("Alloy", "https://opentelemetry.io/docs/collector/internal-telemetry/", false, [
    "otelcol_exporter_queue_capacity",
    "otelcol_exporter_send_failed_metric_points_total",
    "otelcol_exporter_sent_metric_points_total",
  ]),
  ...of("Alertmanager", "https://github.com/prometheus/alertmanager: notify/notify.go", true, [
    "alertmanager_notifications_total",
    "alertmanager_notifications_failed_total",
  ]),
  // stackdriver_<monitored resource>_<metric type>: https://github.com/prometheus-community/stackdriver_exporter#metrics
  ...of("Cloud Run", "https://docs.cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run", false, [
    "stackdriver_cloud_run_revision_run_googleapis_com_container_instance_count",
    "stackdriver_cloud_run_revision_run_googleapis_com_container_cpu_utilizations",
    "stackdriver_cloud_run_revision_run_googleapis_com_container_memory_utilizations",
    "stackdriver_cloud_run_revision_run_googleapis_com_container_startup_latencies",
    "stackdriver_cloud_run_revision_run_googleapis_com_container_billable_instance_time",
    "stackdriver_cloud_run_revision_run_googleapis_com_request_count",
  ]),
  // ClickHouseAsyncMetrics_<system.asynchronous_metrics>, ClickHouseProfileEvents_<system.events>
  ...of("ClickHouse", "https://clickhouse.com/docs/interfaces/prometheus", false, [
    "ClickHouseAsyncMetrics_DiskUsed_default",
    "ClickHouseAsyncMetrics_DiskTotal_default",
    "ClickHouseProfileEvents_Query",
    "ClickHouseProfileEvents_FailedQuery",
    "ClickHouseProfileEvents_InsertedRows",
  ]),
  // Alloy's prometheus.exporter.redis is this exporter.
  ...of("Redis's exporter", "https://github.com/oliver006/redis_exporter: exporter/exporter.go", false, [
    "redis_memory_used_bytes",
    "redis_memory_max_bytes",
    "redis_evicted_keys_total",
    "redis_connected_clients",
    "redis_key_size",
  ]),
];
