import { inOrder, type Script } from "../support/scripted-gateway";
import { startHarness, type Harness } from "./harness";

const ONE = "00000000-0000-4000-8000-000000000001";
const TWO = "00000000-0000-4000-8000-000000000002";

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());
beforeEach(() => {
  harness.ledger.costs.clear();
  harness.ledger.costsDown = false;
});

/** The line of a question that is answered so, once it is written. */
async function lineOf(script: Script): Promise<Record<string, unknown>> {
  const answered = () => harness.logs().filter(({ event }) => event === "query.answered");
  const before = answered().length;
  const client = await harness.connect();
  harness.gateway.reset(script);
  await client.callTool({ name: "ask", arguments: { question: "What did I spend last week?" } });
  while (answered().length === before) await new Promise((resolve) => setTimeout(resolve, 10));
  return answered().at(-1)!;
}

const TOOL = [{ name: "get-budget", arguments: {} }];

test("an answered question's line has what its calls were charged, to the nano-dollar", async () => {
  harness.ledger.costs.set(ONE, [1_234_567]).set(TWO, [2_000_000_003]);
  const line = await lineOf(inOrder({ toolCalls: TOOL, callId: ONE }, { text: "So.", callId: TWO }));
  expect(line).toMatchObject({ llm_calls: 2, cost_nanos: 2_001_234_570, cost: "$2.00123457" });
});

test("it waits for a call that is not settled yet", async () => {
  harness.ledger.costs.set(ONE, [null, null, 4_000]);
  expect(await lineOf(inOrder({ text: "So.", callId: ONE }))).toMatchObject({ cost_nanos: 4_000 });
});

test("a call that is not settled in time makes the cost unknown, not a part of it", async () => {
  harness.ledger.costs.set(ONE, [5_000]).set(TWO, [null]);
  const line = await lineOf(inOrder({ toolCalls: TOOL, callId: ONE }, { text: "So.", callId: TWO }));
  expect(line).toMatchObject({ outcome: "ok", cost_nanos: null, cost: null });
});

test("a ledger that cannot be read makes it unknown, and is reported", async () => {
  harness.ledger.costsDown = true;
  expect(await lineOf(inOrder({ text: "So.", callId: ONE }))).toMatchObject({ cost_nanos: null });
  expect(harness.logs().map(({ message }) => message)).toContain("a question's cost could not be read");
});

const REFUSAL = { status: 402, code: "month_budget", message: "The budget is used up." };

test.each([
  ["before anything is held costs nothing", undefined, 0],
  ["after an attempt costs what the attempt did", ONE, 7_000],
])("a refusal %s", async (_, callId, cost) => {
  harness.ledger.costs.set(ONE, [7_000]);
  expect(await lineOf(inOrder({ refusal: REFUSAL, callId }))).toMatchObject({
    outcome: "refused",
    cost_nanos: cost,
  });
});

test.each([
  ["that names the call", ONE, 9_000],
  ["from something in front of the gateway", undefined, null],
])("an error %s", async (_, callId, cost) => {
  harness.ledger.costs.set(ONE, [9_000]);
  const refusal = { status: 503, message: "unavailable" };
  expect(await lineOf(inOrder({ refusal, callId }))).toMatchObject({ outcome: "error", cost_nanos: cost });
});

test("a stream that breaks costs what was charged for it", async () => {
  harness.ledger.costs.set(ONE, [11_000]);
  const line = await lineOf(inOrder({ text: "It was", cut: true, callId: ONE }));
  expect(line).toMatchObject({ outcome: "error", cost_nanos: 11_000 });
});

test("a shutdown waits for the line of a question that is answered", async () => {
  const other = await startHarness();
  other.ledger.costs.set(ONE, [null, null, null, 13_000]);
  other.gateway.reset(inOrder({ text: "So.", callId: ONE }));
  const client = await other.connect();
  await client.callTool({ name: "ask", arguments: { question: "What did I spend?" } });
  await other.stop();
  expect(other.logs().find(({ event }) => event === "query.answered")).toMatchObject({ cost_nanos: 13_000 });
});
