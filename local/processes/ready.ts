import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves once a service is ready; gives up when the signal aborts. */
export type ReadyCheck = (signal: AbortSignal) => Promise<void>;

/** Ready once the URL answers with a 2xx status. */
export function httpReady(url: string): ReadyCheck {
  return poll(async () => (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok);
}

/** Ready once the attempt returns true; one that throws is tried again, unless trying again cannot help. */
export function poll(
  attempt: () => Promise<boolean>,
  isFinal: (error: unknown) => boolean = () => false,
): ReadyCheck {
  const succeeded = () =>
    attempt().catch((error: unknown) => {
      if (isFinal(error)) throw error;
      return false;
    });
  return async (signal) => {
    while (!signal.aborted && !(await succeeded())) await sleep(100);
  };
}

/** Whether something listens on a port of this machine. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
