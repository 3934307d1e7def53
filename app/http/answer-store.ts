import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../telemetry/log";
import type { Store } from "../store/store";

/** How long a client that comes back waits here for an answer that another instance is still making. */
const WAIT_MS = 50_000;
const POLL_MS = 500;

/**
 * Keeps the results of tools for clients that lost the stream on which they were sent: they come back with the stream's last
 * event (`Last-Event-ID`) and get the answer that is already paid for. Progress is numbered and not kept: an answer holds all
 * of its text. One of these serves one MCP session.
 *
 * Without `getStreamIdForEventId` a client takes its stream over even where the server has not yet noticed that it broke.
 */
export class AnswerStore implements EventStore {
  private events = 0;
  private readonly running = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly customerId: string,
    private readonly log: Log,
  ) {}

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const event = ++this.events;
    const isResponse = "result" in message || "error" in message;
    if (isResponse) this.running.delete(streamId);
    else this.running.add(streamId);
    if ("result" in message && "content" in message.result) {
      // A client that stays gets its answer all the same.
      await this.store
        .saveAnswer(this.customerId, streamId, event, message)
        .catch((err: unknown) => this.log.warn({ event: "request.error", err }, "an answer was not kept"));
    }
    return `${streamId}_${event}`;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const read = readEventId(lastEventId);
    if (!read) throw new Error("the event id must be one of ours");
    const { streamId, event } = read;
    const until = Date.now() + WAIT_MS;
    for (;;) {
      const answers = await this.store.answersAfter(this.customerId, streamId, event);
      for (const answer of answers)
        await send(`${streamId}_${answer.event}`, answer.message as JSONRPCMessage);
      // What runs here goes on to the stream by itself.
      if (answers.length > 0 || this.running.has(streamId) || Date.now() > until) return streamId;
      await sleep(POLL_MS);
    }
  }
}

/** A stream and the number of an event on it; undefined for a foreign id. */
export function readEventId(eventId: string): { streamId: string; event: number } | undefined {
  const [, streamId, event] = /^([\w-]{1,64})_(\d{1,9})$/.exec(eventId) ?? [];
  return streamId === undefined ? undefined : { streamId, event: Number(event) };
}
