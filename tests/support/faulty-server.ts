import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** In every body that must not be shown to anybody. */
export const SECRET = "s3cr3t-t0ken";

const error = (status: number) => (response: ServerResponse) =>
  void response
    .writeHead(status, { "content-type": "application/json" })
    .end(JSON.stringify({ error: { code: status, message: `because ${status}`, status: "X" } }));
const body =
  (text: string, status = 200, type = "application/json") =>
  (response: ServerResponse) =>
    void response.writeHead(status, { "content-type": type }).end(text);
const PAGE = `<!doctype html><title>Sign in</title><input value="${SECRET}">`;

/** What can come back instead of an API's answer. */
export const FAULTS = {
  ...(Object.fromEntries(
    [401, 403, 404, 409, 429, 500, 503].map((status) => [status, error(status)]),
  ) as Record<401 | 403 | 404 | 409 | 429 | 500 | 503, (response: ServerResponse) => void>),
  page: body(PAGE, 200, "text/html"),
  "page 502": body(PAGE, 502, "text/html"),
  empty: body(""),
  null: body("null"),
  list: body("[]"),
  number: body("12"),
  "other types": body('{"metadata":"x","items":{},"services":12,"skus":3,"data":7,"token":{},"name":[]}'),
  cut: (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
    response.write('{"metadata":{"name":"', () => response.destroy());
  },
  reset: (response: ServerResponse) => void response.destroy(),
  hang: () => undefined,
};
export type Fault = keyof typeof FAULTS;

/** A server that fails in one way, after some requests that it answers as it should. */
export class FaultyServer {
  fault: Fault = 503;
  /** Answers a request as it should be, by `METHOD /path`; the fault answers what this leaves. */
  right: (request: string) => object | undefined = () => undefined;
  /** Requests that met the fault. */
  met = 0;
  url = "";
  private server?: Server;

  async start(): Promise<this> {
    this.server = createServer((request, response) => {
      const path = request.url!.replace(/\?.*/, "");
      if (path.startsWith("/computeMetadata/")) {
        response.setHeader("metadata-flavor", "Google");
        const token = JSON.stringify({ access_token: SECRET, expires_in: 3600 });
        return void response.end(path.endsWith("/token") ? token : "{}");
      }
      const right = this.right(`${request.method} ${path}`);
      if (right) return void response.end(JSON.stringify(right));
      this.met += 1;
      FAULTS[this.fault](response);
    });
    await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  get port(): number {
    return (this.server!.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}
