import { definitions } from "../litellm-config";
import type { Phase } from "./phase";

export interface Bucket {
  phase: Phase;
  /** Days after which an object is deleted. Default: never. */
  deleteAfterDays?: number;
  /** Days after which an object moves to a cheaper class. Default: never. */
  coldAfterDays?: number;
  /** The stack's setting without which its phase does not have it. */
  enabledBy?: "tempo";
  /** Why a target does not have it. */
  targets?: { compose?: string };
}

const { traces, logs, metrics } = definitions.retention;
const ARCHIVE = { coldAfterDays: 30 };

/** Answers to operators' commands: encrypted, read once, and useless afterwards. */
const ANSWER_DAYS = 1;

/** What a person exported from Langfuse's tables: its link works for a day. */
const EXPORT_DAYS = 2;

/** Every bucket of the stack. */
export const buckets = {
  // Raw events are needed until they are in ClickHouse, and again only to repair what is younger than its TTL.
  "langfuse-events": { phase: 1, deleteAfterDays: traces },
  "langfuse-media": { phase: 1, deleteAfterDays: traces },
  "langfuse-exports": { phase: 1, deleteAfterDays: EXPORT_DAYS },
  "trace-archive": { phase: 1, ...ARCHIVE },
  answers: {
    phase: 1,
    deleteAfterDays: ANSWER_DAYS,
    targets: { compose: "operators run their commands on the machine itself" },
  },
  "ledger-archive": { phase: 1, ...ARCHIVE },
  // Loki deletes by its own retention; the bucket sweeps up what a stopped compactor leaves.
  loki: { phase: 3, deleteAfterDays: logs + 7, targets: { compose: "Loki has a volume" } },
  // Written anew every quarter of an hour while Alertmanager runs.
  alertmanager: { phase: 4, deleteAfterDays: 30, targets: { compose: "Alertmanager has a volume" } },
  // A copy of Prometheus' blocks; it deletes those that Prometheus has deleted.
  prometheus: { phase: 2, deleteAfterDays: metrics + 7, targets: { compose: "Prometheus has a volume" } },
  "log-archive": { phase: 3, ...ARCHIVE, targets: { compose: "Loki has a volume" } },
  tempo: {
    phase: 5,
    enabledBy: "tempo",
    deleteAfterDays: logs + 7,
    targets: { compose: "Tempo has a volume" },
  },
} as const satisfies Record<string, Bucket>;

export type BucketName = keyof typeof buckets;

/** Every bucket with its description. */
export const bucketSpecs = Object.entries(buckets) as [BucketName, Bucket][];
