import { request } from "node:http";
import { KEY, OTHER_KEY, startHarness, type Harness } from "./harness";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  harness.ledger.add("tg_gone", { customerId: "cust_gone", disabled: true });
});
afterAll(() => harness.stop());

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};
const LIST = { jsonrpc: "2.0", id: 2, method: "tools/list", params: {} };

function post(
  body: unknown,
  headers: Record<string, string> = {},
  key: string | null = KEY,
): Promise<Response> {
  return fetch(harness.url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      ...(key !== null && { Authorization: `Bearer ${key}` }),
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function openSession(key = KEY): Promise<string> {
  const response = await post(INITIALIZE, {}, key);
  await response.text();
  return response.headers.get("mcp-session-id")!;
}

describe("authentication", () => {
  test.each([
    ["no key", null, "no_key"],
    ["an unknown key", "tg_nobody", "unknown_key"],
    ["a disabled customer's key", "tg_gone", "disabled"],
  ])("turns away %s", async (_, key, reason) => {
    const response = await post(INITIALIZE, {}, key);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringContaining("Authorization") },
    });
    const rejected = harness.logs().findLast(({ event }) => event === "auth.rejected");
    expect(response.headers.get("www-authenticate")).toContain(
      `resource_metadata="${harness.url.origin}/.well-known/oauth-protected-resource/mcp"`,
    );
    expect(rejected).toMatchObject({ reason, level: "warn", rejected_this_minute: expect.any(Number) });
  });

  test.each(["Basic abc", "Bearer", "Bearer a b", `Bearer ${"x".repeat(600)}`])(
    "turns away %j",
    async (value) => {
      const response = await post(INITIALIZE, { Authorization: value }, null);
      expect(response.status).toBe(401);
    },
  );

  test("asks the ledger once for a key it knows, and soon again for one it does not", async () => {
    await openSession();
    const before = harness.ledger.lookups;
    await openSession();
    await openSession();
    expect(harness.ledger.lookups).toBe(before);
  });

  test("logs a flood of wrong keys by its rate, not line by line", async () => {
    const rejected = () => harness.logs().filter(({ event }) => event === "auth.rejected");
    for (let i = 0; i < 40; i++) await post(INITIALIZE, {}, `tg_guess_${i}`);
    // The minute may turn in between: each has its own twenty.
    expect(rejected().length).toBeLessThanOrEqual(40);
    expect(await harness.metrics()).toMatch(
      /requests_total\{method="none",outcome="unauthorized"\} (4[0-9]|5[0-9])/,
    );
  });

  test("is asked to wait while the ledger is down, and no key gets in", async () => {
    harness.ledger.down = true;
    const response = await post(INITIALIZE, {}, "tg_new_key");
    harness.ledger.down = false;
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(JSON.stringify(await response.json())).not.toContain("connection refused");
  });
});

describe("the metadata of the protected resource", () => {
  test.each(["", "/mcp"])("name the resource and how to send a key: %s", async (path) => {
    const response = await fetch(new URL(`/.well-known/oauth-protected-resource${path}`, harness.url));
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(await response.json()).toEqual({
      resource: harness.url.href,
      resource_name: expect.any(String),
      bearer_methods_supported: ["header"],
    });
  });
});

describe("prompts and resources", () => {
  test.each([false, true])("are there for clients of each revision (modern: %s)", async (modern) => {
    const client = await harness.connect(KEY, modern);
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(["monthly-review", "explain-spike", "savings-plan"]);
    const { messages } = await client.getPrompt({ name: "savings-plan", arguments: { target: "$500" } });
    expect(JSON.stringify(messages)).toContain("by $500 a month");
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(["tollgate://budget", "tollgate://spend-summary"]);
    const read = async (uri: string) => {
      const [content] = (await client.readResource({ uri })).contents as Array<{ text: string }>;
      return JSON.parse(content!.text);
    };
    expect(await read("tollgate://budget")).toMatchObject({ plan_tier: "tier_2", cap: "$18.00" });
    expect(await read("tollgate://spend-summary")).toMatchObject({ from: "2026-11-01", currency: "USD" });
    await expect(client.readResource({ uri: "tollgate://other" })).rejects.toThrow();
  });
});

describe("a client that guesses keys", () => {
  const guess = (address: string, key: string) =>
    post(INITIALIZE, { "X-Forwarded-For": `1.2.3.4, ${address}` }, key);

  test("must wait, whatever its headers; others, and known keys, are served", async () => {
    await openSession();
    const statuses = [];
    for (let i = 0; i < 61; i++) statuses.push((await guess("203.0.113.9", `tg_wrong_${i}`)).status);
    // The minute may turn in between.
    const throttled = await guess("203.0.113.9", "tg_wrong_again");
    expect(statuses.slice(0, 60)).toEqual(Array(60).fill(401));
    expect([401, 429]).toContain(throttled.status);
    if (throttled.status === 429) expect(throttled.headers.get("retry-after")).toBe("60");
    expect((await guess("203.0.113.9", KEY)).status).toBe(200);
    expect((await guess("203.0.113.10", "tg_wrong")).status).toBe(401);
  });
});

describe("a session of MCP 2025", () => {
  test("opens, lists the tools with their schemas, and closes", async () => {
    const client = await harness.connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      "ask",
      "compare-periods",
      "get-budget",
      "get-spend",
      "list-anomalies",
      "list-assets",
      "list-recommendations",
    ]);
    for (const tool of tools) {
      expect(tool).toMatchObject({
        title: expect.any(String),
        description: expect.any(String),
        annotations: { readOnlyHint: true },
        inputSchema: { type: "object" },
        outputSchema: { type: "object" },
      });
    }
  });

  test("is refused to another customer's key, as if it were not there", async () => {
    const session = { "Mcp-Session-Id": await openSession(KEY) };
    for (const body of [
      LIST,
      { jsonrpc: "2.0", id: 3, method: "tools/call", params: { name: "get-budget" } },
    ]) {
      const stolen = await post(body, session, OTHER_KEY);
      const unknown = await post(body, { "Mcp-Session-Id": "never-was" }, OTHER_KEY);
      expect(stolen.status).toBe(404);
      expect(await stolen.text()).toBe(await unknown.text());
    }
    expect((await post(LIST, session, KEY)).status).toBe(200);
  });

  test("cannot be listened to or closed by another customer", async () => {
    const id = await openSession(KEY);
    for (const method of ["GET", "DELETE"]) {
      const headers = {
        Authorization: `Bearer ${OTHER_KEY}`,
        "Mcp-Session-Id": id,
        Accept: "text/event-stream",
      };
      const response = await fetch(harness.url, { method, headers });
      expect(response.status).toBe(404);
    }
    expect((await post(LIST, { "Mcp-Session-Id": id })).status).toBe(200);
  });

  test("answers the request for a stream at once", async () => {
    const session = await openSession();
    const headers = {
      Authorization: `Bearer ${KEY}`,
      "Mcp-Session-Id": session,
      Accept: "text/event-stream",
    };
    const stop = new AbortController();
    const response = await fetch(harness.url, { headers, signal: stop.signal });
    const { value } = await response.body!.getReader().read();
    expect(new TextDecoder().decode(value)).toBe(": open\n\n");
    stop.abort();
  });

  test("refuses arguments that a tool does not have", async () => {
    const client = await harness.connect();
    const result = await client.callTool({ name: "get-budget", arguments: { customer_id: "cust_two" } });
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("customer_id") }],
    });
  });

  test("is gone once closed, and with it its conversation", async () => {
    const id = await openSession();
    const session = { "Mcp-Session-Id": id };
    const ask = { name: "ask", arguments: { question: "What is my spend?" } };
    await (await post({ jsonrpc: "2.0", id: 4, method: "tools/call", params: ask }, session)).text();
    expect(harness.gateway.requests.at(-1)!.metadata.session_id).toBe(id);
    const headers = { Authorization: `Bearer ${KEY}`, ...session };
    expect((await fetch(harness.url, { method: "DELETE", headers })).status).toBe(200);
    expect((await post(LIST, session)).status).toBe(404);
    const ended = harness.logs().findLast(({ event }) => event === "session.ended");
    expect(ended).toMatchObject({ session_id: id, reason: "closed", turns: 1 });
  });
});

test("two customers with the same session id share neither history nor identity", async () => {
  const [one, two] = [await harness.connect(KEY, true), await harness.connect(OTHER_KEY, true)];
  const ask = { name: "ask", arguments: { question: "What is my spend?", session_id: "same" } };
  await one.callTool(ask);
  await two.callTool(ask);
  const last = harness.gateway.requests.at(-1)!;
  expect(last.messages).toHaveLength(2);
  expect(last.metadata).toMatchObject({ customer_id: "cust_two", session_id: "same" });
  expect(last.metadata).not.toHaveProperty("gcp_project");
});

describe("the port", () => {
  test("turns away a request for another host (DNS rebinding)", async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const headers = {
        Host: "evil.example",
        Authorization: `Bearer ${KEY}`,
        "Content-Type": "application/json",
      };
      const sent = request(harness.url, { method: "POST", headers }, (res) => resolve(res.statusCode!));
      sent.on("error", reject);
      sent.end(JSON.stringify(INITIALIZE));
    });
    expect(status).toBe(403);
  });

  test("turns away a browser's request from elsewhere", async () => {
    expect((await post(INITIALIZE, { Origin: "https://evil.example" })).status).toBe(403);
    expect((await post(INITIALIZE, { Origin: "http://localhost:6274" })).status).toBe(200);
  });

  test("takes no more than a mebibyte", async () => {
    const large = { ...INITIALIZE, params: { ...INITIALIZE.params, filler: "x".repeat(1_048_576) } };
    expect((await post(large)).status).toBe(413);
  });

  test.each([
    ["not JSON", "{", {}, 400],
    ["another media type", INITIALIZE, { "Content-Type": "text/plain" }, 415],
    ["a call without a session", LIST, {}, 400],
  ])("answers %s with its status", async (_, body, headers, status) => {
    expect((await post(body, headers)).status).toBe(status);
  });

  test("serves nothing else", async () => {
    expect((await fetch(new URL("/", harness.url))).status).toBe(404);
    expect((await fetch(new URL("/metrics", harness.url))).status).toBe(404);
    const put = await fetch(harness.url, { method: "PUT", headers: { Authorization: `Bearer ${KEY}` } });
    expect(put.status).toBe(405);
    expect(put.headers.get("allow")).toBe("POST, GET, DELETE");
  });
});

describe("probes", () => {
  const probe = async (path: string) => {
    const response = await fetch(new URL(path, harness.url));
    return { status: response.status, body: await response.json() };
  };

  test("say that it lives and can answer", async () => {
    expect(await probe("/healthz")).toEqual({ status: 200, body: { status: "ok" } });
    expect(await probe("/readyz")).toEqual({ status: 200, body: { status: "ok", missing: [] } });
  });

  test("say what is missing", async () => {
    harness.ledger.down = true;
    harness.gateway.ready = false;
    expect(await probe("/readyz")).toEqual({
      status: 503,
      body: { status: "waiting", missing: ["gateway", "ledger"] },
    });
    expect((await probe("/healthz")).status).toBe(200);
    harness.ledger.down = false;
    harness.gateway.ready = true;
    expect((await probe("/readyz")).status).toBe(200);
  });
});
