import { execFileSync } from "node:child_process";
import { isListening } from "../processes";
import type { LocalService } from "./services";

/** Ports above 1023 that browsers and Node's fetch refuse: https://fetch.spec.whatwg.org/#port-blocking */
const BLOCKED = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

/**
 * Checks that every port can be used before anything is started.
 *
 * @throws Error that names each port that is taken, what holds it where that can be known, each that no browser opens, and the
 * remedy.
 */
export async function requireFreePorts(services: readonly LocalService[]): Promise<void> {
  const wanted = services
    .filter(({ off }) => !off)
    .flatMap(({ name, ports }) => ports.map((port) => ({ name, port })));
  const taken = await Promise.all(wanted.map(({ port }) => isListening(port)));
  const blocked = wanted
    .filter(({ port }) => BLOCKED.has(port))
    .map(({ name, port }) => `  port ${port} (${name}) is one that browsers and Node refuse to open`);
  if (blocked.length > 0)
    throw new Error(
      `${blocked.join("\n")}\nShift every port by something else: npm start -- --port-offset 10000`,
    );
  const lines = wanted
    .filter((_, i) => taken[i])
    .map(({ name, port }) => `  port ${port} (${name}) is taken${holder(port)}`);
  if (lines.length === 0) return;
  throw new Error(
    `${lines.join("\n")}\nStop what holds it, or shift every port: npm start -- --port-offset 10000`,
  );
}

/** What listens on the port, when one of the usual programs for it is installed and allowed to see it. */
function holder(port: number): string {
  const socket = said("ss", ["-Hltnp", `sport = :${port}`]);
  const [, program, pid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(socket) ?? [];
  if (program) return ` by ${program} (pid ${pid})`;
  const lsof = said("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN"])
    .split("\n")[1]
    ?.split(/\s+/);
  return lsof?.[1] ? ` by ${lsof[0]} (pid ${lsof[1]})` : "";
}

function said(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "";
  }
}
