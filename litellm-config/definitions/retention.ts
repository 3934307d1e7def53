import type { RetentionInput } from "../schema";

/**
 * How long each kind of data is kept, in days; the ledger's calls, sessions and refusals in whole months besides the current one.
 * Traces and calls are archived after that.
 */
export const retention: RetentionInput = { metrics: 15, logs: 7, traces: 90, callMonths: 13 };
