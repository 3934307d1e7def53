import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { wrongWith } from "../discovery/check";
import { discovery } from "../discovery/document";

/** A call of an API, without the host. */
export interface Call {
  method: string;
  /** Segments after the service's base path, decoded. */
  path: string[];
  /** The same as it came: an object's name may hold encoded slashes. */
  rawPath: string;
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

/**
 * The published document of what is served under a base path, and the path as that document has it. The provider sends Compute
 * Engine the region of an address, which it answers only and ignores.
 */
const DOCUMENTS: Record<string, { document: string; at?: string; ignoreOutput?: true }> = {
  "artifactregistry.googleapis.com/v1": { document: "artifactregistry.v1" },
  "billingbudgets.googleapis.com/v1": { document: "billingbudgets.v1" },
  "run.googleapis.com/v2": { document: "run.v2" },
  "cloudscheduler.googleapis.com/v1": { document: "cloudscheduler.v1" },
  "compute.googleapis.com/compute/beta": { document: "compute.beta", ignoreOutput: true },
  "dns.googleapis.com/dns/v1beta2": { document: "dns.v1beta2" },
  "dns/v1": { document: "dns.v1beta2", at: "dns/v1beta2" },
  "iam.googleapis.com/v1": { document: "iam.v1" },
  "iap.googleapis.com/v1": { document: "iap.v1" },
  "logging.googleapis.com/v2": { document: "logging.v2" },
  "monitoring.googleapis.com/v3": { document: "monitoring.v3" },
  "pubsub.googleapis.com/v1": { document: "pubsub.v1" },
  "redis.googleapis.com/v1beta1": { document: "redis.v1beta1" },
  "cloudresourcemanager.googleapis.com/v1": { document: "cloudresourcemanager.v1" },
  "secretmanager.googleapis.com/v1": { document: "secretmanager.v1" },
  "servicenetworking.googleapis.com/v1": { document: "servicenetworking.v1" },
  "serviceusage.googleapis.com/v1beta1": { document: "serviceusage.v1beta1" },
  "serviceusage.googleapis.com/v1": { document: "serviceusage.v1beta1", at: "v1beta1" },
  "sqladmin.googleapis.com/sql/v1beta4": { document: "sqladmin.v1beta4" },
  "storage.googleapis.com/storage/v1": { document: "storage.v1" },
};

/** What the provider adds to requests by itself and no document has; the program sets none of it. */
const OF_PROVIDER = [
  "compute.networks.insert: body.routingConfig.deleteBgpAlwaysCompareMed is not a field",
  "compute.routers.patch: body.nats[0].initialNatIps is not a field",
];

/** Refuses what Google's documents refuse, as Google does. */
function refuseWrong(base: string, call: Call): void {
  const known = DOCUMENTS[base];
  // Uploads are not JSON.
  if (!known) return;
  const root = known.at ?? base.replace(/^[a-z]+\.googleapis\.com\//, "");
  const request = {
    verb: call.method,
    path: `${root}/${call.rawPath}`,
    query: call.query.keys(),
    body: call.method === "GET" || call.method === "DELETE" ? {} : call.body,
  };
  const found = wrongWith(discovery(known.document), request, { ignoreOutput: known.ignoreOutput }).filter(
    (line) => !OF_PROVIDER.includes(line),
  );
  if (found.length > 0) throw new ApiError(400, found.join("; "));
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
    const rawPath = url.pathname.slice(base.length + 2);
    const path = rawPath.split("/").map(decodeURIComponent);
    const call = { method: request.method!, path, rawPath, query: url.searchParams, body };
    refuseWrong(base, call);
    const result = handlers[base]!(call);
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
