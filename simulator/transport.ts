import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

/** Unusual ways to send an answer over HTTP. */
export const TRANSPORTS = [
  "informational",
  "trailers",
  "close_delimited",
  "length_beyond",
  "length_below",
  "head_only",
  "byte_order_mark",
  "headers_twice",
] as const;

interface Sending {
  successStatus?: number;
  transport?: (typeof TRANSPORTS)[number];
  dripMs?: number;
}

/** The bytes by which a length that is wrong differs from the body's. */
const OFF = 25;
const BYTE_ORDER_MARK = "\u{feff}";

/** One answer as it goes over HTTP. What is written after the client has left goes nowhere. */
export class Sender {
  private first = true;

  constructor(
    private readonly response: ServerResponse,
    private readonly sending: Sending,
  ) {}

  get left(): boolean {
    return this.response.destroyed;
  }

  /** Sends a body that is known from the start. */
  async whole(type: string, body: string): Promise<void> {
    this.open(type, Buffer.byteLength(body));
    const cut = this.sending.transport === "length_below" ? body.slice(0, -OFF) : body;
    await this.write(cut);
    await this.end();
  }

  /** Sends the status and the headers, once. @param length of the body in bytes, where it is known */
  open(type: string, length?: number): void {
    if (this.response.headersSent || this.left) return;
    const { transport, successStatus = 200 } = this.sending;
    if (transport === "informational") {
      this.response.writeProcessing();
      this.response.writeEarlyHints({ link: "</a>; rel=preload" });
    }
    const headers: [string, string][] = [["content-type", type]];
    if (type === "text/event-stream") headers.push(["cache-control", "no-cache"]);
    if (transport === "trailers") headers.push(["trailer", "x-usage"]);
    if (transport === "headers_twice") {
      headers.push(
        ["content-type", "text/plain"],
        ["x-request-id", "a"],
        ["x-request-id", "b"],
        ["retry-after", "9"],
      );
    }
    if (transport === "close_delimited") this.response.useChunkedEncodingByDefault = false;
    const off = { length_beyond: OFF, length_below: -OFF }[transport as "length_beyond"];
    if (off !== undefined && length !== undefined) headers.push(["content-length", String(length + off)]);
    this.response.writeHead(successStatus, headers.flat());
  }

  async write(text: string): Promise<void> {
    const { transport, dripMs } = this.sending;
    if (transport === "head_only" || text === "") return;
    const marked = this.first && transport === "byte_order_mark" ? BYTE_ORDER_MARK + text : text;
    this.first = false;
    const bytes = Buffer.from(marked);
    if (dripMs === undefined) {
      if (!this.left) this.response.write(bytes);
      return;
    }
    for (const byte of bytes) {
      if (this.left) return;
      this.response.write(Buffer.of(byte));
      await wait(dripMs);
    }
  }

  async end(): Promise<void> {
    const { transport } = this.sending;
    if (this.left) return;
    if (transport === "trailers") this.response.addTrailers({ "x-usage": "none" });
    if (transport !== "length_beyond" && transport !== "head_only") {
      this.response.end();
      return;
    }
    // What was written must leave before the connection ends.
    this.response.flushHeaders();
    await wait(20);
    this.response.socket?.end();
  }
}
