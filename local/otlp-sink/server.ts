import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { ZodError } from "zod";
import { langfusePrompts } from "../../dashboards/langfuse/prompts";
import { decodeTraces, MalformedTraces, MAX_BODY_BYTES } from "./decode";
import { renderConversation } from "./conversation";
import { renderPage } from "./page";
import { readScore } from "./score";
import { sessionsOf, type Session } from "./sessions";
import type { TraceStore } from "./store";

interface BatchEvent {
  id: string;
  type: string;
  body: unknown;
}

export interface SinkOptions {
  store: TraceStore;
  publicKey: string;
  secretKey: string;
  /** Gets each request with traces as it came. */
  record?: (body: Buffer, headers: IncomingHttpHeaders) => void;
}

/**
 * The part of Langfuse 4.x's public API that senders of traces use, over files:
 *
 * - `POST /api/public/otel/v1/traces`: OTLP/HTTP, protobuf or JSON, plain or gzip; the project's key pair by Basic auth
 * - `POST /api/public/scores`, and scores in the older batches of `POST /api/public/ingestion`, of which nothing else is kept
 * - `GET /api/public/health`, `GET /api/public/ready`
 * - `GET /api/public/v2/prompts/<name>`: the repository's prompts, each as its first version, as `langfuse apply` makes them
 * - `GET /`: the conversations; `GET /sessions/<id>`: one of them; `GET /traces/<id>`: its place in its conversation. Both also
 *   below `/project/<id>/`, where Langfuse has them and links lead
 * - `GET /api/traces`: what is kept, as JSON
 */
export function createSink(options: SinkOptions): Server {
  return createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      if (error instanceof SyntaxError || error instanceof ZodError)
        return sendJson(response, 400, { message: error.message });
      if (error instanceof MalformedTraces) return sendJson(response, 400, { message: error.message });
      if (error instanceof BodyTooLarge) return sendJson(response, 413, { message: error.message });
      console.error(`otlp-sink: ${String(error)}`);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { message: "the sink failed: see its log" });
    });
  });
}

async function answer(
  options: SinkOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://sink");
  const route = `${request.method} ${pathname}`;
  const session = /^GET \/(?:project\/[^/]+\/)?sessions\/([^/]+)$/.exec(route)?.[1];
  const sessions = () => sessionsOf(options.store.spans(), options.store.scores());
  if (session) return sendConversation(sessions(), decodeURIComponent(session), response);
  const trace = /^GET \/(?:project\/[^/]+\/)?traces\/([0-9a-f]{32})$/.exec(route)?.[1];
  if (trace) return redirectToTrace(sessions(), trace, response);
  switch (route) {
    case "GET /":
      return sendHtml(response, renderPage(sessions()));
    case "GET /api/traces":
      return sendJson(response, 200, sessions());
    case "GET /api/public/health":
    case "GET /api/public/ready":
      return sendJson(response, 200, { status: "OK" });
  }
  if (!isAuthorized(options, request.headers.authorization)) {
    request.resume();
    const message = "The key pair is wrong: use the one in .tollgate/secrets.json";
    return sendJson(response, 401, { message });
  }
  if (route === "POST /api/public/otel/v1/traces") return takeTraces(options, request, response);
  const prompt = /^GET \/api\/public\/v2\/prompts\/([^/]+)$/.exec(route)?.[1];
  if (prompt) return sendPrompt(decodeURIComponent(prompt), response);
  if (route === "POST /api/public/scores") {
    const score = readScore(JSON.parse((await readBody(request)).toString()), randomUUID());
    options.store.addScores([score]);
    return sendJson(response, 200, { id: score.id });
  }
  if (route === "POST /api/public/ingestion") return takeBatch(options.store, request, response);
  request.resume();
  sendJson(response, 404, { message: `There is no ${route} in the sink` });
}

async function takeBatch(
  store: TraceStore,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { batch } = JSON.parse((await readBody(request)).toString()) as { batch?: BatchEvent[] };
  const events = batch ?? [];
  store.addScores(
    events.filter(({ type }) => type === "score-create").map(({ id, body }) => readScore(body, id)),
  );
  sendJson(response, 207, { successes: events.map(({ id }) => ({ id, status: 201 })), errors: [] });
}

function sendConversation(sessions: Session[], id: string, response: ServerResponse): void {
  const session = sessions.find(({ sessionId }) => sessionId === id);
  if (session) return sendHtml(response, renderConversation(session));
  sendJson(response, 404, { message: `There is no conversation ${id}` });
}

function redirectToTrace(sessions: Session[], id: string, response: ServerResponse): void {
  const session = sessions.find(({ traces }) => traces.some(({ traceId }) => traceId === id));
  if (!session) return sendJson(response, 404, { message: `There is no trace ${id}` });
  response.writeHead(302, { location: `/sessions/${encodeURIComponent(session.sessionId)}#${id}` }).end();
}

function sendPrompt(wanted: string, response: ServerResponse): void {
  const found = langfusePrompts().find(({ name }) => name === wanted);
  if (!found) return sendJson(response, 404, { message: `There is no prompt ${wanted}` });
  const { name, text } = found;
  const labels = ["production", "repository", "latest"];
  sendJson(response, 200, { type: "text", name, prompt: text, version: 1, labels, tags: [], config: {} });
}

async function takeTraces(
  { store, record }: SinkOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const contentType = request.headers["content-type"] ?? "";
  const body = await readBody(request);
  store.add(decodeTraces(body, contentType, request.headers["content-encoding"]));
  record?.(body, request.headers);
  if (contentType.startsWith("application/json")) return sendJson(response, 200, { partialSuccess: {} });
  // An ExportTraceServiceResponse without fields has no bytes.
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
}

function isAuthorized({ publicKey, secretKey }: SinkOptions, header = ""): boolean {
  const expected = `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`;
  const digest = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(digest(header), digest(expected));
}

class BodyTooLarge extends Error {
  override message = `The body is larger than ${MAX_BODY_BYTES} bytes: send smaller batches`;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function sendHtml(response: ServerResponse, html: string): void {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  response
    .writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy })
    .end(html);
}
