import { spawn, type ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { repository } from "../../ops/workspace/paths";
import { serviceEnvironment } from "./environment";
import type { ReadyCheck } from "./ready";

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A service that runs as a process of this machine. */
export interface Running {
  name: string;
  /** Where clients reach it. */
  url: string;
  port: number;
  pid: number;
  logFile: string;
  /** Resolves when the process ends, for whatever reason. */
  exited: Promise<Exit>;
  /** Asks it to end, and after a grace period kills its process group. Resolves once it is gone; safe to call twice. */
  stop(): Promise<void>;
  /** Sends a signal to its process group at once: for tests that want a crash. */
  kill(signal: NodeJS.Signals): void;
}

export interface ProcessOptions {
  name: string;
  url: string;
  port: number;
  command: string;
  args: string[];
  /** Added to the few variables that every service inherits. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Standard output and error are appended here. */
  logFile: string;
  ready: ReadyCheck;
  /** Seconds that the start may take. */
  startupSeconds: number;
  /** The signal for a stop; Postgres takes SIGINT for "close the connections and stop". */
  stopSignal?: NodeJS.Signals;
  /** Seconds between the polite stop and SIGKILL. */
  graceSeconds?: number;
}

/** What is known of a process from the moment it is started, ready or not. */
export interface Started {
  name: string;
  pid: number;
  stop(): Promise<void>;
}

/** Called with every process that this program starts, at once, for clean-up after a hasty end. */
export const processes = new EventEmitter<{ started: [Started] }>();

/**
 * Starts a process in its own process group and waits until it is ready.
 *
 * @throws Error with the last lines of its log when it ends or stays silent before it is ready; nothing is left running.
 */
export async function startProcess(options: ProcessOptions): Promise<Running> {
  const { name, url, port, logFile } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, "a");
  const child = spawn(options.command, options.args, {
    cwd: options.cwd ?? repository,
    env: serviceEnvironment(options.env),
    stdio: ["ignore", log, log],
    // A separate group: Ctrl-C in the terminal reaches the supervisor only, and a stop includes the workers.
    detached: true,
  });
  closeSync(log);
  const exited = exitOf(child);
  const pid = child.pid;
  if (pid === undefined) {
    await exited;
    throw new Error(`${name} did not start: ${options.command} cannot be run`);
  }
  const kill = (signal: NodeJS.Signals) => {
    if (!hasEnded(child)) signalGroup(pid, signal);
  };
  const stop = () =>
    stopGently(child, exited, options.stopSignal ?? "SIGTERM", (options.graceSeconds ?? 10) * 1000);

  processes.emit("started", { name, pid, stop });
  const abort = new AbortController();
  const ended = exited.then(({ code, signal }) => {
    throw new Error(`${name} ended with ${signal ?? `exit code ${code}`} before it was ready`);
  });
  try {
    await Promise.race([
      options.ready(abort.signal),
      ended,
      timeout(options.startupSeconds, name, abort.signal),
    ]);
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}. ${logFile} ends with:\n${tail(logFile, 15)}`, {
      cause: error,
    });
  } finally {
    abort.abort();
    ended.catch(() => undefined);
  }
  return { name, url, port, pid, logFile, exited, stop, kill };
}

/** The last lines of a log file. */
export function tail(file: string, lines: number): string {
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n") : "";
}

/** Signals a process group that this project started; one that is gone already is ignored. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("error", () => resolve({ code: 127, signal: null }));
    child.once("exit", (code, signal) => {
      // Ends workers that outlive their leader now, while its process id cannot have been reused.
      if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      resolve({ code, signal });
    });
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function stopGently(
  child: ChildProcess,
  exited: Promise<Exit>,
  signal: NodeJS.Signals,
  graceMs: number,
) {
  if (hasEnded(child)) return;
  // Only the leader is asked: it knows how to stop its workers.
  child.kill(signal);
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([exited, new Promise((resolve) => (timer = setTimeout(resolve, graceMs)))]);
  clearTimeout(timer);
  if (!hasEnded(child)) signalGroup(child.pid!, "SIGKILL");
  await exited;
}

function timeout(seconds: number, name: string, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} was not ready after ${seconds} s`)),
      seconds * 1000,
    );
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
}
