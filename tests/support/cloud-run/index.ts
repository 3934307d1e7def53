import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThroughClient } from "google-auth-library";
import { GoogleCloudRun } from "../../../ops/promote/google";
import { ApiError, RunProject } from "./project";

export { RunProject, type Template } from "./project";

// There is no metadata server here to look for.
process.env.METADATA_SERVER_DETECTION = "none";

/** What goes wrong with a call: an answer, no answer, or a broken connection before or after it was carried out. */
export type Failure = { status: number } | "hang" | "reset" | "reset-after";

/**
 * A stand-in of the Cloud Run Admin API v2 (`run.googleapis.com/v2`, as @google-cloud/run 3.3.0 speaks it over REST):
 * services.list, get and patch, revisions.get, operations.get and wait. What it answers follows the API's reference as read
 * in November 2026; it shows how the client and the promotion behave, not that Google's service accepts a call.
 */
export class CloudRunStandIn {
  project = new RunProject();
  /** `PATCH services/tollgate-agent`, one a call. */
  readonly calls: string[] = [];
  /** Decides for each call (by its number, from 1) whether it fails. */
  fail: (call: string, number: number) => Failure | undefined = () => undefined;
  /** Operations are done only when they are asked after. */
  slowOperations = false;
  private readonly operations = new Map<string, object>();
  private server?: Server;

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString()));
      request.on("end", () => {
        const url = new URL(request.url!, "http://run");
        const path = decodeURIComponent(url.pathname).replace(
          /^\/v2\/projects\/[^/]+\/locations\/[^/]+\//,
          "",
        );
        this.answer(`${request.method} ${path}`, url, text === "" ? {} : JSON.parse(text), response);
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
  }

  /** Google's client, without credentials, pointed here; it tries again at once. */
  client(timeoutMs = 5_000): GoogleCloudRun {
    const options = {
      protocol: "http",
      apiEndpoint: "127.0.0.1",
      port: (this.server!.address() as AddressInfo).port,
      // The client brings its own copy of the library that this type comes from.
      authClient: new PassThroughClient() as never,
    };
    const place = { project: "tollgate-prod", region: "europe-west1" };
    return new GoogleCloudRun(place, options, { pauseMs: 1, timeoutMs });
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private answer(call: string, url: URL, body: object, response: ServerResponse): void {
    this.calls.push(call);
    const failure = this.fail(call, this.calls.length);
    if (failure === "hang") return;
    if (failure === "reset") return void response.destroy();
    try {
      if (typeof failure === "object")
        throw new ApiError(failure.status, STATUS[failure.status]!, "stand-in");
      const answer = JSON.stringify(this.handle(call, url, body));
      if (failure === "reset-after") return void response.destroy();
      response.writeHead(200, { "content-type": "application/json" }).end(answer);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { code, status, message } = error;
      response
        .writeHead(code, { "content-type": "application/json" })
        .end(JSON.stringify({ error: { code, status, message } }));
    }
  }

  private handle(call: string, url: URL, body: object): object {
    const [method, path] = call.split(" ") as [string, string];
    const [kind, id, under, name] = path.split("/");
    if (kind === "operations") return this.operation(id!.replace(":wait", ""));
    if (method === "GET" && kind === "services" && !id) return { services: this.project.list() };
    if (method === "GET" && under === "revisions") return this.project.getRevision(id!, name!);
    if (method === "GET" && kind === "services") return this.project.get(id!);
    if (method === "PATCH" && kind === "services") {
      const mask = url.searchParams.get("updateMask")?.split(",") ?? [];
      return this.begin(this.project.patch(id!, body, mask));
    }
    throw new ApiError(501, "UNIMPLEMENTED", `no stand-in for ${call}`);
  }

  private begin(service: object): object {
    const name = `${this.project.parent}/operations/${this.operations.size + 1}`;
    const done = {
      name,
      done: true,
      response: { "@type": "type.googleapis.com/google.cloud.run.v2.Service", ...service },
    };
    this.operations.set(name.split("/").at(-1)!, done);
    return this.slowOperations ? { name, done: false } : done;
  }

  private operation(id: string): object {
    const found = this.operations.get(id);
    if (!found) throw new ApiError(404, "NOT_FOUND", `operation ${id} does not exist`);
    return found;
  }
}

const STATUS: Record<number, string> = {
  403: "PERMISSION_DENIED",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
};
