import pino, { type DestinationStream, type Logger } from "pino";

/** The agent's events (docs/interfaces.md). */
export type Event =
  | "agent.started"
  | "agent.stopping"
  | "agent.stopped"
  | "agent.failed"
  | "auth.accepted"
  | "auth.rejected"
  | "session.started"
  | "session.ended"
  | "query.answered"
  | "tool.run"
  | "gcp.error"
  | "provider.error"
  | "prompt.fallback"
  | "request.error";

/** One JSON object a line. Fields: an event, the tags where they are known, never a prompt, an answer or a key. */
export type Log = Pick<Logger<never, false>, "flush"> &
  Record<
    "debug" | "info" | "warn" | "error",
    (fields: { event: Event } & Record<string, unknown>, message: string) => void
  >;

/**
 * The agent's log, with the field names of docs/interfaces.md.
 *
 * @param destination where lines go; standard output by default.
 */
export function createLog(
  options: { level: string; environment: string },
  destination?: DestinationStream,
): Log {
  return jsonLog("agent", options, destination);
}

/** The log of any service, with the field names of docs/interfaces.md; an error's properties stay out of it. */
export function jsonLog(
  service: string,
  { level = "info", environment }: { level?: string; environment: string },
  destination?: DestinationStream,
): Logger<never, false> {
  return pino(
    {
      level,
      base: { service, environment },
      messageKey: "message",
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, seconds: toMilliseconds },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** Seconds that people read, to the millisecond. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}

/** An error without its properties: request and response bodies hang there, and they may hold a customer's data. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: error.message.slice(0, 300),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    stack: error.stack?.split("\n").slice(1, 6).join("\n"),
  };
}
