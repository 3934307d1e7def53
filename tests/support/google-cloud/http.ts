import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A call of an API, without the host. */
export interface Call {
  method: string;
  /** Segments after the service's base path, decoded. */
  path: string[];
  query: URLSearchParams;
  // Bodies are as manifold as Google's APIs.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

/** An answer of an API; `undefined` from a handler is a 404. */
export interface Answer {
  status?: number;
  body: unknown;
}

export type Handler = (call: Call) => unknown;

/** An error as Google's APIs answer it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Serves handlers by their base path (`run.googleapis.com/v2`) on a loopback port. */
export async function serve(
  handlers: Record<string, Handler>,
  log: string[],
): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    void answer(request, handlers, log).then(({ status = 200, body }) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

async function answer(
  request: IncomingMessage,
  handlers: Record<string, Handler>,
  log: string[],
): Promise<Answer> {
  const url = new URL(request.url!, "http://localhost");
  const base = Object.keys(handlers).find((each) => url.pathname.startsWith(`/${each}/`));
  const body = await read(request);
  const line = `${request.method} ${url.pathname}${url.search}`;
  try {
    if (!base) throw new ApiError(501, `no stand-in for ${line}`);
    const path = url.pathname
      .slice(base.length + 2)
      .split("/")
      .map(decodeURIComponent);
    const result = handlers[base]!({ method: request.method!, path, query: url.searchParams, body });
    if (result === undefined) throw new ApiError(404, `not found: ${line}`);
    log.push(`200 ${line}`);
    return { body: result };
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 500;
    log.push(`${status} ${line} ${(error as Error).message}`);
    return { status, body: { error: { code: status, message: (error as Error).message } } };
  }
}

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  if (!text) return {};
  return request.headers["content-type"]?.startsWith("application/json") ? JSON.parse(text) : text;
}
