import { execFileSync } from "node:child_process";
import { isListening } from "../processes";
import type { LocalService } from "./services";

/**
 * Checks that every port is free before anything is started.
 *
 * @throws Error that names each taken port, what holds it where that can be known, and the remedy.
 */
export async function requireFreePorts(services: readonly LocalService[]): Promise<void> {
  const wanted = services
    .filter(({ off }) => !off)
    .flatMap(({ name, ports }) => ports.map((port) => ({ name, port })));
  const taken = await Promise.all(wanted.map(({ port }) => isListening(port)));
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
