import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What each collector is made of: native files of this folder, which read what differs between targets from the environment. */
const COLLECTORS = {
  /** Compose: the containers' logs, and the metrics of Redis. */
  compose: ["docker", "events", "lines", "redis", "remote-write"],
  /** This machine: the services' log files, and the metrics of Redis. */
  machine: ["files", "events", "lines", "redis", "remote-write"],
  /** Google Cloud: what the log sink exports. */
  logs: ["exported", "lines"],
  /**
   * Google Cloud: what the platform measures, and Langfuse's Redis: Memorystore does not report how many jobs wait. And the way
   * of what Prometheus keeps at Google.
   */
  platform: ["platform", "redis", "remote-write", "history"],
  /** Google Cloud: in each instance of a service that scales. */
  sidecar: ["sidecar", "remote-write"],
} as const;

/**
 * The files of a collector by name: Alloy reads every `*.alloy` of its folder as one configuration.
 *
 * @param pushesOwnMetrics Whether nothing can scrape the collector, so that it sends its own metrics to Prometheus.
 */
export function collectorFiles(
  collector: keyof typeof COLLECTORS,
  pushesOwnMetrics = false,
): Record<string, string> {
  const own = pushesOwnMetrics ? ["own-metrics", "remote-write"] : [];
  const names = new Set([...COLLECTORS[collector], ...own].map((name) => `${name}.alloy`));
  return Object.fromEntries([...names].map((name) => [name, readFileSync(join(__dirname, name), "utf8")]));
}

/** `generated/alloy/`: what Compose mounts. */
export function renderAlloyFiles(): Record<string, string> {
  const files = Object.entries(collectorFiles("compose"));
  return Object.fromEntries(files.map(([name, text]) => [`alloy/${name}`, text]));
}
