import { service } from "../../catalogue";
import { langfuseEnvironment, type LangfuseAccess } from "./langfuse";
import { startNodeService } from "./node-service";
import type { Running } from "./process";

export interface AgentOptions {
  port: number;
  metricsPort: number;
  gatewayUrl: string;
  /** The agent's key at the gateway. */
  agentKey: string;
  /** The ledger as role `ledger_agent`. */
  ledgerUrl: string;
  langfuse?: LangfuseAccess;
  /** `sample` unless told. */
  dataSource?: "sample" | "gcp";
  extraEnv?: Record<string, string | undefined>;
  logFile: string;
}

/** Starts the agent, an MCP server at `/mcp`. */
export function startAgent(options: AgentOptions): Promise<Running> {
  const { name, probe } = service("agent");
  return startNodeService({
    name,
    folder: "app",
    port: options.port,
    env: {
      METRICS_PORT: String(options.metricsPort),
      TOLLGATE_GATEWAY_URL: options.gatewayUrl,
      TOLLGATE_AGENT_KEY: options.agentKey,
      TOLLGATE_LEDGER_URL: options.ledgerUrl,
      TOLLGATE_DATA_SOURCE: options.dataSource ?? "sample",
      ...langfuseEnvironment(options.langfuse),
      ...options.extraEnv,
    },
    logFile: options.logFile,
    readyPath: probe?.path ?? "/readyz",
    startupSeconds: probe?.startupSeconds,
  });
}
