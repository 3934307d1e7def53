import { join } from "node:path";
import { logFile, paths } from "../../ops/workspace/paths";
import { simulatedProviders } from "../llm-simulator";
import {
  migrateLedger,
  startAgent,
  startAlertmanager,
  startGateway,
  startLedgerExporter,
  startLlmSimulator,
  startOtlpSink,
  startPostgres,
  startPrometheus,
  startRedis,
  type Running,
} from "../processes";
import { writeAlertmanagerFiles, writePrometheusFiles } from "./monitoring-files";
import { langfuseOf, ledgerOf, portOf, type StackSettings } from "./settings";

/** Starts one service of the stack and resolves when it is ready. */
export type Starter = (settings: StackSettings) => Promise<Running>;

/** How each service of the catalogue that runs on this machine is started. */
export const starters: Record<string, Starter> = {
  async postgres(settings) {
    const running = await startPostgres({
      port: portOf(settings, "postgres"),
      dataDir: join(paths.data, "postgres"),
      logFile: logFile("postgres"),
      passwords: settings.secrets.postgres,
    });
    try {
      await migrateLedger(running.urls.ledger_owner);
    } catch (error) {
      await running.stop();
      throw error;
    }
    return running;
  },

  redis: (settings) =>
    startRedis({
      port: portOf(settings, "redis"),
      dataDir: join(paths.data, "redis"),
      password: settings.secrets.redisPassword,
      logFile: logFile("redis"),
    }),

  gateway(settings) {
    const { provider, secrets } = settings;
    return startGateway({
      port: portOf(settings, "gateway"),
      ...(provider.kind === "server" && { providerUrl: provider.url, providerKey: provider.key }),
      workers: settings.gatewayWorkers,
      agentKey: secrets.agentKey,
      ledgerUrl: ledgerOf(settings).ledger_guard,
      redis: { port: portOf(settings, "redis"), password: secrets.redisPassword },
      langfuse: langfuseOf(settings),
      extraEnv: providerEnvironment(settings),
      logFile: logFile("gateway"),
    });
  },

  agent: (settings) =>
    startAgent({
      port: portOf(settings, "agent"),
      metricsPort: portOf(settings, "agentMetrics"),
      gatewayUrl: `http://127.0.0.1:${portOf(settings, "gateway")}`,
      agentKey: settings.secrets.agentKey,
      ledgerUrl: ledgerOf(settings).ledger_agent,
      langfuse: langfuseOf(settings),
      logFile: logFile("agent"),
    }),

  "ledger-exporter": (settings) =>
    startLedgerExporter({
      port: portOf(settings, "ledgerExporter"),
      ledgerUrl: ledgerOf(settings).ledger_reader,
      logFile: logFile("ledger-exporter"),
    }),

  prometheus: (settings) =>
    startPrometheus({
      port: portOf(settings, "prometheus"),
      configFile: writePrometheusFiles(settings),
      dataDir: join(paths.data, "prometheus"),
      logFile: logFile("prometheus"),
    }),

  alertmanager: (settings) =>
    startAlertmanager({
      port: portOf(settings, "alertmanager"),
      configFile: writeAlertmanagerFiles(),
      dataDir: join(paths.data, "alertmanager"),
      logFile: logFile("alertmanager"),
    }),

  "llm-simulator": (settings) =>
    startLlmSimulator({ port: portOf(settings, "llmSimulator"), logFile: logFile("llm-simulator") }),

  "otlp-sink": (settings) =>
    startOtlpSink({
      port: portOf(settings, "langfuse"),
      ...settings.secrets.langfuse,
      tracesDir: paths.traces,
      logFile: logFile("otlp-sink"),
    }),
};

/** The variables by which the gateway reaches the providers, or the simulator in their place. */
function providerEnvironment(settings: StackSettings): Record<string, string> {
  const { provider } = settings;
  if (provider.kind === "real") return provider.variables;
  if (provider.kind === "server") return {};
  const simulator = `http://127.0.0.1:${portOf(settings, "llmSimulator")}`;
  return simulatedProviders(simulator, join(paths.data, "simulated-service-account.json"));
}
