import { setTimeout as sleep } from "node:timers/promises";
import { processes, type Running, type Started } from "../processes";
import { recordOf, removeState, writeState, type StackState } from "../../ops/workspace/state";
import type { LocalService } from "./services";

/** `done`: a job that has succeeded. */
export type ServiceState = "off" | "starting" | "running" | "done" | "failed";

/** Called with what happens to the services. */
export interface Observer {
  ready(service: LocalService, seconds: number): void;
  failed(service: LocalService, error: Error): void;
  /** A service ended by itself and is started again after a pause. */
  ended(service: LocalService, how: string, pauseSeconds: number): void;
}

const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 30;
/** Seconds that a service must have run for its next end to count as a first one. */
const STEADY_AFTER = 60;

/** Starts services in the order of their dependencies, starts a crashed one again, stops all in reverse. */
export class Supervisor {
  private readonly states = new Map<string, ServiceState>();
  private readonly starts = new Map<string, Promise<void>>();
  /** In the order of their start; also those that are not ready yet. */
  private readonly started: Started[] = [];
  private readonly stopping = new AbortController();
  private readonly record: StackState;
  private readonly onStarted = (started: Started) => this.note(started);

  constructor(
    private readonly services: readonly LocalService[],
    portOffset: number,
    private readonly observer: Observer,
  ) {
    for (const { name, off } of services) this.states.set(name, off ? "off" : "starting");
    this.record = { supervisor: recordOf(process.pid)!, portOffset, services: {} };
    writeState(this.record);
    processes.on("started", this.onStarted);
  }

  stateOf(name: string): ServiceState {
    return this.states.get(name) ?? "off";
  }

  /**
   * Starts everything that is not off, and waits for all but those that start later.
   *
   * @throws the error of the first required service that does not start; what did start runs on until `stop`.
   */
  async start(): Promise<void> {
    const first = this.services.filter(({ later }) => !later);
    const outcomes = await Promise.allSettled(first.map((service) => this.startOnce(service)));
    const failed = outcomes.find((outcome, i) => outcome.status === "rejected" && first[i]?.required);
    if (failed?.status === "rejected") throw failed.reason;
    const others = this.services.filter(({ later }) => later);
    void Promise.allSettled(others.map((service) => this.startOnce(service)));
  }

  /** Stops everything, the last started first; also what is still starting. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const { stop } of [...this.started].reverse()) await stop();
    processes.off("started", this.onStarted);
    removeState();
  }

  private startOnce(service: LocalService): Promise<void> {
    const start = this.starts.get(service.name) ?? this.startInOrder(service);
    this.starts.set(service.name, start);
    return start;
  }

  private async startInOrder(service: LocalService): Promise<void> {
    const { name, dependsOn, off } = service;
    if (off) return;
    try {
      const needed = this.services.filter((candidate) => dependsOn.includes(candidate.name));
      await Promise.all(needed.map((each) => this.startOnce(each)));
      await this.launch(service);
    } catch (error) {
      this.states.set(name, "failed");
      const isConsequence = dependsOn.some((each) => this.states.get(each) === "failed");
      if (!isConsequence && !this.stopping.signal.aborted) this.observer.failed(service, error as Error);
      throw error;
    }
  }

  private async launch(service: LocalService, pause = FIRST_PAUSE): Promise<void> {
    this.stopping.signal.throwIfAborted();
    const began = performance.now();
    const running = await service.start?.();
    this.states.set(service.name, running ? "running" : "done");
    this.observer.ready(service, (performance.now() - began) / 1000);
    if (!running) return;
    const { url, port, pid } = running;
    const record = recordOf(pid);
    if (record) this.write(service.name, { ...record, url, port });
    void this.watch(service, running, pause);
  }

  /** Starts a service again when its process ends by itself, after a pause that doubles with each failure. */
  private async watch(service: LocalService, running: Running, lastPause: number): Promise<void> {
    const since = Date.now();
    const { code, signal } = await running.exited;
    let how: string = signal ?? `exit code ${code}`;
    let pause = Date.now() - since > STEADY_AFTER * 1000 ? FIRST_PAUSE : lastPause;
    while (!this.stopping.signal.aborted) {
      this.states.set(service.name, "starting");
      this.observer.ended(service, how, pause);
      await sleep(pause * 1000, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
      try {
        return await this.launch(service, pause);
      } catch (error) {
        how = (error as Error).message;
      }
    }
  }

  private note(started: Started): void {
    this.started.push(started);
    const record = recordOf(started.pid);
    if (record) this.write(started.name, record);
  }

  private write(name: string, service: StackState["services"][string]): void {
    this.record.services[name] = service;
    writeState(this.record);
  }
}
