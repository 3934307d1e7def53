import { join } from "node:path";
import { repository } from "../../ops/workspace/paths";
import { startProcess, type Running } from "./process";
import { httpReady } from "./ready";

export interface NodeServiceOptions {
  name: string;
  /** The folder whose `main.ts` starts the service, relative to the repository. */
  folder: string;
  port: number;
  env?: Record<string, string | undefined>;
  logFile: string;
  /** The path that answers 2xx once the service is ready. */
  readyPath: string;
  startupSeconds?: number;
}

/** Starts one of the project's own TypeScript services on 127.0.0.1. */
export function startNodeService(options: NodeServiceOptions): Promise<Running> {
  const { name, folder, port, env, logFile, readyPath } = options;
  const url = `http://127.0.0.1:${port}`;
  return startProcess({
    name,
    url,
    port,
    command: process.execPath,
    args: ["--import", "tsx", join(repository, folder, "main.ts")],
    env: { PORT: String(port), HOST: "127.0.0.1", TOLLGATE_ENVIRONMENT: "local", ...env },
    logFile,
    ready: httpReady(url + readyPath),
    startupSeconds: options.startupSeconds ?? 60,
  });
}
