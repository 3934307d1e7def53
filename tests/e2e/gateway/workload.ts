import type { Customer, Gateway } from "../../support/gateway";

/** A repeatable sequence of numbers from 0 to 1 (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The provider's account, the ledger's total and the sum of the calls are one number. */
export function workload(gateway: Gateway): void {
  const MODELS = ["simple", "analysis", "deep", "claude-haiku-4-5", "gemini-3.5-flash-lite"];

  async function run(seed: number, kinds: Record<string, object>, calls: number): Promise<Customer[]> {
    const next = random(seed);
    const pick = <T>(list: T[]): T => list[Math.floor(next() * list.length)]!;
    const customers = await Promise.all(["tier_1", "tier_2", "tier_3"].map((tier) => gateway.customer(tier)));
    for (const [kind, behaviour] of Object.entries(kinds)) {
      await gateway.stack.provider.behave(`kind-${seed}-${kind}`, behaviour);
    }
    const planned = Array.from({ length: calls }, () => ({
      customer: pick(customers),
      model: pick(MODELS),
      prompt: `[[kind-${seed}-${pick(Object.keys(kinds))}]] ${"word ".repeat(Math.floor(next() * 200))}${next()}`,
      body: {
        stream: next() < 0.5,
        max_tokens: 20 + Math.floor(next() * 200),
        ...(next() < 0.2 && { n: 2 }),
      },
      session_id: `s${Math.floor(next() * 4)}`,
    }));
    // As many at a time as a busy agent has.
    const queue = [...planned];
    const worker = async () => {
      for (let call = queue.shift(); call; call = queue.shift()) {
        const { customer, model, prompt, body, session_id } = call;
        await customer.call(model, { prompt, body, metadata: { session_id } }).catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    return customers;
  }

  test("of answers, retries and fallbacks: to the nano-dollar", async () => {
    const customers = await run(
      20261124,
      {
        plain: {},
        long: { outputTokens: 5_000 },
        cached: { cachedTokens: 10, outputTokens: 40 },
        written: { cacheWriteTokens: 12, outputTokens: 30 },
        dense: { dense: true, outputTokens: 100 },
        refuses: { model: "claude-sonnet-5-5", status: 503 },
        down: { status: 500 },
      },
      150,
    );
    let billed = 0;
    let booked = 0;
    for (const customer of customers) {
      const settled = await customer.settled();
      expect(settled.booked).toBe(settled.billed);
      expect(settled.month.spent_nanos).toBe(settled.booked);
      expect(settled.calls.length).toBeGreaterThan(20);
      billed += settled.billed;
      booked += settled.booked;
    }
    expect(billed).toBeGreaterThan(0);
    expect(booked).toBe(billed);
  });

  test("of everything that goes wrong: never less than was billed, never more than was held", async () => {
    const customers = await run(
      7,
      {
        plain: {},
        cut: { cutAfterChunks: 2, outputTokens: 80 },
        cutBefore: { cutAfterChunks: 0, outputTokens: 20 },
        breaks: { errorAfterChunks: 1, outputTokens: 60 },
        silent: { omitUsage: true, outputTokens: 50 },
        slow: { latencyMs: 300, outputTokens: 20 },
      },
      100,
    );
    for (const customer of customers) {
      const { billed, booked, calls } = await customer.settled(30);
      expect(booked).toBeGreaterThanOrEqual(billed);
      for (const call of calls) expect(call.cost_nanos).toBeLessThanOrEqual(call.held_nanos);
    }
  }, 90_000);
}
