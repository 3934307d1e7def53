import { LangfuseClient } from "@langfuse/client";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { CompressionAlgorithm } from "@opentelemetry/otlp-exporter-base";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { badgesOf } from "../../local/otlp-sink/conversation";
import type { Span } from "../../local/otlp-sink/decode";
import { toObservation } from "../../local/otlp-sink/observation";
import { createSink } from "../../local/otlp-sink/server";
import type { Session } from "../../local/otlp-sink/sessions";
import { TraceStore } from "../../local/otlp-sink/store";

const publicKey = "pk-lf-test";
const secretKey = "sk-lf-test";
const authorization = `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`;

let folder: string;
let server: Server;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sink-"));
  server = createSink({ store: new TraceStore(folder), publicKey, secretKey });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

async function sessions(): Promise<Session[]> {
  return (await (await fetch(`${url}/api/traces`)).json()) as Session[];
}

function post(body: string | Buffer, headers: Record<string, string> = {}) {
  return fetch(`${url}/api/public/otel/v1/traces`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json", ...headers },
    body,
  });
}

/** Sends one conversation: a trace with a generation under a tool, as the SDKs write it. */
async function sendConversation(exporter: SpanExporter): Promise<void> {
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer("test");
  const root = tracer.startSpan("ask", {
    attributes: {
      "session.id": "sess-1",
      "user.id": "acme",
      "langfuse.trace.name": "conversation",
      "langfuse.trace.tags": ["tier_2", "<b>bold</b>"],
      "langfuse.observation.type": "agent",
      "langfuse.trace.metadata.query_type": "cost_analysis",
    },
  });
  const generation = tracer.startSpan(
    "answer",
    {
      attributes: {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "claude-sonnet-5-5",
        "langfuse.observation.usage_details": '{"input": 1200, "output": 34}',
        "langfuse.observation.cost_details": '{"total": 0.00274}',
        "langfuse.observation.input": '[{"role":"user","content":"<script>alert(1)</script>"}]',
      },
    },
    trace.setSpan(context.active(), root),
  );
  generation.setStatus({ code: SpanStatusCode.ERROR, message: "cut" });
  generation.end();
  root.end();
  await provider.forceFlush();
  await provider.shutdown();
}

const endpoint = () => ({ url: `${url}/api/public/otel/v1/traces`, headers: { authorization } });

describe.each([
  ["JSON", () => new JsonExporter(endpoint())],
  ["JSON, gzip", () => new JsonExporter({ ...endpoint(), compression: CompressionAlgorithm.GZIP })],
  ["protobuf", () => new ProtobufExporter(endpoint())],
  ["protobuf, gzip", () => new ProtobufExporter({ ...endpoint(), compression: CompressionAlgorithm.GZIP })],
])("a conversation sent as %s", (_, exporter) => {
  beforeEach(() => sendConversation(exporter()));

  it("is kept as a session with its trace, its observations as a tree, tokens, cost and error", async () => {
    const [session] = await sessions();
    expect(session).toMatchObject({ sessionId: "sess-1", cost: 0.00274 });
    expect(session?.traces).toHaveLength(1);
    const [trace] = session?.traces ?? [];
    expect(trace).toMatchObject({
      name: "conversation",
      userId: "acme",
      tags: ["tier_2", "<b>bold</b>"],
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(trace?.observations).toMatchObject([
      { name: "ask", type: "agent", depth: 0, metadata: { query_type: "cost_analysis" } },
      {
        name: "answer",
        type: "generation",
        depth: 1,
        model: "claude-sonnet-5-5",
        promptTokens: 1200,
        completionTokens: 34,
        cost: 0.00274,
        error: "cut",
      },
    ]);
  });

  it("is read as a conversation, with everything escaped", async () => {
    const list = await (await fetch(url)).text();
    expect(list).toContain('href="/sessions/sess-1"');
    expect(list).toContain("$0.002740");
    const page = await (await fetch(`${url}/sessions/sess-1`)).text();
    for (const shown of ["claude-sonnet-5-5", "1200", "$0.002740", "cut", "tier_2"])
      expect(page).toContain(shown);
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).not.toContain("<script>");
    expect(page).not.toContain("<b>bold</b>");
  });

  it("is found where links to Langfuse lead", async () => {
    const { traceId } = (await sessions())[0]!.traces[0]!;
    const trace = await fetch(`${url}/project/tollgate/traces/${traceId}`, { redirect: "manual" });
    expect(trace.headers.get("location")).toBe(`/sessions/sess-1#${traceId}`);
    expect((await fetch(`${url}/project/tollgate/sessions/sess-1`)).status).toBe(200);
    expect((await fetch(`${url}/sessions/unknown`)).status).toBe(404);
  });
});

describe("what is out of the ordinary", () => {
  const shown = (metadata: Record<string, string>) =>
    badgesOf(toObservation({ ...plainSpan, attributes: attributesOf(metadata) })).join("");
  const attributesOf = (metadata: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [`langfuse.observation.metadata.${name}`, value]),
    );
  const plainSpan: Span = {
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    name: "call",
    startedAt: "2026-11-01T00:00:00.000Z",
    duration: 1,
    attributes: {},
    resource: {},
    events: [],
  };

  it.each([
    [{ decision: "refused", reason: "session_budget" }, "refused: session_budget"],
    [{ decision: "degraded" }, "degraded"],
    [{ degraded: "true" }, "degraded"],
    [{ decision: "allowed", cache_hit: "true" }, "cache"],
  ])("%j is marked", (metadata, badge) => {
    expect(shown(metadata as Record<string, string>)).toContain(badge);
  });

  it("an allowed call is not", () => {
    expect(shown({ decision: "allowed", degraded: "false", cache_hit: "false" })).toBe("");
  });
});

describe("what is refused", () => {
  const headers = { "content-type": "application/json" };

  it.each([
    ["no key", {}],
    ["a wrong key", { authorization: `Basic ${Buffer.from("pk-lf-test:sk-wrong").toString("base64")}` }],
  ])("traces with %s", async (_, auth) => {
    const response = await fetch(`${url}/api/public/otel/v1/traces`, {
      method: "POST",
      headers: { ...headers, ...auth },
      body: '{"resourceSpans":[]}',
    });
    expect(response.status).toBe(401);
    expect(await sessions()).toEqual([]);
  });

  it.each([
    ["no JSON", "{", {}],
    ["an invalid identifier", spanJson({ traceId: "xyz" }), {}],
    ["no gzip", "{}", { "content-encoding": "gzip" }],
    ["neither JSON nor protobuf", "hello", { "content-type": "text/plain" }],
    ["no protobuf", Buffer.from([0xff, 0xff, 0xff]), { "content-type": "application/x-protobuf" }],
    // 40 MB of zeros are 40 KB as gzip.
    ["a gzip bomb", gzipSync(Buffer.alloc(40_000_000)), { "content-encoding": "gzip" }],
  ])("a body that is %s, with the reason", async (_, body, more) => {
    const response = await post(body as string | Buffer, more as Record<string, string>);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).not.toBe("");
    expect(await sessions()).toEqual([]);
  });

  it("a body over the limit", async () => {
    const response = await post(Buffer.alloc(33 * 1024 * 1024, 32)).catch(() => undefined);
    // The sink answers before it has read all, so the sender may see the closed connection instead of the answer.
    expect([413, undefined]).toContain(response?.status);
    expect(await sessions()).toEqual([]);
  });
});

describe("Langfuse's other routes", () => {
  it("has the repository's prompts as first versions, and no others", async () => {
    const get = (name: string) =>
      fetch(`${url}/api/public/v2/prompts/${name}?label=production`, { headers: { authorization } });
    const prompt = (await (await get("tollgate-assistant")).json()) as { prompt: string };
    expect(prompt).toMatchObject({ type: "text", name: "tollgate-assistant", version: 1 });
    expect(prompt.prompt).toMatch(/^You are the cost assistant/);
    expect((await get("agent")).status).toBe(404);
    expect((await fetch(`${url}/api/public/v2/prompts/tollgate-assistant`)).status).toBe(401);
  });

  it("says that it is healthy without a key", async () => {
    expect((await fetch(`${url}/api/public/health`)).status).toBe(200);
  });

  it("shows the scores that Langfuse's client sends, of a trace and of a conversation, each as it was written last", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    await post(spanJson({ attributes: [{ key: "session.id", value: { stringValue: "sess-1" } }] }));
    const client = new LangfuseClient({ baseUrl: url, publicKey, secretKey });
    for (const value of [0.25, 0.75])
      await client.api.scores.create({
        id: "one",
        traceId,
        name: "question-answered",
        value,
        comment: "<why>",
      });
    client.score.create({ sessionId: "sess-1", name: "helpful", value: 1, dataType: "BOOLEAN" });
    await client.score.flush();
    const page = await (await fetch(`${url}/sessions/sess-1`)).text();
    expect(page).toContain('title="&lt;why&gt;">question-answered: 0.75</span>');
    expect(page).toContain("helpful: yes");
    expect(page).not.toContain("0.25");
    await expect(client.api.scores.create({ name: "", value: 1 } as never)).rejects.toMatchObject({
      statusCode: 400,
    });
  });
});

describe("the store", () => {
  it("keeps what an earlier process took, and skips a line that a crash cut short", async () => {
    await post(spanJson({}));
    const store = new TraceStore(folder);
    expect(store.spans()).toHaveLength(1);
  });

  it("never holds more than two files of its limit", () => {
    const store = new TraceStore(join(folder, "bounded"), 1_000);
    const span = { ...new TraceStore(folder).spans()[0], name: "x".repeat(400) } as never;
    for (let i = 0; i < 20; i++) store.add([span]);
    expect(readdirSync(join(folder, "bounded")).sort()).toEqual(["traces.jsonl", "traces.previous.jsonl"]);
    expect(store.spans().length).toBeLessThan(10);
    expect(store.spans().length).toBeGreaterThan(2);
  });
});

function spanJson(span: Record<string, unknown>): string {
  const whole = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: "span",
    startTimeUnixNano: "1795553479000000000",
    endTimeUnixNano: "1795553480000000000",
    ...span,
  };
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [whole] }] }] });
}
