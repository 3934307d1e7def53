import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface SeenSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Record<string, unknown>;
}

/** A stand-in for Langfuse's API (4.x): OTLP traces as JSON, and prompts by name. */
export class LangfuseStandIn {
  readonly spans: SeenSpan[] = [];
  readonly prompts = new Map<string, { prompt: string; version: number }>();
  /** Takes requests and never answers them. */
  hang = false;
  url = "";
  private server?: Server;

  async start(): Promise<void> {
    this.server = createServer((req, res) => {
      const parts: Buffer[] = [];
      req.on("data", (part: Buffer) => parts.push(part));
      req.on("end", () => {
        if (this.hang) return;
        const path = new URL(req.url!, "http://langfuse").pathname;
        if (path === "/api/public/otel/v1/traces") {
          const body = Buffer.concat(parts);
          const text = req.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
          this.spans.push(...readSpans(text.toString()));
          res.writeHead(200, { "Content-Type": "application/json" }).end("{}");
          return;
        }
        const name = /^\/api\/public\/v2\/prompts\/(.+)$/.exec(path)?.[1];
        const prompt = name && this.prompts.get(decodeURIComponent(name));
        if (!prompt) {
          res.writeHead(404, { "Content-Type": "application/json" }).end('{"message":"not found"}');
          return;
        }
        const answer = { name, ...prompt, type: "text", config: {}, labels: ["production"], tags: [] };
        res.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The variables that point an agent here. */
  get environment(): Record<string, string> {
    return { LANGFUSE_HOST: this.url, LANGFUSE_PUBLIC_KEY: "pk-lf-test", LANGFUSE_SECRET_KEY: "sk-lf-test" };
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

interface OtlpValue {
  stringValue?: string;
  arrayValue?: { values: OtlpValue[] };
}

function readSpans(text: string): SeenSpan[] {
  const body = JSON.parse(text) as {
    resourceSpans: Array<{
      scopeSpans: Array<{
        spans: Array<Omit<SeenSpan, "attributes"> & { attributes: Array<{ key: string; value: OtlpValue }> }>;
      }>;
    }>;
  };
  return body.resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .map((span) => ({
      ...span,
      attributes: Object.fromEntries(span.attributes.map(({ key, value }) => [key, readValue(value)])),
    }));
}

function readValue(value: OtlpValue): unknown {
  return value.arrayValue ? value.arrayValue.values.map(readValue) : (value.stringValue ?? value);
}
