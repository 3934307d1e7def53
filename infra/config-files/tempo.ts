import { stringify } from "yaml";
import { definitions } from "../../litellm-config";
import { ports } from "../../catalogue/ports";

/** Where blocks are kept: a bucket named by an environment variable, or a folder of the machine. */
export type BlobStorage = { bucketVariable: string } | { folder: string };

/** Tempo's settings: OTLP in, blocks kept as long as logs, which link to them. */
export function tempoConfig(storage: BlobStorage): string {
  const onBucket = "bucketVariable" in storage;
  const retention = `${definitions.retention.logs * 24}h`;
  const folder = onBucket ? "/tmp/tempo" : storage.folder;
  return yaml({
    // A platform kills what has not stopped after ten seconds, and Tempo waits for its own connections until this has passed.
    server: { http_listen_port: ports.tempo, log_level: "warn", graceful_shutdown_timeout: "2s" },
    distributor: {
      receivers: {
        otlp: {
          protocols: {
            grpc: { endpoint: `0.0.0.0:${ports.otlpGrpc}` },
            http: { endpoint: `0.0.0.0:${ports.otlpHttp}` },
          },
        },
      },
    },
    // Tempo 3 has no compactor: one part plans what the other does, and both go by the same age.
    backend_scheduler: {
      local_work_path: `${folder}/work`,
      provider: { compaction: { compaction: { block_retention: retention } } },
    },
    // A compaction that is cut off is done again.
    backend_worker: { compaction: { block_retention: retention }, finish_on_shutdown_timeout: "2s" },
    // What is not in a block yet. On a disk it is read again after a restart.
    live_store: { wal: { path: `${folder}/live` }, shutdown_marker_dir: `${folder}/shutdown` },
    storage: {
      trace: {
        backend: onBucket ? "gcs" : "local",
        wal: { path: `${folder}/wal` },
        ...(onBucket
          ? { gcs: { bucket_name: `\${${storage.bucketVariable}}` } }
          : { local: { path: `${folder}/blocks` } }),
      },
    },
    usage_report: { reporting_enabled: false },
  });
}

/** `generated/tempo/`: what Compose mounts. */
export function renderTempoFiles(): Record<string, string> {
  return { "tempo/tempo.yaml": tempoConfig({ folder: "/var/tempo" }) };
}

function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0 });
}
