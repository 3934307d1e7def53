import { OTHER_KEY, KEY, startHarness, type Harness } from "./harness";
import { inOrder } from "../support/scripted-gateway";

// Two instances of the agent share the store; a client's requests reach either.
let one: Harness;
let two: Harness;
beforeAll(async () => {
  one = await startHarness();
  two = await startHarness({ TOLLGATE_GATEWAY_URL: one.gateway.url }, {}, one.store);
});
afterAll(async () => {
  await one.stop();
  await two.stop();
});
beforeEach(() => {
  one.gateway.reset(inOrder({ text: "About $2,900." }));
  one.store.later = 0;
});

interface Sent {
  session?: string;
  key?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

function post(harness: Harness, body: object, { session, key = KEY, headers, signal }: Sent = {}) {
  return fetch(harness.url, {
    method: "POST",
    signal,
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      Authorization: `Bearer ${key}`,
      "MCP-Protocol-Version": "2025-11-25",
      ...(session !== undefined && { "Mcp-Session-Id": session }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", ...body }),
  });
}

async function initialize(harness: Harness): Promise<string> {
  const params = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  };
  const response = await post(harness, { id: 1, method: "initialize", params });
  await response.text();
  return response.headers.get("mcp-session-id")!;
}

const question = (id: number, text: string, meta?: object) => ({
  id,
  method: "tools/call",
  params: { name: "ask", arguments: { question: text }, ...(meta && { _meta: meta }) },
});

/** The result in a stream of events. */
async function resultIn(response: Response) {
  const messages = (await response.text())
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)) as { result?: { structuredContent: Record<string, unknown> } });
  return messages.find(({ result }) => result)?.result?.structuredContent;
}

const saidBefore = () =>
  one.gateway.requests
    .at(-1)!
    .messages.slice(1)
    .map(({ content }) => content);

describe("a session of MCP 2025", () => {
  test("is gone on with by an instance that never saw its client", async () => {
    const session = await initialize(one);
    await (await post(one, question(2, "What is my spend?"), { session })).text();
    const answer = await resultIn(await post(two, question(3, "And by project?"), { session }));
    expect(answer).toMatchObject({ answer: "About $2,900.", session_id: session });
    expect(saidBefore()).toEqual(["What is my spend?", "About $2,900.", "And by project?"]);
  });

  test("is not shared with another customer, on any instance", async () => {
    const session = await initialize(one);
    expect((await post(two, question(2, "What is my spend?"), { session, key: OTHER_KEY })).status).toBe(404);
    expect((await post(two, { id: 3, method: "tools/list" }, { session })).status).toBe(200);
  });

  test("is gone everywhere once it is closed anywhere", async () => {
    const session = await initialize(one);
    await (await post(two, question(2, "What is my spend?"), { session })).text();
    const headers = { Authorization: `Bearer ${KEY}`, "Mcp-Session-Id": session };
    expect((await fetch(two.url, { method: "DELETE", headers })).status).toBe(200);
    expect((await post(one, { id: 3, method: "tools/list" }, { session })).status).toBe(404);
    expect(one.store.conversations.has(`cust_one/${session}`)).toBe(false);
  });

  test("is gone after half an hour without a request", async () => {
    const session = await initialize(one);
    one.store.later = 29 * 60_000;
    expect((await post(two, { id: 2, method: "tools/list" }, { session })).status).toBe(200);
    one.store.later += 31 * 60_000;
    expect((await post(two, { id: 3, method: "tools/list" }, { session })).status).toBe(404);
  });
});

test("a client without sessions goes on by the session_id that its answer names, on any instance", async () => {
  const [first, second] = [await one.connect(KEY, true), await two.connect(KEY, true)];
  const ask = (text: string, session_id?: string) => ({
    name: "ask",
    arguments: { question: text, session_id },
  });
  const asked = await first.callTool(ask("What is my spend?"));
  const { session_id } = asked.structuredContent as { session_id: string };
  const [, hint] = asked.content as Array<{ text: string }>;
  expect(hint!.text).toBe(`(To go on with this conversation, call ask with session_id "${session_id}".)`);
  await second.callTool(ask("And by project?", session_id));
  expect(saidBefore()).toEqual(["What is my spend?", "About $2,900.", "And by project?"]);
});

test("a conversation that two instances are asked in answers one question after the other", async () => {
  one.gateway.reset(({ messages }) => ({ text: String(messages.length), delay: 150 }));
  const session = await initialize(one);
  const answers = await Promise.all(
    [one, two].map(async (harness, i) =>
      resultIn(await post(harness, question(i + 2, "What is my spend?"), { session })),
    ),
  );
  expect(answers.map((answer) => answer!.answer).sort()).toEqual(["2", "4"]);
});

describe("an answer whose stream broke", () => {
  /** Asks with progress, and loses the stream after its first event. @returns that event's id. */
  async function askAndLose(harness: Harness, session: string, id: number): Promise<string> {
    const cut = new AbortController();
    const asked = question(id, "What is my spend?", { progressToken: id });
    const response = await post(harness, asked, { session, signal: cut.signal });
    const { value } = await response.body!.getReader().read();
    cut.abort();
    return /^id: (\S+)$/m.exec(new TextDecoder().decode(value))![1]!;
  }

  const comeBack = (harness: Harness, session: string, lastEvent: string, key = KEY) =>
    fetch(harness.url, {
      headers: {
        Authorization: `Bearer ${key}`,
        Accept: "text/event-stream",
        "Mcp-Session-Id": session,
        "MCP-Protocol-Version": "2025-11-25",
        "Last-Event-ID": lastEvent,
      },
    });

  test.each([
    ["the instance that made it", () => one, 0],
    ["the instance that makes it, before it is ready", () => one, 800],
    ["another instance", () => two, 0],
    ["another instance, before it is ready", () => two, 800],
  ])("is fetched from %s, and paid for once", async (_, other, delay) => {
    one.gateway.reset(inOrder({ text: "About $2,900.", delay }));
    const session = await initialize(one);
    const lastEvent = await askAndLose(one, session, 7);
    if (delay === 0) await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await resultIn(await comeBack(other(), session, lastEvent))).toMatchObject({
      answer: "About $2,900.",
    });
    expect(one.gateway.requests).toHaveLength(1);
  });

  test("is shown to no other customer", async () => {
    const session = await initialize(one);
    const lastEvent = await askAndLose(one, session, 7);
    expect((await comeBack(one, session, lastEvent, OTHER_KEY)).status).toBe(404);
  });

  test("an event that never was is refused", async () => {
    const session = await initialize(one);
    expect((await comeBack(one, session, "no event")).status).toBe(400);
  });
});
