import { LangfuseClient } from "@langfuse/client";
import type { Config } from "./config";
import { Conversations } from "./conversation/conversations";
import { createGateway } from "./conversation/gateway";
import { createPrompts } from "./conversation/prompts";
import { createAuthenticate } from "./http/authenticate";
import { buildServer } from "./http/build-server";
import { McpEndpoint } from "./http/mcp-endpoint";
import { createMetricsServer } from "./http/metrics-server";
import { publishFirstValues } from "./telemetry/first-values";
import { createReadToken, type ReadToken } from "./http/oauth";
import { createHttpServer, listen, stopAccepting } from "./http/server";
import { InFlight } from "./in-flight";
import type { Ledger } from "./ledger/ledger";
import { postgresLedger } from "./ledger/postgres-ledger";
import { postgresStore } from "./store/postgres-store";
import type { Store } from "./store/store";
import { sampleSources } from "./sources/sample";
import type { SourceFactory } from "./sources/source";
import { createLog, createMetrics, type Telemetry } from "./telemetry";
import type { Log } from "./telemetry/log";
import { startTracing, type LangfuseAccess } from "./telemetry/tracing";
import { createAsk } from "./tools/ask";
import { PLAIN_TOOLS } from "./tools";
import { createUsagePage } from "./usage/handler";

/** How long a shutdown waits for answers under way, and then for the last traces, in milliseconds. */
const DRAIN_MS = 10_000;
const FLUSH_MS = 3_000;

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]", "::1"];

/** Parts that a test, or a team with its own agent, replaces. */
export interface Replacements {
  ledger?: Ledger;
  store?: Store;
  sources?: SourceFactory;
  log?: Log;
  now?: () => Date;
}

export interface Agent {
  port: number;
  metricsPort: number;
  /** Stops accepting, finishes what is under way, ends sessions, sends the last traces. */
  stop(): Promise<void>;
  /** Sends the last traces, and takes no further ones: for a process that ends at once. */
  sendTraces(): Promise<void>;
}

/** Puts the agent together and starts it. */
export async function startAgent(config: Config, replacements: Replacements = {}): Promise<Agent> {
  const environment = config.TOLLGATE_ENVIRONMENT;
  const log = replacements.log ?? createLog({ level: config.LOG_LEVEL, environment });
  const telemetry: Telemetry = { log, metrics: createMetrics() };
  const langfuse = langfuseAccess(config);
  const tracing = startTracing(langfuse, environment, config.TEMPO_URL);
  const onBroken = (err: Error) => log.warn({ event: "request.error", err }, "a ledger connection broke");
  const ledger = replacements.ledger ?? postgresLedger(config.TOLLGATE_LEDGER_URL, onBroken);
  const store = replacements.store ?? postgresStore(config.TOLLGATE_LEDGER_URL, onBroken);
  const sources = replacements.sources ?? (await chooseSources(config, telemetry, replacements.now));
  const gateway = createGateway(config.TOLLGATE_GATEWAY_URL, config.TOLLGATE_AGENT_KEY);
  const now = replacements.now ?? (() => new Date());
  const inFlight = new InFlight();
  let stopping = false;

  const conversations = new Conversations(
    {
      gateway,
      prompts: createPrompts(langfuse && promptClient(langfuse), telemetry),
      tools: PLAIN_TOOLS,
      environment,
      telemetry,
    },
    store,
    ledger,
  );
  const tools = [createAsk(conversations), ...PLAIN_TOOLS];
  const parts = { tools, ledger, sources, telemetry, now, track: inFlight.track };
  const endpoint = new McpEndpoint({
    buildServer: (customer, sessionId) => buildServer(parts, customer, sessionId),
    onSessionEnd: (customerId, sessionId) => conversations.end(customerId, sessionId),
    store,
    telemetry,
  });
  const authenticate = createAuthenticate(ledger, telemetry, tokenReader(config));
  const server = createHttpServer({
    authenticate,
    endpoint,
    usagePage: createUsagePage({ authenticate, ledger, now, log }),
    inFlight,
    missing: async () => {
      if (stopping) return ["stopping"];
      const checks = await Promise.allSettled([gateway.ping(), ledger.ping()]);
      return ["gateway", "ledger"].filter((_, i) => checks[i]!.status === "rejected");
    },
    publicUrl: config.TOLLGATE_PUBLIC_URL,
    issuer: config.TOLLGATE_OAUTH_ISSUER,
    allowedHosts: config.TOLLGATE_ALLOWED_HOSTS ?? (LOOPBACK.includes(config.HOST) ? LOOPBACK : undefined),
    telemetry,
  });
  publishFirstValues(telemetry.metrics, tools);
  const metricsServer = createMetricsServer(telemetry.metrics.registry);
  const metricsPort = await listen(metricsServer, config.METRICS_PORT, config.HOST);
  const port = await listen(server, config.PORT, config.HOST);
  log.info({ event: "agent.started", port, metrics_port: metricsPort }, `agent listens on ${port}`);

  return {
    port,
    metricsPort,
    sendTraces: () => tracing.shutdown(FLUSH_MS),
    async stop() {
      stopping = true;
      log.info({ event: "agent.stopping" }, "agent stops");
      const stopped = stopAccepting(server);
      const cut = await inFlight.drain(DRAIN_MS);
      await endpoint.close();
      const reported = conversations.close();
      server.closeAllConnections();
      await stopped;
      await Promise.all([reported, tracing.shutdown(FLUSH_MS)]);
      await Promise.all([ledger.close(), store.close()]);
      metricsServer.closeAllConnections();
      await stopAccepting(metricsServer);
      log.info({ event: "agent.stopped", cut_off: cut }, "agent stopped");
      log.flush();
    },
  };
}

async function chooseSources(config: Config, telemetry: Telemetry, now?: () => Date): Promise<SourceFactory> {
  if (config.TOLLGATE_DATA_SOURCE === "sample") return sampleSources(now);
  // Google's clients take a second to load: only an agent that uses them waits for it.
  const { gcpSources } = await import("./sources/gcp");
  return gcpSources({ dataset: config.TOLLGATE_BILLING_DATASET, now }, telemetry);
}

function tokenReader({
  TOLLGATE_OAUTH_ISSUER: issuer,
  TOLLGATE_PUBLIC_URL: url,
}: Config): ReadToken | undefined {
  return issuer && url ? createReadToken({ issuer, resource: new URL("/mcp", url).href }) : undefined;
}

function langfuseAccess(config: Config): LangfuseAccess | undefined {
  const { LANGFUSE_HOST: host, LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey } = config;
  const texts = config.TOLLGATE_TRACE_TEXTS === "all";
  return host && publicKey && secretKey ? { host, publicKey, secretKey, texts } : undefined;
}

function promptClient({ host, publicKey, secretKey }: LangfuseAccess): LangfuseClient {
  return new LangfuseClient({ baseUrl: host, publicKey, secretKey, timeout: 3 });
}
