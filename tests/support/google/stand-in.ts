import { AssetServiceClient } from "@google-cloud/asset";
import { BigQuery } from "@google-cloud/bigquery";
import { RecommenderClient } from "@google-cloud/recommender";
import { PassThroughClient } from "google-auth-library";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { GcpClients } from "../../../app/sources/gcp";

// There is no metadata server here to look for.
process.env.METADATA_SERVER_DETECTION = "none";

/** One request that a client sent. */
export interface SeenCall {
  method: string;
  path: string;
  search: URLSearchParams;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a JSON body of any of the APIs
  body: any;
}

export type Handler = (call: SeenCall) => { status?: number; body: unknown } | undefined;

/**
 * A stand-in for Google's APIs over HTTP, with answers from the test: BigQuery v2, Cloud Asset v1 and Recommender v1, as
 * their REST references describe them (read November 2026). Google's own clients talk to it.
 */
export class GoogleStandIn {
  readonly calls: SeenCall[] = [];
  handler: Handler = () => undefined;
  private server?: Server;
  private port = 0;

  async start(): Promise<void> {
    this.server = createServer((req, res) => {
      let text = "";
      req.on("data", (part: Buffer) => (text += part.toString()));
      req.on("end", () => {
        const url = new URL(req.url!, "http://google");
        const body: unknown = text === "" ? undefined : JSON.parse(text);
        const call = {
          method: req.method!,
          path: decodeURIComponent(url.pathname),
          search: url.searchParams,
          body,
        };
        this.calls.push(call);
        const { status = 200, body: answer } = this.handler(call) ?? error(404, "NOT_FOUND");
        res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Google's clients, without credentials, pointed here. */
  clients(): GcpClients {
    const options = {
      fallback: true,
      protocol: "http",
      apiEndpoint: "127.0.0.1",
      port: this.port,
      // The clients bring their own copy of the library that this type comes from.
      authClient: new PassThroughClient() as never,
    };
    return {
      bigquery: new BigQuery({ projectId: "agent-project", apiEndpoint: `http://127.0.0.1:${this.port}` }),
      recommender: new RecommenderClient(options),
      asset: new AssetServiceClient(options),
    };
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

/** An error as Google's APIs write it. */
export function error(status: number, reason: string) {
  const message = `stand-in: ${reason}`;
  return {
    status,
    body: { error: { code: status, message, status: reason, errors: [{ reason, message }] } },
  };
}
