import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inOrder } from "../support/scripted-gateway";
import { startHarness, type Harness } from "./harness";

const QUESTION = "What did the secret project cost?";
const ANSWER = "A fortune.";

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  status: { code?: number; message?: string };
}

let tempo: Server;
let bodies: string[];
let harness: Harness | undefined;

beforeEach(async () => {
  bodies = [];
  tempo = createServer((req, res) => {
    let body = "";
    req.on("data", (chunk: Buffer) => (body += chunk.toString()));
    req.on("end", () => {
      bodies.push(`${req.method} ${req.url} ${body}`);
      res.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((done) => tempo.listen(0, "127.0.0.1", done));
});
afterEach(async () => {
  await harness?.stop();
  tempo.closeAllConnections();
  tempo.close();
});

async function ask(): Promise<Span[]> {
  const url = `http://127.0.0.1:${(tempo.address() as AddressInfo).port}/`;
  harness = await startHarness({ TEMPO_URL: url });
  harness.gateway.reset(
    inOrder(
      { toolCalls: [{ name: "get-spend", arguments: { filter: "the secret project" } }] },
      { text: ANSWER },
    ),
  );
  const client = await harness.connect();
  await client.callTool({ name: "ask", arguments: { question: QUESTION } });
  await harness.stop();
  return bodies.flatMap((body) => {
    const { resourceSpans } = JSON.parse(body.replace("POST /v1/traces ", "")) as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
    };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });
}

test("the last question's spans are with Tempo when the agent has stopped, and hold no text", async () => {
  const spans = await ask();
  expect(spans.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["ask", "get-spend", expect.stringMatching(/^llm-call /)]),
  );
  const [root, ...others] = spans.filter(({ parentSpanId }) => !parentSpanId);
  expect([root?.name, others]).toEqual(["ask", []]);
  const answered = harness!.logs().find(({ event }) => event === "query.answered");
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([answered?.trace_id]));
  const sent = bodies.join("\n");
  expect(sent).toContain("cust_one");
  for (const text of [QUESTION, ANSWER, "secret project", "langfuse.observation.input"])
    expect(sent).not.toContain(text);
});

test("each call of the gateway names the span that it belongs to, by W3C trace context", async () => {
  const spans = await ask();
  const calls = spans.filter(({ name }) => name.startsWith("llm-call "));
  expect(harness!.gateway.requests.map(({ headers }) => headers.traceparent)).toEqual(
    calls.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`),
  );
});
