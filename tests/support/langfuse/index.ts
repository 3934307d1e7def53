import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { connectionRoutes } from "./connections";
import { dashboardRoutes, type Dashboards } from "./dashboards";
import { evaluationRoutes, type Evaluations } from "./evaluations";
import { Answer, refuse, type Route } from "./http";
import { modelRoutes, type StoredModel } from "./models";
import { promptRoutes, type StoredPrompt } from "./prompts";
import { scoreRoutes, type JudgedScore, type StoredScore } from "./scores";

/** A request that the stand-in answers with an error instead, so many times. */
interface Fault {
  method: string;
  path: string;
  answer: Answer;
  times: number;
}

/**
 * Langfuse's API for projects, in memory, as strict as the real one is about what it takes.
 *
 * Shapes: those of `@langfuse/core` 5.11.1 (generated from the API of Langfuse 4.5x: evaluators and rules under
 * `/api/public/v2`), and for what that leaves open (checks, defaults, views and their fields) the source of langfuse/langfuse
 * at 62751446149b702b419a9292ddfc2280cdf74b8c (4.16.0).
 */
export class LangfuseApiStandIn implements Evaluations, Dashboards {
  readonly publicKey = "pk-lf-test";
  readonly secretKey = "sk-lf-test";
  readonly models: StoredModel[] = [];
  readonly prompts: StoredPrompt[] = [];
  readonly scores: StoredScore[] = [];
  readonly judged: JudgedScore[] = [];
  readonly evaluators: Evaluations["evaluators"] = [];
  readonly rules: Evaluations["rules"] = [];
  readonly scoreConfigs: Evaluations["scoreConfigs"] = [];
  readonly connections: Evaluations["connections"] = [];
  connectionHosts: string[] = ["gateway"];
  readonly widgets: Dashboards["widgets"] = [];
  readonly dashboards: Dashboards["dashboards"] = [];
  defaultModel = true;
  /** Whether there is an unstable part of the API. */
  unstable = true;
  /** Every request that changed something, such as `POST /api/public/models`. */
  writes: string[] = [];
  url = "";
  private readonly faults: Fault[] = [];
  private server?: Server;

  private readonly routes: Route[] = [
    ...modelRoutes(this.models),
    ...promptRoutes(this.prompts),
    ...scoreRoutes(this.scores, this.judged),
    ...connectionRoutes(this),
    ...evaluationRoutes(this),
    ...dashboardRoutes(this),
  ];

  /** Answers a request with an error, once by default. */
  fail(method: Route["method"], path: string, status: number, { times = 1, code = "conflict" } = {}): void {
    this.faults.push({ method, path, times, answer: refuse(status, code, `made to fail with ${status}`) });
  }

  async start(port = 0): Promise<this> {
    this.server = createServer((request, response) => void this.serve(request, response));
    await new Promise<void>((resolve) => this.server!.listen(port, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { status, body } = await this.answer(request, Buffer.concat(parts).toString());
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  }

  private async answer({ method, url, headers }: IncomingMessage, text: string): Promise<Answer> {
    const credentials = Buffer.from(`${this.publicKey}:${this.secretKey}`).toString("base64");
    if (headers.authorization !== `Basic ${credentials}`)
      return new Answer(401, {
        message: "Invalid credentials. Confirm that you've configured the correct host.",
      });
    const { pathname, searchParams: query } = new URL(url!, "http://langfuse");
    const fault = this.faults.find(
      (each) => each.times > 0 && each.method === method && each.path === pathname,
    );
    if (fault) {
      fault.times--;
      return fault.answer;
    }
    const absent = !this.unstable && pathname.startsWith("/api/public/unstable/");
    const route = this.routes.find((each) => each.method === method && each.path.test(pathname));
    if (absent || !route) return new Answer(404, { message: "Not Found" });
    try {
      const params = route.path.exec(pathname)!.slice(1);
      const answer = await route.answer({ query, params, body: text ? JSON.parse(text) : undefined });
      if (method !== "GET" && answer.status < 300) this.writes.push(`${method} ${pathname}`);
      return answer;
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      return refuse(
        400,
        "invalid_body",
        error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
      );
    }
  }
}
