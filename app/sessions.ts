/** Why a session is over. */
export type EndReason = "closed" | "expired" | "replaced" | "shutdown";

export interface SessionStoreOptions<T> {
  /** Milliseconds without use after which a session ends. */
  idleMs: number;
  /** Sessions that one customer may have; the one unused for longest makes room. */
  perCustomer: number;
  onEnd: (value: T, reason: EndReason) => void;
  now?: () => number;
}

interface Entry<T> {
  customerId: string;
  sessionId: string;
  value: T;
  usedAt: number;
}

/**
 * What this process holds open between requests, by customer and session id: a session id of one customer means nothing to
 * another. Bounded per customer, and let go when idle. What other instances need is in the store.
 */
export class SessionStore<T> {
  // A Map keeps insertion order; a used entry is put back at the end, so the first ones are the longest unused.
  private readonly entries = new Map<string, Entry<T>>();
  private readonly now: () => number;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: SessionStoreOptions<T>) {
    this.now = options.now ?? Date.now;
    this.timer = setInterval(() => this.sweep(), Math.min(options.idleMs, 60_000));
    this.timer.unref();
  }

  get size(): number {
    return this.entries.size;
  }

  /** The session's value, counted as a use of it; undefined when it never was, has ended, or is another customer's. */
  get(customerId: string, sessionId: string): T | undefined {
    this.sweep();
    const key = keyOf(customerId, sessionId);
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    entry.usedAt = this.now();
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  set(customerId: string, sessionId: string, value: T): void {
    const own = [...this.entries.values()].filter((entry) => entry.customerId === customerId);
    for (const oldest of own.slice(0, Math.max(0, own.length - this.options.perCustomer + 1))) {
      this.end(customerId, oldest.sessionId, "replaced");
    }
    const entry = { customerId, sessionId, value, usedAt: this.now() };
    this.entries.set(keyOf(customerId, sessionId), entry);
  }

  end(customerId: string, sessionId: string, reason: EndReason): void {
    const key = keyOf(customerId, sessionId);
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.options.onEnd(entry.value, reason);
  }

  /** Ends every session and stops watching for idle ones. */
  close(): void {
    clearInterval(this.timer);
    for (const { customerId, sessionId } of [...this.entries.values()])
      this.end(customerId, sessionId, "shutdown");
  }

  private sweep(): void {
    const deadline = this.now() - this.options.idleMs;
    for (const entry of this.entries.values()) {
      if (entry.usedAt > deadline) return;
      this.end(entry.customerId, entry.sessionId, "expired");
    }
  }
}

/** Customer ids hold no slash (docs/interfaces.md), so the key is unambiguous. */
function keyOf(customerId: string, sessionId: string): string {
  return `${customerId}/${sessionId}`;
}
