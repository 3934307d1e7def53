import { setTimeout as sleep } from "node:timers/promises";
import { signalGroup } from "../processes/process";
import { isAlive, readState, removeState } from "../../ops/workspace/state";

/**
 * Ends what an earlier run left behind when it was killed: only processes whose recorded pid and start time still match.
 *
 * @returns the names of the services that were ended
 * @throws Error when that earlier run is still there.
 */
export async function cleanUpLeftovers(): Promise<string[]> {
  const state = readState();
  if (!state) return [];
  if (isAlive(state.supervisor)) {
    throw new Error(
      `The stack of this folder runs already (pid ${state.supervisor.pid}): stop it with Ctrl-C there, or with \`kill ${state.supervisor.pid}\``,
    );
  }
  const left = Object.entries(state.services).filter(([, record]) => isAlive(record));
  for (const [, { pid }] of left) signalGroup(pid, "SIGTERM");
  const deadline = Date.now() + 10_000;
  while (left.some(([, record]) => isAlive(record)) && Date.now() < deadline) await sleep(100);
  for (const [, record] of left) if (isAlive(record)) signalGroup(record.pid, "SIGKILL");
  removeState();
  return left.map(([name]) => name);
}
