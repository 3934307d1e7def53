import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { paths } from "../../../ops/workspace/paths";

/** An OTLP metric of one request, as OpenTelemetry's own protobuf classes read it. */
export interface Metric {
  name: string;
  gauge?: { data_points: DataPoint[] };
}

export interface DataPoint {
  time_unix_nano: string;
  as_double?: number | string;
  flags?: number;
  attributes?: Attribute[];
}

interface Attribute {
  key: string;
  value: { string_value?: string };
}

interface ResourceMetrics {
  resource: { attributes: Attribute[] };
  scope_metrics: { metrics: Metric[] }[];
}

export interface Request {
  headers: IncomingHttpHeaders;
  /** The answer's status. */
  status: number;
  resource_metrics: ResourceMetrics[];
}

/** Reads each line of base64 strictly, and writes it as a line of JSON. */
const DECODE = `
import base64, sys
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
for line in sys.stdin:
    print(MessageToJson(ExportMetricsServiceRequest.FromString(base64.b64decode(line)), preserving_proto_field_name=True, indent=None))
`;

/** Google's metadata server, which gives tokens to what runs on Google Cloud, and its Telemetry API, which takes them. */
export class TelemetryApi {
  /** What the API answers, 200 by default. */
  status = 200;
  /** What the metadata server gives: from then on, the API still takes what it has given before. */
  token = "first";
  private readonly given = new Set<string>();
  private readonly received: { headers: IncomingHttpHeaders; status: number; body: Buffer }[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const [status, body] = this.answer(request.method!, request.url!, request.headers, chunks);
        response.writeHead(status, { "metadata-flavor": "Google", "content-type": "application/json" });
        response.end(body);
      });
    });
  }

  static async listen(port: number): Promise<TelemetryApi> {
    const api = new TelemetryApi();
    api.server.listen(port, "127.0.0.1");
    await once(api.server, "listening");
    return api;
  }

  /** Every request for metrics so far. */
  async requests(): Promise<Request[]> {
    if (this.received.length === 0) return [];
    const received = [...this.received];
    const python = promisify(execFile)(join(paths.venv, "bin", "python"), ["-c", DECODE], {
      maxBuffer: 1 << 28,
    });
    python.child.stdin!.end(received.map(({ body }) => `${body.toString("base64")}\n`).join(""));
    const lines = (await python).stdout.trimEnd().split("\n");
    return received.map(({ headers, status }, index) => ({
      headers,
      status,
      ...(JSON.parse(lines[index]!) as { resource_metrics: ResourceMetrics[] }),
    }));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  private answer(
    method: string,
    url: string,
    headers: IncomingHttpHeaders,
    chunks: Buffer[],
  ): [status: number, body: string] {
    if (url === "/computeMetadata/v1/instance/service-accounts/default/token") {
      if (headers["metadata-flavor"] !== "Google") return [403, ""];
      this.given.add(`Bearer ${this.token}`);
      return [200, JSON.stringify({ access_token: this.token, expires_in: 3600, token_type: "Bearer" })];
    }
    if (method !== "POST" || url !== "/v1/metrics") return [404, ""];
    if (!this.given.has(headers.authorization ?? "")) return [401, ""];
    const body = Buffer.concat(chunks);
    this.received.push({
      headers,
      status: this.status,
      body: headers["content-encoding"] === "gzip" ? gunzipSync(body) : body,
    });
    return [this.status, ""];
  }
}
