import { usd } from "../../../litellm-config";
import type { Customer, Gateway, Reply } from "../../support/gateway";

const LAST = usd("0.10");
const PARALLEL = 200;

/** Nothing is spent over a cap, and what is left of it can be used. */
export function caps(gateway: Gateway): void {
  const together = (calls: number, call: (i: number) => Promise<Reply>) =>
    Promise.all(Array.from({ length: calls }, (_, i) => call(i)));

  describe("200 parallel calls into the last $0.10", () => {
    test("of a session: nothing over, 95 % used", async () => {
      const customer = await gateway.customer("tier_3");
      await customer.leaveInSession(LAST);
      await customer.behave({ outputTokens: 150, latencyMs: 50 });
      const replies = await together(PARALLEL, () =>
        customer.call("analysis", { body: { max_tokens: 200 } }),
      );

      const { billed, session } = await customer.settled();
      expect(billed).toBeLessThanOrEqual(LAST);
      expect(billed).toBeGreaterThanOrEqual(0.95 * LAST);
      expect(session.spent_nanos).toBe(gateway.stack.definitions.session.budget - LAST + billed);
      const refused = replies.filter(({ status }) => status !== 200);
      expect(refused.length).toBeGreaterThan(0);
      for (const { status, body } of refused) {
        expect([402, 429]).toContain(status);
        expect(["session_budget", "budget_held", "session_calls"]).toContain(body.error?.code);
      }
    });

    test("of a month, from ten sessions: nothing over, 95 % used", async () => {
      const customer = await gateway.customer("tier_1");
      await customer.leaveInMonth(LAST);
      await customer.behave({ outputTokens: 380, latencyMs: 50 });
      const replies = await together(PARALLEL, (i) =>
        customer.call("analysis", { body: { max_tokens: 400 }, metadata: { session_id: `s${i % 10}` } }),
      );

      const { billed, month } = await customer.settled();
      expect(billed).toBeLessThanOrEqual(LAST);
      expect(billed).toBeGreaterThanOrEqual(0.95 * LAST);
      expect(month.spent_nanos).toBe(month.cap_nanos - LAST + billed);
      const refused = replies.filter(({ status }) => status !== 200);
      expect(refused.length).toBeGreaterThan(0);
      for (const { body } of refused) expect(["month_budget", "budget_held"]).toContain(body.error?.code);
    });

    test("streamed, with prompts of the densest kind: nothing over, 95 % used", async () => {
      const customer = await gateway.customer("tier_3");
      await customer.leaveInSession(LAST);
      await customer.behave({ outputTokens: 1_000, dense: true, cacheWriteTokens: 20, latencyMs: 20 });
      await together(90, () => customer.call("analysis", { body: { stream: true, max_tokens: 200 } }));
      const { billed } = await customer.settled();
      expect(billed).toBeLessThanOrEqual(LAST);
      expect(billed).toBeGreaterThanOrEqual(0.95 * LAST);
    });
  });

  describe("at the cap, to the nano-dollar", () => {
    const MODEL = "claude-sonnet-5-5";
    const body = { max_tokens: 100 };
    /** What the guard holds for a call of this length: a customer of the same name's length, so the same prompt. */
    const holdOf = async (prompt: string): Promise<number> => {
      const customer = await gateway.customer();
      expect((await customer.call(MODEL, { body, prompt })).status).toBe(200);
      const [call] = (await customer.settled()).calls;
      return call!.held_nanos;
    };

    test.each([
      ["session", (customer: Customer, nanos: number) => customer.leaveInSession(nanos)],
      ["month", (customer: Customer, nanos: number) => customer.leaveInMonth(nanos)],
    ])("a hold that equals what the %s has left is allowed in full", async (scope, leave) => {
      const held = await holdOf("exactly");
      const customer = await gateway.customer();
      await leave(customer, held);
      // At 95 % of a month a more expensive model would be replaced; this one has no route of its own to compare.
      const { status, headers } = await customer.call(MODEL, { body, prompt: "exactly" });
      expect(status).toBe(200);
      if (scope === "month") return expect(headers.get("x-tollgate-decision")).toBe("degraded");
      const [request] = await customer.requests();
      expect(request?.maxTokens).toBe(100);
      expect(headers.get("x-tollgate-session-remaining-nanos")).toBe("0");
    });

    test("one nano-dollar less than the bound by bytes: the prompt is counted, and the answer stays whole", async () => {
      const held = await holdOf("one less");
      const allowed = async () => {
        const customer = await gateway.customer();
        await customer.leaveInSession(held - 1);
        await customer.behave({ outputTokens: 1_000 });
        expect((await customer.call(MODEL, { body, prompt: "one less" })).status).toBe(200);
        return (await customer.requests())[0]?.maxTokens;
      };
      // On a busy machine a count may come too late, and then none is asked for during ten seconds.
      const first = await allowed();
      if (first !== 100) await new Promise((resolve) => setTimeout(resolve, 11_000));
      expect(first === 100 ? first : await allowed()).toBe(100);
    });

    test("nothing left is a refusal that a customer can be shown, and reaches no provider", async () => {
      const bySession = await gateway.customer();
      await bySession.leaveInSession(0);
      const byMonth = await gateway.customer();
      await byMonth.leaveInMonth(0);
      for (const [customer, code] of [
        [bySession, "session_budget"],
        [byMonth, "month_budget"],
      ] as const) {
        const reply = await customer.call("analysis");
        expect(reply.status).toBe(402);
        expect(reply.body.error).toMatchObject({ type: "budget_exceeded", code });
        expect(reply.body.error?.message).not.toMatch(/nano|LiteLLM|exception|traceback/i);
        expect(reply.headers.get("x-tollgate-decision")).toBe("refused");
        expect(reply.headers.get("x-tollgate-reason")).toBe(code);
        expect(await customer.requests()).toEqual([]);
      }
    });

    test("one call whose prompt alone costs more than what is left, on the cheaper route too, is refused", async () => {
      const customer = await gateway.customer();
      await customer.leaveInSession(usd("0.0001"));
      const { status, body } = await customer.call("analysis", { prompt: "x".repeat(20_000) });
      expect([status, body.error?.code]).toEqual([402, "session_budget"]);
      expect(await customer.requests()).toEqual([]);
    });
  });

  describe("the output that is allowed", () => {
    const wire = async (customer: Customer) => (await customer.requests())[0]!;

    test.each([
      ["absent", {}],
      ["null", { max_tokens: null }],
    ])("max_tokens %s: the route's default", async (_, body) => {
      const customer = await gateway.customer();
      await customer.call("analysis", { body });
      expect((await wire(customer)).maxTokens).toBe(2_048);
    });

    test.each([
      ["max_tokens", { max_tokens: 2_000_000 }],
      ["max_completion_tokens", { max_completion_tokens: 2_000_000 }],
      ["both, the smaller one as a decoy", { max_tokens: 1, max_completion_tokens: 2_000_000 }],
      ["the other way round", { max_tokens: 2_000_000, max_completion_tokens: 1 }],
    ])("huge %s: no more than the budget affords", async (_, body) => {
      const customer = await gateway.customer();
      await customer.leaveInSession(LAST);
      await customer.behave({ outputTokens: 100_000 });
      expect((await customer.call("analysis", { body })).status).toBe(200);
      const { billed } = await customer.settled();
      expect(billed).toBeLessThanOrEqual(LAST);
    });

    test.each([["text"], [-1], [0], [1.5]])("max_tokens %p is a malformed request", async (max_tokens) => {
      const customer = await gateway.customer();
      const { status, body } = await customer.call("analysis", { body: { max_tokens } });
      expect(status).toBe(400);
      expect(body.error?.code).toBe("invalid_request");
      expect(body.error?.message).toContain("max_tokens");
      expect(await customer.requests()).toEqual([]);
    });

    test("every choice of n is held for", async () => {
      const customer = await gateway.customer();
      await customer.leaveInSession(LAST);
      await customer.behave({ outputTokens: 5_000 });
      const { status, body } = await customer.call("simple", { body: { n: 4, max_tokens: 5_000 } });
      expect(status).toBe(200);
      expect(body.choices).toHaveLength(4);
      const { billed, calls } = await customer.settled();
      expect(billed).toBeLessThanOrEqual(LAST);
      expect(calls[0]?.cost_nanos).toBe(billed);
    });

    test.each([[0], [-3], ["4"], [1.5]])("n = %p never costs more than was held", async (n) => {
      const customer = await gateway.customer();
      await customer.leaveInSession(LAST);
      await customer.behave({ outputTokens: 5_000 });
      await customer.call("analysis", { body: { n, max_tokens: 5_000 } });
      const { billed } = await customer.settled();
      expect(billed).toBeLessThanOrEqual(LAST);
    });
  });
}
