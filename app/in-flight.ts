import { setTimeout as sleep } from "node:timers/promises";

/** The work that is under way, so that a shutdown can wait for it. */
export class InFlight {
  private readonly running = new Set<Promise<unknown>>();

  /** Counts the work until it settles. */
  track = <T>(work: Promise<T>): Promise<T> => {
    const settled: Promise<unknown> = work.catch(() => undefined).finally(() => this.running.delete(settled));
    this.running.add(settled);
    return work;
  };

  /** Waits until nothing is under way. @returns how much still was after `withinMs`. */
  async drain(withinMs: number): Promise<number> {
    const stop = new AbortController();
    const late = sleep(withinMs, "late" as const, { signal: stop.signal }).catch(() => "late" as const);
    while (this.running.size > 0) {
      if ((await Promise.race([Promise.all(this.running), late])) === "late") break;
    }
    stop.abort();
    return this.running.size;
  }
}
