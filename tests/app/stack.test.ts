import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { randomUUID } from "node:crypto";
import { Writable } from "node:stream";
import { startAgent, type Agent } from "../../app/agent";
import { readConfig } from "../../app/config";
import { hashKey } from "../../app/ledger/key";
import type { Ledger } from "../../app/ledger/ledger";
import { postgresLedger } from "../../app/ledger/postgres-ledger";
import { SPIKE } from "../../app/sources/sample/seeded";
import { createLog } from "../../app/telemetry";
import { usd } from "../../litellm-config";
import { AGENT_KEY, eventually, startStack, type Stack } from "../support/gateway";
import { NOW } from "./harness";

// The agent with the real gateway, ledger and cache; only the models are simulated.
let stack: Stack;
let agent: Agent;
let ledger: Ledger;
const clients: Client[] = [];
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  stack = await startStack();
  const url = stack.postgres.urls.ledger_agent;
  ledger = postgresLedger(url, () => undefined);
  const config = readConfig({
    PORT: "0",
    METRICS_PORT: "0",
    HOST: "127.0.0.1",
    TOLLGATE_GATEWAY_URL: stack.gateway.url,
    TOLLGATE_AGENT_KEY: AGENT_KEY,
    TOLLGATE_LEDGER_URL: url,
    TOLLGATE_ENVIRONMENT: "local",
    TOLLGATE_DATA_SOURCE: "sample",
  });
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  const log = createLog({ level: "info", environment: "local" }, sink);
  agent = await startAgent(config, { log, now: () => NOW });
}, 180_000);
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await agent?.stop();
  await ledger?.close();
  await stack?.stop();
}, 60_000);

/** A new customer of tier 1, who has spent this much of the month's $8. */
async function newCustomer(spentNanos = 0): Promise<{ id: string; key: string }> {
  const id = `cust_${randomUUID().slice(0, 8)}`;
  const key = `tg_${randomUUID()}`;
  await stack.ledger.query(
    `WITH customer AS (
       INSERT INTO ledger.customers (customer_id, name, tier, gcp_project) VALUES ($1, $1, 'tier_1', 'shop-prod'))
     INSERT INTO ledger.customer_keys (customer_id, key_hash) VALUES ($1, $2)`,
    [id, hashKey(key).toString("hex")],
  );
  if (spentNanos > 0) {
    await stack.ledger.query(
      `INSERT INTO ledger.customer_months (customer_id, month, tier, cap_nanos, spent_nanos, updated_at)
       VALUES ($1, ledger.month_of(now()), 'tier_1', $2, $3, now())`,
      [id, usd("8"), spentNanos],
    );
  }
  return { id, key };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the client checks the shape against the tool's schema
async function ask(key: string, question: string): Promise<any> {
  const client = new Client({ name: "test", version: "1" });
  clients.push(client);
  const url = new URL(`http://127.0.0.1:${agent.port}/mcp`);
  const headers = { Authorization: `Bearer ${key}` };
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  const result = await client.callTool({ name: "ask", arguments: { question } });
  if (result.isError) throw new Error(JSON.stringify(result.content));
  return result.structuredContent;
}

test("is ready", async () => {
  const response = await fetch(`http://127.0.0.1:${agent.port}/readyz`);
  expect(await response.json()).toEqual({ status: "ok", missing: [] });
});

/** The log lines of a customer's answers, which are written once the cost is known: a moment after the answer. */
function answeredOf(id: string): Promise<Record<string, unknown>[]> {
  const found = () =>
    lines.filter(({ event, customer_id }) => event === "query.answered" && customer_id === id);
  return eventually("the log line", () => Promise.resolve(found().length > 0 && found()));
}

test("answers from the sample bill, and says to the nano-dollar what it cost", async () => {
  const { id, key } = await newCustomer();
  const answer = await ask(key, "Why did my costs go up last week?");
  expect(answer).toMatchObject({
    query_type: "cost_analysis",
    route: "analysis",
    refused: null,
    degraded: false,
  });
  expect(answer.tools_used).toEqual(expect.arrayContaining(["compare-periods", "list-anomalies"]));
  expect(answer.answer).toContain(SPIKE.service);

  const calls = await stack.ledger.query<{
    call_id: string;
    cost: string;
    trace_id: string;
    tools_invoked: string[];
  }>(
    "SELECT call_id, cost_nanos::text AS cost, trace_id, tools_invoked FROM ledger.calls WHERE customer_id = $1 ORDER BY reserved_at",
    [id],
  );
  expect(calls).toHaveLength(answer.llm_calls);
  expect(calls.reduce((sum, { cost }) => sum + Number(cost), 0)).toBe(answer.cost.session_spent_nanos);
  expect(answer.cost.session_spent_nanos).toBeGreaterThan(0);
  expect(answer.cost.month_spent_nanos).toBe(answer.cost.session_spent_nanos);
  expect(new Set(calls.map(({ trace_id }) => trace_id)).size).toBe(1);
  expect(calls.at(-1)!.tools_invoked).toEqual(answer.tools_used);

  expect(await answeredOf(id)).toMatchObject([
    { customer_id: id, session_id: answer.session_id, cost_nanos: answer.cost.session_spent_nanos },
  ]);
  const [first] = calls.map(({ call_id }) => call_id);
  expect(await ledger.costOf(id, answer.session_id, [first!])).toBe(Number(calls[0]!.cost));
  expect(await ledger.costOf(id, answer.session_id, [randomUUID()])).toBe(0);
  expect(await ledger.costOf("someone_else", answer.session_id, [first!])).toBe(0);
});

test("says so when the month's budget is nearly used, and when it is", async () => {
  const nearly = await newCustomer(usd("7.7"));
  const degraded = await ask(nearly.key, "What is my spend?");
  expect(degraded).toMatchObject({ degraded: true, refused: null });
  expect(degraded.answer).toContain("lighter model");

  const used = await newCustomer(usd("8"));
  const refused = await ask(used.key, "What is my spend?");
  expect(refused).toMatchObject({ refused: "month_budget", models: [] });
  expect(await answeredOf(used.id)).toMatchObject([{ cost_nanos: 0 }]);
  expect(refused.answer).toMatch(/budget .*used up/);
});

describe("the ledger's reader", () => {
  test("finds a customer by key, and none by another", async () => {
    const { id, key } = await newCustomer();
    expect(await ledger.customerByKeyHash(hashKey(key))).toEqual({
      customerId: id,
      tier: "tier_1",
      gcpProject: "shop-prod",
      disabled: false,
    });
    expect(await ledger.customerByKeyHash(hashKey("tg_nobody"))).toBeUndefined();
    await stack.ledger.query("UPDATE ledger.customers SET disabled_at = now() WHERE customer_id = $1", [id]);
    expect(await ledger.customerByKeyHash(hashKey(key))).toMatchObject({ disabled: true });
  });

  test("reads a customer's usage, zeros before the first call", async () => {
    const { id } = await newCustomer();
    const none = { spentNanos: 0, heldNanos: 0, calls: 0 };
    const usage = await ledger.usage(id, "s1");
    expect(usage).toEqual({
      month: expect.stringMatching(/^\d{4}-\d\d-01$/),
      monthEnd: expect.stringMatching(/^\d{4}-\d\d-01$/),
      capNanos: usd("8"),
      ...none,
      session: none,
    });
    await expect(ledger.usage("cust_nobody")).rejects.toThrow("not in the ledger");
  });
});
