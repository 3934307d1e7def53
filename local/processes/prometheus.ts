import { mkdirSync } from "node:fs";
import { definitions } from "../../litellm-config";
import { requireTool } from "./debian-tool";
import { startProcess, type Running } from "./process";
import { httpReady } from "./ready";

export interface PrometheusOptions {
  port: number;
  /** prometheus.yml, with the scrape targets of this stack. */
  configFile: string;
  dataDir: string;
  logFile: string;
}

/** Starts Prometheus with a configuration file. */
export function startPrometheus({ port, configFile, dataDir, logFile }: PrometheusOptions): Promise<Running> {
  mkdirSync(dataDir, { recursive: true });
  const url = `http://127.0.0.1:${port}`;
  return startProcess({
    name: "prometheus",
    url,
    port,
    command: requireTool("prometheus"),
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${dataDir}`,
      `--storage.tsdb.retention.time=${definitions.retention.metrics}d`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    logFile,
    ready: httpReady(`${url}/-/ready`),
    startupSeconds: 60,
  });
}
