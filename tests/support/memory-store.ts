import { setTimeout as sleep } from "node:timers/promises";
import { IDLE_MS, MAX_TURNS, type EndedConversation, type Store, type Turn } from "../../app/store/store";

interface Kept extends EndedConversation {
  history: Turn[];
  usedAt: number;
  busy: boolean;
}

/** The agent's store, in memory: two agents that share one are two instances. */
export class MemoryStore implements Store {
  readonly conversations = new Map<string, Kept>();
  readonly mcpSessions = new Map<string, { initialize: unknown; usedAt: number }>();
  readonly answers: Array<{ customerId: string; streamId: string; event: number; message: unknown }> = [];
  /** Milliseconds that have passed beyond the clock's. */
  later = 0;
  down = false;

  async open(customerId: string, sessionId: string, signal: AbortSignal) {
    this.check();
    const key = `${customerId}/${sessionId}`;
    const known = this.conversations.get(key);
    const kept = known ?? {
      customerId,
      sessionId,
      turns: 0,
      llmCalls: 0,
      history: [],
      usedAt: 0,
      busy: false,
    };
    this.conversations.set(key, kept);
    while (kept.busy) await sleep(20, undefined, { signal });
    Object.assign(kept, { busy: true, turns: kept.turns + 1, usedAt: this.now() });
    return {
      turns: kept.turns,
      llmCalls: kept.llmCalls,
      history: [...kept.history],
      isNew: known === undefined,
      finish: (llmCalls: number, turn?: Turn) => {
        const history = [...kept.history, ...(turn ? [turn] : [])].slice(-MAX_TURNS);
        Object.assign(kept, { busy: false, llmCalls: kept.llmCalls + llmCalls, history, usedAt: this.now() });
        return Promise.resolve();
      },
    };
  }

  end(customerId: string, sessionId: string) {
    const key = `${customerId}/${sessionId}`;
    const kept = this.conversations.get(key);
    this.conversations.delete(key);
    return Promise.resolve(kept);
  }

  async expire() {
    this.check();
    const old = [...this.conversations].filter(
      ([, { usedAt, busy }]) => !busy && usedAt < this.now() - IDLE_MS,
    );
    for (const [key] of old) this.conversations.delete(key);
    return old.map(([, kept]) => kept);
  }

  async saveMcpSession(customerId: string, sessionId: string, initialize: unknown) {
    this.check();
    this.mcpSessions.set(`${customerId}/${sessionId}`, { initialize, usedAt: this.now() });
  }

  async mcpSession(customerId: string, sessionId: string): Promise<unknown> {
    this.check();
    const found = this.mcpSessions.get(`${customerId}/${sessionId}`);
    if (!found || found.usedAt < this.now() - IDLE_MS) return undefined;
    found.usedAt = this.now();
    return found.initialize;
  }

  endMcpSession(customerId: string, sessionId: string) {
    this.mcpSessions.delete(`${customerId}/${sessionId}`);
    return Promise.resolve();
  }

  async saveAnswer(customerId: string, streamId: string, event: number, message: unknown) {
    this.check();
    this.answers.push({ customerId, streamId, event, message });
  }

  answersAfter(customerId: string, streamId: string, event: number) {
    const found = this.answers.filter(
      (answer) => answer.customerId === customerId && answer.streamId === streamId && answer.event > event,
    );
    return Promise.resolve(found);
  }

  close() {
    return Promise.resolve();
  }

  private now(): number {
    return Date.now() + this.later;
  }

  private check(): void {
    if (this.down) throw new Error("connection refused");
  }
}
