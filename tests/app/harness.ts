import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Writable } from "node:stream";
import { startAgent, type Agent, type Replacements } from "../../app/agent";
import { readConfig } from "../../app/config";
import { createLog } from "../../app/telemetry";
import { MemoryLedger } from "../support/memory-ledger";
import { MemoryStore } from "../support/memory-store";
import { ScriptedGateway } from "../support/scripted-gateway";

/** A Tuesday: last week is 16 to 22 November, the seeded spike 17 to 19. */
export const NOW = new Date("2026-11-24T09:00:00Z");

export const KEY = "tg_customer_one_key";
export const OTHER_KEY = "tg_customer_two_key";

export interface Harness {
  agent: Agent;
  gateway: ScriptedGateway;
  ledger: MemoryLedger;
  store: MemoryStore;
  url: URL;
  /** Every log line so far, parsed. */
  logs(): Array<Record<string, unknown>>;
  metrics(): Promise<string>;
  /** A connected MCP client; `modern` speaks the revision of 2026-07-28. */
  connect(key?: string, modern?: boolean): Promise<Client>;
  stop(): Promise<void>;
}

/**
 * The whole agent over HTTP, on sample data as of `NOW`, with a scripted gateway and a ledger in memory.
 *
 * @param store shared by harnesses that are instances of one agent.
 */
export async function startHarness(
  environment: Record<string, string> = {},
  replacements: Omit<Replacements, "store"> = {},
  store = new MemoryStore(),
): Promise<Harness> {
  const gateway = new ScriptedGateway();
  await gateway.start();
  const ledger = new MemoryLedger();
  ledger.add(KEY, { customerId: "cust_one" });
  ledger.add(OTHER_KEY, { customerId: "cust_two", gcpProject: null, tier: "tier_1" });
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().split("\n").filter(Boolean));
      done();
    },
  });
  const config = readConfig({
    PORT: "0",
    METRICS_PORT: "0",
    HOST: "127.0.0.1",
    TOLLGATE_GATEWAY_URL: gateway.url,
    TOLLGATE_AGENT_KEY: "the-agents-own-key",
    TOLLGATE_LEDGER_URL: "postgres://ledger_agent@127.0.0.1:1/ledger",
    TOLLGATE_ENVIRONMENT: "local",
    TOLLGATE_DATA_SOURCE: "sample",
    ...environment,
  });
  const agent = await startAgent(config, {
    ledger,
    store,
    log: createLog({ level: "debug", environment: "local" }, sink),
    now: () => NOW,
    ...replacements,
  });
  const url = new URL(`http://127.0.0.1:${agent.port}/mcp`);
  const clients: Client[] = [];
  let stopped: Promise<void> | undefined;
  return {
    agent: { ...agent, stop: () => (stopped ??= agent.stop()) },
    gateway,
    ledger,
    store,
    url,
    logs: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    metrics: async () => (await fetch(`http://127.0.0.1:${agent.metricsPort}/metrics`)).text(),
    async connect(key = KEY, modern = false) {
      const client = new Client(
        { name: "test", version: "1" },
        modern ? { versionNegotiation: { mode: { pin: "2026-07-28" } } } : {},
      );
      const transport = new StreamableHTTPClientTransport(url, {
        requestInit: { headers: { Authorization: `Bearer ${key}` } },
      });
      await client.connect(transport);
      clients.push(client);
      return client;
    },
    async stop() {
      await Promise.all(clients.map((client) => client.close().catch(() => undefined)));
      await (stopped ??= agent.stop());
      await gateway.stop();
    },
  };
}
