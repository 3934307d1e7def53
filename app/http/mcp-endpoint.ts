import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
  type AuthInfo,
  type McpServer,
} from "@modelcontextprotocol/server";
import { randomUUID } from "node:crypto";
import type { Customer } from "../ledger/ledger";
import { SessionStore } from "../sessions";
import type { Store } from "../store/store";
import type { Telemetry } from "../telemetry";
import { AnswerStore, readEventId } from "./answer-store";

/** Largest request body, in bytes. */
export const MAX_BODY = 1_048_576;

/** Milliseconds after which a client that lost its stream may come back for the answer. */
const RETRY_MS = 1_000;

interface McpSession {
  server: McpServer;
  transport: WebStandardStreamableHTTPServerTransport;
}

interface Options {
  authInfo?: AuthInfo;
  parsedBody?: unknown;
}

interface EndpointParts {
  buildServer: (customer: Customer, sessionId: () => string | undefined) => McpServer;
  telemetry: Telemetry;
  store: Store;
  /** Called when a client ends an MCP session. */
  onSessionEnd: (customerId: string, sessionId: string) => Promise<void>;
  sessionIdleMs?: number;
}

/**
 * The MCP endpoint. It speaks the revision of 2026-07-28, which has no sessions (`ask` returns a handle instead), and the
 * ones of 2025 with theirs: opened by `initialize` and bound to the customer who opened them. The store knows them, so that
 * any instance serves any session.
 */
export class McpEndpoint {
  private readonly modern;
  private readonly sessions: SessionStore<McpSession>;
  private readonly opening = new Map<string, Promise<McpSession>>();

  constructor(private readonly parts: EndpointParts) {
    const onerror = (error: Error) => this.report(error);
    this.modern = createMcpHandler(
      ({ authInfo }) => parts.buildServer(customerOf(authInfo), () => undefined),
      {
        legacy: "reject",
        maxRequestBodySize: MAX_BODY,
        onerror,
      },
    );
    this.sessions = new SessionStore<McpSession>({
      idleMs: parts.sessionIdleMs ?? 30 * 60_000,
      perCustomer: 100,
      onEnd: ({ server }) => void server.close().catch(onerror),
    });
  }

  /** Answers one request of an authenticated customer. */
  fetch = async (request: Request, { authInfo }: { authInfo?: AuthInfo } = {}): Promise<Response> => {
    const customer = customerOf(authInfo);
    let parsedBody: unknown;
    if (request.method === "POST") {
      try {
        parsedBody = JSON.parse(await request.text());
      } catch {
        return this.count("invalid", jsonRpcError(400, -32_700, "The body is not valid JSON."));
      }
    }
    const options = { authInfo, parsedBody };
    const response = (await isLegacyRequest(request, parsedBody))
      ? await this.legacy(request, customer, options)
      : await this.modern.fetch(request, options);
    return this.count(methodOf(request, parsedBody), response);
  };

  async close(): Promise<void> {
    this.sessions.close();
    await this.modern.close();
  }

  private async legacy(request: Request, customer: Customer, options: Options): Promise<Response> {
    const sessionId = request.headers.get("mcp-session-id");
    if (sessionId === null) return this.openSession(request, customer, options);
    const initialize = await this.parts.store.mcpSession(customer.customerId, sessionId);
    // Another customer's session is as unknown as one that never was; the client then opens its own.
    if (initialize === undefined) {
      this.sessions.end(customer.customerId, sessionId, "closed");
      return jsonRpcError(404, -32_001, "There is no such session: initialize a new one.");
    }
    const lastEvent = request.method === "GET" ? request.headers.get("last-event-id") : null;
    if (lastEvent !== null && !readEventId(lastEvent)) {
      return jsonRpcError(400, -32_000, "Last-Event-ID is not the id of an event of this server.");
    }
    const session =
      this.sessions.get(customer.customerId, sessionId) ??
      (await this.takeOver(customer, sessionId, initialize, request.url, options));
    const response = await session.transport.handleRequest(request, options);
    return request.method === "GET" && response.ok ? atOnce(response) : response;
  }

  private async openSession(request: Request, customer: Customer, options: Options): Promise<Response> {
    const { server, transport } = await this.connect(customer, randomUUID(), (id) =>
      this.parts.store.saveMcpSession(customer.customerId, id, options.parsedBody),
    );
    const response = await transport.handleRequest(request, options);
    // Anything but an initialize has been turned away by the transport.
    if (transport.sessionId === undefined) await server.close();
    return response;
  }

  /** Serves a session that another instance opened: its client's initialize runs again, and the answer is discarded. */
  private takeOver(
    customer: Customer,
    sessionId: string,
    initialize: unknown,
    url: string,
    { authInfo }: Options,
  ): Promise<McpSession> {
    const key = `${customer.customerId}/${sessionId}`;
    let opening = this.opening.get(key);
    if (!opening) {
      opening = (async () => {
        const session = await this.connect(customer, sessionId, () => Promise.resolve());
        const headers = {
          "Content-Type": "application/json",
          Accept: "application/json, text/event-stream",
        };
        const again = new Request(url, { method: "POST", headers, body: JSON.stringify(initialize) });
        const answer = await session.transport.handleRequest(again, { authInfo, parsedBody: initialize });
        await answer.text();
        return session;
      })().finally(() => this.opening.delete(key));
      this.opening.set(key, opening);
    }
    return opening;
  }

  /** A server and a transport that becomes a session when it is initialized. */
  private async connect(
    customer: Customer,
    sessionId: string,
    onInitialized: (sessionId: string) => Promise<void>,
  ): Promise<McpSession> {
    const { customerId } = customer;
    const { store, telemetry } = this.parts;
    const transport: WebStandardStreamableHTTPServerTransport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => sessionId,
      eventStore: new AnswerStore(store, customerId, telemetry.log),
      retryInterval: RETRY_MS,
      onsessioninitialized: async (id) => {
        await onInitialized(id);
        this.sessions.set(customerId, id, { server, transport });
      },
      onsessionclosed: async (id) => {
        this.sessions.end(customerId, id, "closed");
        await store.endMcpSession(customerId, id);
        await this.parts.onSessionEnd(customerId, id);
      },
    });
    const server = this.parts.buildServer(customer, () => transport.sessionId);
    server.server.onerror = (error) => this.report(error);
    await server.connect(transport);
    return { server, transport };
  }

  /** Tool calls are counted where their outcome is known. */
  private count(method: string, response: Response): Response {
    if (method !== "tools/call" || !response.ok) {
      const outcome = response.status < 400 ? "ok" : response.status < 500 ? "user_error" : "error";
      this.parts.telemetry.metrics.requests.inc({ method, outcome });
    }
    return response;
  }

  private report(error: Error): void {
    this.parts.telemetry.log.warn(
      { event: "request.error", err: error },
      "an MCP request could not be served",
    );
  }
}

/** A stream that says so with its first byte: a client, or a proxy, need not wait for the first message to know that it is open. */
function atOnce(response: Response): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  void writer
    .write(new TextEncoder().encode(": open\n\n"))
    .then(() => writer.releaseLock())
    .then(() => response.body!.pipeTo(writable))
    .catch(() => undefined);
  return new Response(readable, { status: response.status, headers: response.headers });
}

/** The identity that authentication attached; a request never gets here without. */
export function authInfoOf(customer: Customer): AuthInfo {
  return { token: "", clientId: customer.customerId, scopes: [], extra: { customer } };
}

function customerOf(authInfo: AuthInfo | undefined): Customer {
  const customer = authInfo?.extra?.customer;
  if (!customer) throw new Error("an MCP request without a customer");
  return customer as Customer;
}

const METHODS = new Set([
  "initialize",
  "notifications/initialized",
  "notifications/cancelled",
  "ping",
  "server/discover",
  "subscriptions/listen",
  "tools/list",
  "tools/call",
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/read",
  "resources/templates/list",
]);

/** The MCP method as a label: only known ones, for a client can send any text. */
function methodOf({ method }: Request, body: unknown): string {
  if (method === "GET") return "stream";
  if (method === "DELETE") return "close";
  const named = (body as { method?: unknown } | null)?.method;
  return typeof named === "string" && METHODS.has(named) ? named : "other";
}

export function jsonRpcError(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });
}
