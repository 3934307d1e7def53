import { stringify } from "yaml";
import { ports } from "../../catalogue";
import { definitions } from "../../litellm-config";

/** Where Loki keeps its chunks: a volume, or Cloud Storage. */
export type LokiStore = "filesystem" | "gcs";

/** Loki is started with `-config.expand-env`: the bucket's name comes from the container's environment. */
const STORES = {
  filesystem: { filesystem: { directory: "/loki/chunks" } },
  gcs: { gcs: { bucket_name: "${LOKI_BUCKET}" } },
} as const;

/**
 * Loki's configuration: one process, an index a day, and a compactor that deletes what is older than the definitions say.
 *
 * Source: https://grafana.com/docs/loki/latest/configure/ (3.x; index `tsdb`, schema `v13`).
 */
export function lokiConfig(store: LokiStore): string {
  const retention = `${definitions.retention.logs * 24}h`;
  return stringify(
    {
      auth_enabled: false,
      server: { http_listen_port: ports.loki, log_level: "warn", log_format: "json" },
      common: {
        path_prefix: "/loki",
        replication_factor: 1,
        // The address at which workers find the query frontend: without this, the first private interface.
        instance_addr: "127.0.0.1",
        ring: { instance_addr: "127.0.0.1", kvstore: { store: "inmemory" } },
      },
      schema_config: {
        configs: [
          {
            from: "2026-01-01",
            store: "tsdb",
            object_store: store,
            schema: "v13",
            index: { prefix: "index_", period: "24h" },
          },
        ],
      },
      storage_config: STORES[store],
      ingester: {
        chunk_encoding: "snappy",
        // Lines are taken until half of it behind the newest of their stream: the backlog of an outage comes out of order, and
        // Alloy does not send again what is refused with 400.
        max_chunk_age: "24h",
        chunk_idle_period: "30m",
        // Cloud Run replaces an instance at any time, and its files go with it: what is in memory is stored before it ends.
        wal: { flush_on_shutdown: true },
      },
      compactor: {
        working_directory: "/loki/compactor",
        retention_enabled: true,
        retention_delete_delay: "2h",
        delete_request_store: store,
      },
      limits_config: {
        retention_period: retention,
        reject_old_samples: true,
        reject_old_samples_max_age: retention,
        // A client that makes up labels would make a stream of each value.
        max_label_names_per_series: 5,
        ingestion_rate_mb: 8,
        ingestion_burst_size_mb: 16,
        volume_enabled: true,
      },
      analytics: { reporting_enabled: false },
    },
    { lineWidth: 0 },
  );
}

/** `generated/loki/`: what Compose mounts. */
export function renderLokiFiles(): Record<string, string> {
  return { "loki/loki.yaml": lokiConfig("filesystem") };
}
