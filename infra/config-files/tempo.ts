import { stringify } from "yaml";
import { definitions } from "../../litellm-config";
import { ports } from "../../catalogue/ports";

/** Where blocks are kept: a bucket named by an environment variable, or a folder of the machine. */
export type BlobStorage = { bucketVariable: string } | { folder: string };

/**
 * Where files are memory, which ends with its instance: a trace is in the bucket about three seconds after its last span, and
 * after SIGTERM Tempo works on for long enough. The platform kills it after ten seconds.
 */
const SOON = {
  flush_check_period: "500ms",
  max_trace_idle: "1s",
  max_trace_live: "2s",
  max_block_duration: "1s",
};
const SHUTDOWN_DELAY = "5s";

/** Tempo's settings: OTLP in, blocks kept as long as logs, which link to them. */
export function tempoConfig(storage: BlobStorage): string {
  const onBucket = "bucketVariable" in storage;
  const retention = `${definitions.retention.logs * 24}h`;
  const folder = onBucket ? "/tmp/tempo" : storage.folder;
  return yaml({
    ...(onBucket ? { shutdown_delay: SHUTDOWN_DELAY } : {}),
    // A platform kills what has not stopped after ten seconds, and Tempo waits for its own connections until this has passed.
    server: { http_listen_port: ports.tempo, log_level: "warn", graceful_shutdown_timeout: "2s" },
    distributor: { receivers: { otlp: { protocols: { http: { endpoint: `0.0.0.0:${ports.otlp}` } } } } },
    // Tempo 3 has no compactor: one part plans what the other does, and both go by the same age.
    backend_scheduler: {
      local_work_path: `${folder}/work`,
      provider: { compaction: { compaction: { block_retention: retention } } },
    },
    // A compaction that is cut off is done again.
    backend_worker: { compaction: { block_retention: retention }, finish_on_shutdown_timeout: "2s" },
    // What is not in a block yet. On a disk it is read again after a restart.
    live_store: {
      wal: { path: `${folder}/live` },
      shutdown_marker_dir: `${folder}/shutdown`,
      ...(onBucket ? SOON : {}),
    },
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
