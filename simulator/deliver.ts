import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Completion } from "./answer";
import type { Behaviour } from "./behaviour";
import { distort, halved } from "./usage-report";
import { ApiError } from "./api-error";
import { Sender } from "./transport";
import type { Wire } from "./wire";

type Behaving = Partial<Behaviour>;

/** How far an answer got: sent whole, or ended by a behaviour after so many of its pieces. */
export type Delivery = { outcome: "success" | "cut" | "hung" | "unreadable"; piecesSent: number };

const WHOLE: Delivery = { outcome: "success", piecesSent: Infinity };
const HUNG: Delivery = { outcome: "hung", piecesSent: Infinity };
const HTML = "<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>";

/** Sends a completion as one JSON document. */
export async function sendPlain(
  wire: Wire,
  response: ServerResponse,
  completion: Completion,
  behaviour: Behaving,
): Promise<Delivery> {
  const ended = await interrupt(wire, response, behaviour, 0);
  if (ended) return ended;
  const document = JSON.stringify(distort(wire.document(completion), behaviour));
  const unreadable = sendBody(wire, response, behaviour, document);
  if (unreadable) return unreadable;
  const sender = new Sender(response, behaviour);
  if (behaviour.forever) {
    sender.open("application/json");
    const text = document.indexOf(completion.answer.content.slice(-8));
    if (behaviour.forever === "text") await sender.write(document.slice(0, text));
    await forever(sender, behaviour.forever === "text" ? " word".repeat(400) : " ");
    return HUNG;
  }
  await sender.whole("application/json", document);
  return WHOLE;
}

/** Sends a completion as server-sent events. */
export async function sendStream(
  wire: Wire,
  response: ServerResponse,
  completion: Completion,
  behaviour: Behaving,
): Promise<Delivery> {
  const unopened = behaviour.afterOpening ? undefined : await interrupt(wire, response, behaviour, 0);
  if (unopened) return unopened;
  const events = [...wire.events(completion)];
  const first = wire.encode(distort(events[0]!.data, behaviour));
  const unreadable = sendBody(wire, response, behaviour, first);
  if (unreadable) return unreadable;
  const sender = new Sender(response, behaviour);
  sender.open("text/event-stream");
  let pieces = 0;
  let last = "";
  let opening = behaviour.afterOpening === true;
  for (const { kind, data } of events) {
    if (opening && kind !== "opening") {
      opening = false;
      const ended = await interrupt(wire, response, behaviour, 0);
      if (ended) return ended;
    }
    if (kind === "piece" && behaviour.chunkDelayMs) await wait(behaviour.chunkDelayMs);
    if (kind === "finish" && behaviour.forever) {
      await forever(sender, behaviour.forever === "text" ? last.repeat(100) : ": keep-alive\n\n");
      return HUNG;
    }
    if (kind === "finish" && behaviour.omitFinish) continue;
    const event = wire.encode(distort(data, behaviour));
    await sender.write(event);
    if (kind === "finish" && behaviour.usage === "shrinking") await repeatSmaller(wire, sender, data);
    if (kind !== "piece") continue;
    last = event;
    const ended = await interrupt(wire, response, behaviour, ++pieces);
    if (ended) return ended;
  }
  if (!behaviour.omitFinish) await sender.write(wire.end);
  await sender.end();
  return WHOLE;
}

/** Sends a text again and again until the client leaves. */
async function forever(sender: Sender, text: string): Promise<void> {
  while (!sender.left) {
    await sender.write(text);
    await wait(20);
  }
}

/** Reports the usage of an event once more, with smaller numbers. */
async function repeatSmaller(wire: Wire, sender: Sender, data: object): Promise<void> {
  const smaller = wire.encode(halved(data));
  if (smaller !== wire.encode(data)) await sender.write(smaller);
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  sendText(response, status, JSON.stringify(body), { "content-type": "application/json", ...headers });
}

function sendText(response: ServerResponse, status: number, text: string, headers = {}): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(text);
}

function openStream(response: ServerResponse): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
}

/** Answers 200 with an unusable body, if the behaviour says so. @param text the document, or a stream's first event */
function sendBody(
  wire: Wire,
  response: ServerResponse,
  { body }: Behaving,
  text: string,
): Delivery | undefined {
  if (!body) return undefined;
  const isStream = text.endsWith("\n\n");
  const type = body === "html" ? "text/html" : isStream ? "text/event-stream" : "application/json";
  const bodies = {
    cut_json: text.slice(0, text.length / 2),
    error: JSON.stringify(wire.error(new ApiError(500, "Simulated error in a 200 answer"))),
    empty: "",
    html: HTML,
  };
  sendText(response, 200, bodies[body], { "content-type": type });
  return { outcome: "unreadable", piecesSent: Infinity };
}

/** Ends or holds up the answer if the behaviour says so at this point. */
async function interrupt(
  wire: Wire,
  response: ServerResponse,
  { cutAfterChunks, errorAfterChunks, hangAfterChunks }: Behaving,
  sent: number,
): Promise<Delivery | undefined> {
  if (cutAfterChunks === sent) {
    // What was written must leave first, or the client would see nothing of the stream.
    if (response.headersSent && !response.destroyed) {
      await new Promise((flushed) => response.write(": \n\n", flushed));
    }
    response.destroy();
    return { outcome: "cut", piecesSent: sent };
  }
  if (errorAfterChunks === sent) {
    openStream(response);
    write(response, wire.encode(wire.streamError()));
    response.end();
    return { outcome: "cut", piecesSent: sent };
  }
  if (hangAfterChunks === sent) {
    if (!response.destroyed) await new Promise((closed) => response.once("close", closed));
    return HUNG;
  }
  return undefined;
}

function write(response: ServerResponse, text: string): void {
  if (!response.destroyed) response.write(text);
}
