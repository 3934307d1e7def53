import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { service } from "../../catalogue";
import { paths } from "../../ops/workspace/paths";
import { langfuseEnvironment, type LangfuseAccess } from "./langfuse";
import { gatewayConfigDir, pythonEnvironment } from "./migrate-ledger";
import { startProcess, type Running } from "./process";
import { httpReady } from "./ready";

export interface GatewayOptions {
  port: number;
  /** An OpenAI-compatible server that answers for every provider; when absent, each provider answers, as `extraEnv` says. */
  providerUrl?: string;
  /** That server's key, where it wants one. */
  providerKey?: string;
  /** LiteLLM's worker processes, 1 unless told. */
  workers?: number;
  /** The agent's key, the only one that the gateway knows. */
  agentKey: string;
  /** The ledger as role `ledger_guard`. */
  ledgerUrl: string;
  redis: { port: number; password: string };
  langfuse?: LangfuseAccess;
  /** A folder with other LiteLLM configuration files and another `guard.json` than the rendered ones. */
  configDir?: string;
  extraEnv?: Record<string, string | undefined>;
  logFile: string;
}

/**
 * Starts the real LiteLLM proxy with the guard and waits until it takes calls.
 *
 * @throws Error with the end of its log when it does not start.
 */
export async function startGateway(options: GatewayOptions): Promise<Running> {
  const { port, logFile } = options;
  const { name, probe } = service("gateway");
  const configDir = options.configDir ?? gatewayConfigDir;
  const url = `http://127.0.0.1:${port}`;
  const workers = options.workers ?? 1;
  const config = join(configDir, options.providerUrl ? "config.provider-url.yaml" : "config.yaml");
  return startProcess({
    name,
    url,
    port,
    command: join(paths.venv, "bin", "litellm"),
    args: [
      ...["--config", config, "--host", "127.0.0.1", "--port", String(port)],
      ...["--num_workers", String(workers)],
      // A worker answers no health check while it imports LiteLLM; uvicorn's 5 s would kill it again and again.
      ...["--timeout_worker_healthcheck", "120"],
    ],
    env: {
      ...pythonEnvironment(configDir),
      // Shared by the workers: each counts in files of its own and a scrape adds them up.
      PROMETHEUS_MULTIPROC_DIR: emptyFolder(`${logFile}.metrics`),
      // LiteLLM would fetch its price list from the internet at each start; the guard has its own prices.
      LITELLM_LOCAL_MODEL_COST_MAP: "True",
      TOLLGATE_AGENT_KEY: options.agentKey,
      TOLLGATE_LEDGER_URL: options.ledgerUrl,
      TOLLGATE_ENVIRONMENT: "local",
      TOLLGATE_PROVIDER_URL: options.providerUrl,
      TOLLGATE_PROVIDER_KEY: options.providerKey ?? "none",
      REDIS_HOST: "127.0.0.1",
      REDIS_PORT: String(options.redis.port),
      REDIS_PASSWORD: options.redis.password,
      ...langfuseEnvironment(options.langfuse),
      ...options.extraEnv,
    },
    logFile,
    ready: httpReady(url + (probe?.path ?? "/health/readiness")),
    startupSeconds: probe?.startupSeconds ?? 120,
  });
}

function emptyFolder(path: string): string {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}
