import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresStore } from "../../app/store/postgres-store";
import type { Store } from "../../app/store/store";
import { withClient } from "../../ops/workspace/pg-client";
import type { RunningPostgres } from "../../local/processes";
import { startLedger } from "../support/ledger";

// The store on a real Postgres, as the role that the agent has.
let folder: string;
let postgres: RunningPostgres;
let one: Store;
let two: Store;
const idleErrors: Error[] = [];
const never = new AbortController().signal;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-store-"));
  ({ postgres } = await startLedger(folder));
  await sql(
    "INSERT INTO ledger.customers (customer_id, name, tier) VALUES ('a', 'a', 'tier_1'), ('b', 'b', 'tier_1')",
  );
  const open = () => postgresStore(postgres.urls.ledger_agent, (error) => idleErrors.push(error));
  [one, two] = [open(), open()];
}, 120_000);
afterAll(async () => {
  // Looked at before the pools close: `pg` ends a pool before its connections have left, and the server's stop is an error to those.
  expect(idleErrors).toEqual([]);
  await Promise.all([one?.close(), two?.close()]);
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function sql(text: string) {
  return withClient(postgres.urls.postgres, (client) => client.query(text));
}

async function say(store: Store, customer: string, session: string, question: string) {
  const opened = await store.open(customer, session, never);
  await opened.finish(2, { question, answer: `answer to ${question}` });
  return opened;
}

test("a conversation has its last ten turns, on every connection, for one customer only", async () => {
  for (let i = 1; i <= 12; i++) await say(i % 2 ? one : two, "a", "s", `q${i}`);
  const opened = await two.open("a", "s", never);
  expect(opened).toMatchObject({ turns: 13, llmCalls: 24, isNew: false });
  expect(opened.history.map(({ question }) => question)).toEqual(
    Array.from({ length: 10 }, (_, i) => `q${i + 3}`),
  );
  await opened.finish(1);
  const other = await one.open("b", "s", never);
  expect(other).toMatchObject({ turns: 1, llmCalls: 0, history: [], isNew: true });
  await other.finish(0);
});

test("the next question waits for the one before, until its client goes away", async () => {
  const first = await one.open("a", "busy", never);
  const cancel = new AbortController();
  const cancelled = two.open("a", "busy", cancel.signal);
  cancel.abort();
  await expect(cancelled).rejects.toThrow();
  const waiting = two.open("a", "busy", never);
  await first.finish(1, { question: "one", answer: "1" });
  const second = await waiting;
  expect(second.history).toEqual([{ question: "one", answer: "1" }]);
  await second.finish(1);
});

test("a conversation whose instance died is free once its lease is over", async () => {
  const dead = await one.open("a", "dead", never);
  await sql(
    "UPDATE ledger.conversations SET busy_until = now() - interval '1 second' WHERE session_id = 'dead'",
  );
  const next = await two.open("a", "dead", never);
  // The dead one comes back, and has nothing to say any more.
  await dead.finish(50, { question: "late", answer: "late" });
  await next.finish(1, { question: "next", answer: "n" });
  const third = await one.open("a", "dead", never);
  expect(third).toMatchObject({ llmCalls: 1, history: [{ question: "next", answer: "n" }] });
  await third.finish(0);
});

test("what is older than half an hour is forgotten, and returned once", async () => {
  await say(one, "a", "old", "q");
  const busy = await one.open("a", "old-but-busy", never);
  await sql(
    "UPDATE ledger.conversations SET used_at = now() - interval '31 minutes' WHERE session_id LIKE 'old%'",
  );
  const reported = (await Promise.all([one.expire(), two.expire()])).flat();
  expect(reported).toEqual([{ customerId: "a", sessionId: "old", turns: 1, llmCalls: 2 }]);
  await busy.finish(0);
  expect((await say(two, "a", "old", "again")).history).toEqual([]);
});

test("a customer's hundred-and-first conversation makes the oldest go", async () => {
  for (let i = 0; i < 101; i++) await say(one, "b", `many-${i}`, "q");
  expect((await one.open("b", "many-0", never)).isNew).toBe(true);
  expect((await one.open("b", "many-100", never)).isNew).toBe(false);
});

test("an ended conversation is returned to one caller", async () => {
  await say(one, "a", "closed", "q");
  expect(await two.end("a", "closed")).toMatchObject({ turns: 1 });
  expect(await one.end("a", "closed")).toBeUndefined();
});

test("MCP sessions are the customer's own, and end", async () => {
  const initialize = { method: "initialize", params: { clientInfo: { name: "x" } } };
  await one.saveMcpSession("a", "mcp", initialize);
  expect(await two.mcpSession("a", "mcp")).toEqual(initialize);
  expect(await two.mcpSession("b", "mcp")).toBeUndefined();
  await sql("UPDATE ledger.mcp_sessions SET used_at = now() - interval '31 minutes'");
  expect(await two.mcpSession("a", "mcp")).toBeUndefined();
  await one.saveMcpSession("a", "mcp2", initialize);
  await two.endMcpSession("a", "mcp2");
  expect(await one.mcpSession("a", "mcp2")).toBeUndefined();
});

test("answers are kept by stream and event, for their customer, for half an hour", async () => {
  await one.saveAnswer("a", "stream", 3, { id: 1, result: { text: "So." } });
  expect(await two.answersAfter("a", "stream", 2)).toEqual([
    { event: 3, message: { id: 1, result: { text: "So." } } },
  ]);
  expect(await two.answersAfter("a", "stream", 3)).toEqual([]);
  expect(await two.answersAfter("b", "stream", 0)).toEqual([]);
  await sql("UPDATE ledger.mcp_answers SET at = now() - interval '31 minutes'");
  await one.expire();
  expect(await two.answersAfter("a", "stream", 0)).toEqual([]);
});

test("a customer who is deleted leaves nothing behind", async () => {
  await sql("INSERT INTO ledger.customers (customer_id, name, tier) VALUES ('gone', 'gone', 'tier_1')");
  await say(one, "gone", "s", "q");
  await sql("DELETE FROM ledger.customers WHERE customer_id = 'gone'");
  const { rows } = await sql("SELECT FROM ledger.conversation_turns WHERE customer_id = 'gone'");
  expect(rows).toHaveLength(0);
});
