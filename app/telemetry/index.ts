import type { Log } from "./log";
import type { Metrics } from "./metrics";

export { createLog, type Log } from "./log";
export { createMetrics, type Metrics } from "./metrics";

/** What every part reports to. Traces go through `@langfuse/tracing`, which finds the active one by itself. */
export interface Telemetry {
  log: Log;
  metrics: Metrics;
}
