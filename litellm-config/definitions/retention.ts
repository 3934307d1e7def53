import type { RetentionInput } from "../schema";

/** How long each kind of data is kept, in days. Traces are archived to Cloud Storage after that. */
export const retention: RetentionInput = { metrics: 15, logs: 7, traces: 90 };
