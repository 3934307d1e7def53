/** The process is gone: nothing that it would do after it counts. */
export class Killed extends Error {}

/** What changes something outside the process. Between two of these there is nothing to lose. */
const EFFECTS = ["setTraffic", "setLock", "up"];

/** Kills a promotion after one of its effects, numbered from 1 in the order in which they come. */
export class Killer {
  private effects = 0;
  private at = Infinity;

  /** Effects since the last reset. */
  get seen(): number {
    return this.effects;
  }

  /** @param at The effect that is the last one; none unless said. */
  reset(at = Infinity): void {
    this.effects = 0;
    this.at = at;
  }

  effect(): void {
    this.effects += 1;
    this.alive();
  }

  /** @throws Killed from the last effect on. */
  alive(): void {
    if (this.effects >= this.at) throw new Killed();
  }

  /** The same object, whose effects count, and that can do nothing any more after the last one. */
  watch<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          this.alive();
          const result: unknown = await (member as (...args: unknown[]) => unknown).apply(target, args);
          if (EFFECTS.includes(String(key))) this.effect();
          return result;
        };
      },
    });
  }
}
