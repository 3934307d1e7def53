import { redisMetrics } from "../../dashboards/alloy/metrics";
import { alloy } from "../../dashboards/alloy/syntax";

const MEMORYSTORE = {
  name: "redis",
  host: "REDIS_HOST",
  port: "REDIS_PORT",
  password: "REDIS_PASSWORD",
  tls: true,
};

/**
 * The sidecar of an autoscaled service: scrapes its own instance and pushes to Prometheus. The job is the service's name, as
 * where Prometheus scrapes itself, so that one set of rules and dashboards fits every target.
 */
export function sidecarConfig(): Record<string, string> {
  return {
    "sidecar.alloy": `// Cloud Run gives every instance the same hostname: the metadata server knows them apart.
remote.http "instance" {
  url            = "http://metadata.google.internal/computeMetadata/v1/instance/id"
  headers        = { "Metadata-Flavor" = "Google" }
  poll_frequency = "24h"
}

prometheus.scrape "service" {
  targets = [{
    "__address__"      = sys.env("METRICS_ADDRESS"),
    "__metrics_path__" = sys.env("METRICS_PATH"),
    "job"              = sys.env("SERVICE_NAME"),
    "instance"         = remote.http.instance.content,
    "revision"         = sys.env("K_REVISION"),
  }]
  scrape_interval = "15s"
  forward_to      = [prometheus.remote_write.central.receiver]
}

${remoteWrite()}`,
  };
}

/**
 * What Google Cloud measures of its own services, under the names of stackdriver_exporter, and what Langfuse's Redis says of
 * itself: Memorystore does not report how many jobs wait.
 */
export function cloudMetricsConfig(): Record<string, string> {
  return {
    "config.alloy": `prometheus.exporter.gcp "platform" {
  project_ids      = [sys.env("GOOGLE_CLOUD_PROJECT")]
  metrics_prefixes = [
    "run.googleapis.com/container",
    "run.googleapis.com/request_count",
    "run.googleapis.com/request_latencies",
    "cloudsql.googleapis.com/database/cpu",
    "cloudsql.googleapis.com/database/disk",
    "cloudsql.googleapis.com/database/memory",
    "cloudsql.googleapis.com/database/postgresql/num_backends",
    "redis.googleapis.com/stats/memory",
    "redis.googleapis.com/stats/evicted_keys",
    "pubsub.googleapis.com/subscription/num_undelivered_messages",
  ]
}

prometheus.scrape "platform" {
  targets         = prometheus.exporter.gcp.platform.targets
  scrape_interval = "60s"
  scrape_timeout  = "50s"
  forward_to      = [prometheus.remote_write.central.receiver]
}

${alloy(redisMetrics(MEMORYSTORE))}
${remoteWrite()}`,
  };
}

function remoteWrite(): string {
  return `prometheus.remote_write "central" {
  endpoint {
    url = sys.env("PROMETHEUS_URL") + "/api/v1/write"
  }
}
`;
}
