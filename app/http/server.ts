import { hostHeaderValidation, originValidation, toNodeHandler } from "@modelcontextprotocol/node";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { InFlight } from "../in-flight";
import type { Telemetry } from "../telemetry";
import type { Authenticate, Rejection, Verdict } from "./authenticate";
import { authInfoOf, MAX_BODY, type McpEndpoint } from "./mcp-endpoint";

interface HttpParts {
  authenticate: Authenticate;
  endpoint: McpEndpoint;
  /** Called with each call until its last byte is sent. Streams that a client listens on are not calls. */
  inFlight: InFlight;
  /** What the agent lacks to answer; nothing when it can. */
  missing: () => Promise<string[]>;
  /** Host names without ports; undefined where something in front decides which hosts there are. */
  allowedHosts: string[] | undefined;
  /** The agent's address as customers know it; undefined: what each request was sent to. */
  publicUrl: string | undefined;
  /** The authorization server whose tokens are taken; undefined: customers' keys only. */
  issuer: string | undefined;
  telemetry: Telemetry;
}

/** Where the metadata of the protected resource are (RFC 9728): for the server, and for its path. */
const METADATA = "/.well-known/oauth-protected-resource";

/** What a client without a customer reads, and the `error` of RFC 6750. */
const REJECTED: Record<Rejection, { status: 401 | 429; error?: string; message: string }> = {
  no_key: { status: 401, message: "Send your key as Authorization: Bearer <key>." },
  malformed: {
    status: 401,
    error: "invalid_token",
    message: "The Authorization header cannot be read. Send your key as Authorization: Bearer <key>.",
  },
  unknown_key: {
    status: 401,
    error: "invalid_token",
    message:
      "The key in your Authorization header is not known. Please check it, or ask support for a new one.",
  },
  disabled: {
    status: 401,
    error: "invalid_token",
    message:
      "The key in your Authorization header belongs to an account that is not active. Please contact support.",
  },
  throttled: {
    status: 429,
    message: "Too many wrong keys came from your address. Please try again in a minute.",
  },
};

/** The agent's public port: `/mcp` for customers, `/healthz` (lives) and `/readyz` (can answer) for probes. */
export function createHttpServer(parts: HttpParts): Server {
  const { log } = parts.telemetry;
  // A page in a browser must not reach an agent on the same machine under another name (DNS rebinding).
  const { allowedHosts } = parts;
  const guards = [
    ...(allowedHosts ? [hostHeaderValidation(allowedHosts)] : []),
    originValidation(allowedHosts ?? []),
  ];
  const mcp = toNodeHandler(parts.endpoint, {
    maxRequestBodySize: MAX_BODY,
    onerror: (err) => log.error({ event: "request.error", err }, "an MCP request failed"),
  });

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = req.url?.split("?", 1)[0];
    if (path === "/healthz") return answer(res, 200, { status: "ok" });
    if (path === "/readyz") {
      const missing = await parts.missing();
      return answer(res, missing.length === 0 ? 200 : 503, {
        status: missing.length === 0 ? "ok" : "waiting",
        missing,
      });
    }
    if (path === METADATA || path === `${METADATA}/mcp`) {
      res.setHeader("Access-Control-Allow-Origin", "*");
      return answer(res, 200, {
        resource: resourceOf(req),
        resource_name: "Tollgate cloud cost assistant",
        bearer_methods_supported: ["header"],
        ...(parts.issuer !== undefined && { authorization_servers: [parts.issuer] }),
      });
    }
    if (path !== "/mcp") return answer(res, 404, problem("There is nothing here: the MCP endpoint is /mcp."));
    if (!["POST", "GET", "DELETE"].includes(req.method ?? "")) {
      res.setHeader("Allow", "POST, GET, DELETE");
      return answer(res, 405, problem("Use POST, GET or DELETE."));
    }
    if (!guards.every((allows) => allows(req, res))) return;

    let verdict: Verdict;
    try {
      verdict = await parts.authenticate({
        authorization: req.headers.authorization,
        address: addressOf(req),
      });
    } catch (err) {
      log.error({ event: "request.error", err }, "the ledger cannot be asked who a key belongs to");
      res.setHeader("Retry-After", "5");
      return answer(res, 503, problem("Your key cannot be checked at the moment. Please try again."));
    }
    if ("rejected" in verdict) return reject(req, res, verdict.rejected);
    const { customer } = verdict;
    if (req.method === "POST") void parts.inFlight.track(new Promise((done) => res.once("close", done)));
    await mcp(Object.assign(req, { auth: authInfoOf(customer) }), res);
  }

  function reject(req: IncomingMessage, res: ServerResponse, rejection: Rejection): void {
    const { status, error, message } = REJECTED[rejection];
    if (status === 429) res.setHeader("Retry-After", "60");
    else {
      const metadata = new URL(`${METADATA}/mcp`, resourceOf(req)).href;
      const challenge = [
        ...(error === undefined
          ? []
          : [`error="${error}"`, `error_description="${message.replace(/[<>"]/g, "")}"`]),
        `resource_metadata="${metadata}"`,
      ];
      res.setHeader("WWW-Authenticate", `Bearer realm="tollgate", ${challenge.join(", ")}`);
    }
    answer(res, status, problem(message));
  }

  /** The endpoint's address, as the client knows it. */
  function resourceOf(req: IncomingMessage): string {
    const scheme = req.headers["x-forwarded-proto"] === "https" ? "https" : "http";
    const host = /^[\w.:[\]-]{1,255}$/.test(req.headers.host ?? "") ? req.headers.host : "localhost";
    return new URL("/mcp", parts.publicUrl ?? `${scheme}://${host}`).href;
  }

  const server = createServer((req, res) => {
    handle(req, res).catch((err: unknown) => {
      log.error({ event: "request.error", err }, "a request failed");
      if (res.headersSent) res.destroy();
      else answer(res, 500, problem("Something went wrong on our side."));
    });
  });
  // A client may take its time to read an answer, not to send a request.
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  return server;
}

/** Starts listening. @returns the port, which is another than asked for when that was 0. */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Stops accepting, and resolves when the last connection is gone. Idle ones are closed at once. */
export function stopAccepting(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** Where a request comes from. A proxy in front appends the address that it saw; what stands before it, anybody may write. */
function addressOf(req: IncomingMessage): string {
  const forwarded = req.headers["x-forwarded-for"];
  const seen = (Array.isArray(forwarded) ? forwarded.join() : (forwarded ?? "")).split(",").at(-1)!.trim();
  return seen || (req.socket.remoteAddress ?? "");
}

function problem(message: string) {
  return { jsonrpc: "2.0", error: { code: -32_000, message }, id: null };
}

function answer(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
  res.end(text);
}
