import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { paths } from "./paths";

/** A process, distinguishable from another one which later got the same pid. */
export interface ProcessRecord {
  pid: number;
  /** When it started, in the system's own words. */
  started: string;
}

/** What `.tollgate/state.json` says about the running stack. */
export interface StackState {
  supervisor: ProcessRecord;
  /** Added to every port of the catalogue. */
  portOffset: number;
  /** By name: processes that were started, each with its address once it is ready. */
  services: Record<string, ProcessRecord & { url?: string; port?: number }>;
}

/** The recorded state, whether or not what it names still runs; `undefined` when no stack was left. */
export function readState(file: string = paths.state): StackState | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as StackState) : undefined;
}

/** Records the state; a reader never sees half of it. */
export function writeState(state: StackState, file: string = paths.state): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(state, null, 2) + "\n");
  renameSync(`${file}.new`, file);
}

export function removeState(file: string = paths.state): void {
  rmSync(file, { force: true });
}

/** The record of a running process, or `undefined` when there is none of that pid. */
export function recordOf(pid: number): ProcessRecord | undefined {
  const started = startOf(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether the recorded process, and not another one with its pid, still runs. */
export function isAlive({ pid, started }: ProcessRecord): boolean {
  return startOf(pid) === started;
}

/**
 * The running stack.
 *
 * @throws Error with the remedy when none runs.
 */
export function runningStack(file: string = paths.state): StackState {
  const state = readState(file);
  if (!state || !isAlive(state.supervisor)) {
    throw new Error("The stack is not running: start it with `npm start` in another terminal");
  }
  return state;
}

function startOf(pid: number): string | undefined {
  try {
    if (existsSync("/proc/self/stat")) {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The program's name is in brackets and may hold anything; the state is the first field after it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const isZombie = fields[0] === "Z";
      const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      return isZombie ? undefined : `${boot} ${fields[19]}`;
    }
    const shown = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return shown === "" ? undefined : shown;
  } catch {
    return undefined;
  }
}
