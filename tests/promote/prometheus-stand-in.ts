import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

/** Prometheus' `GET /api/v1/query`, with answers from the test; `undefined` is a Prometheus that starts up. */
export class PrometheusStandIn {
  answer: (query: string) => Sample[] | undefined = () => [];
  readonly authorizations = new Set<string | undefined>();
  url = "";
  private server?: Server;

  /** @param path In front of the API, as where services share an instance. */
  constructor(private readonly path = "") {}

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      const url = new URL(request.url!, "http://prometheus");
      this.authorizations.add(request.headers.authorization);
      const result =
        url.pathname === `${this.path}/api/v1/query`
          ? this.answer(url.searchParams.get("query")!)
          : undefined;
      response
        .writeHead(result ? 200 : 503, { "content-type": "application/json" })
        .end(
          JSON.stringify({ status: result ? "success" : "error", data: { resultType: "vector", result } }),
        );
    });
    await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${this.path}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}
