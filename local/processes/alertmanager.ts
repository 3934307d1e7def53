import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../ops/workspace/paths";
import { requireTool } from "./debian-tool";
import { startProcess, type Running } from "./process";
import { httpReady } from "./ready";

export interface AlertmanagerOptions {
  port: number;
  configFile: string;
  dataDir: string;
  logFile: string;
}

/** Starts Alertmanager with a configuration file, alone: no cluster port is opened. */
export function startAlertmanager(options: AlertmanagerOptions): Promise<Running> {
  const { port, configFile, dataDir, logFile } = options;
  mkdirSync(dataDir, { recursive: true });
  const url = `http://127.0.0.1:${port}`;
  return startProcess({
    name: "alertmanager",
    url,
    port,
    command: requireTool("alertmanager"),
    args: [
      `--config.file=${configFile}`,
      `--storage.path=${dataDir}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
    // The unpacked program finds its own templates from here; see local/setup/relocate-alertmanager.mjs.
    cwd: existsSync(join(paths.tools, "usr")) ? join(paths.tools, "usr") : undefined,
    logFile,
    ready: httpReady(`${url}/-/ready`),
    startupSeconds: 30,
  });
}
