import type { IncomingMessage } from "node:http";

/** Where a request comes from. A proxy in front appends the address that it saw; what precedes it can be forged. */
export function addressOf(req: IncomingMessage): string {
  const forwarded = req.headers["x-forwarded-for"];
  const seen = (Array.isArray(forwarded) ? forwarded.join() : (forwarded ?? "")).split(",").at(-1)!.trim();
  return seen || (req.socket.remoteAddress ?? "");
}
