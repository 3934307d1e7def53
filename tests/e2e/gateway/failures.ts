import { usd } from "../../../litellm-config";
import { eventually, type Customer, type Gateway } from "../../support/gateway";

const STREAM = { stream: true, max_tokens: 200 };

/** What providers do wrong is paid once, in full, and never above the hold. */
export function failures(gateway: Gateway): void {
  const models = async (customer: Customer) => (await customer.requests()).map(({ model }) => model);

  describe("a provider that refuses", () => {
    test.each([[500], [503], [429]])(
      "once with %d is asked again, and only the answer is paid",
      async (status) => {
        const customer = await gateway.customer();
        await customer.behave({ status, times: 1 });
        const reply = await customer.call("analysis");
        expect(reply.status).toBe(200);
        expect(reply.headers.get("x-tollgate-model")).toBe("claude-sonnet-5-5");
        expect(await models(customer)).toEqual(["claude-sonnet-5-5", "claude-sonnet-5-5"]);
        const { billed, booked, calls } = await customer.settled();
        expect(calls).toHaveLength(1);
        expect(booked).toBe(billed);
      },
    );

    test("with 400 is not asked again, and the call is free", async () => {
      const customer = await gateway.customer();
      await customer.behave({ status: 400 });
      const reply = await customer.call("claude-sonnet-5-5");
      expect(reply.status).toBe(400);
      expect(await models(customer)).toEqual(["claude-sonnet-5-5"]);
      const { booked, session } = await customer.settled();
      expect([booked, session.spent_nanos, session.held_nanos]).toEqual([0, 0, 0]);
    });

    test("a retry, then a fallback to a more expensive model: the hold covers it, the higher price is paid", async () => {
      const customer = await gateway.customer();
      await customer.behave({ outputTokens: 1_000 });
      await customer.behave({ model: "claude-sonnet-5-5", status: 503 });
      const reply = await customer.call("analysis", { body: { max_tokens: 1_000 } });
      expect(reply.status).toBe(200);
      expect(reply.headers.get("x-tollgate-model")).toBe("gemini-3.1-pro-preview");
      expect(await models(customer)).toEqual([
        "claude-sonnet-5-5",
        "claude-sonnet-5-5",
        "gemini-3.1-pro-preview",
      ]);
      const { billed, booked, calls } = await customer.settled();
      expect(billed).toBeGreaterThan(1_000 * 12_000);
      expect(booked).toBe(billed);
      expect(calls[0]).toMatchObject({ model_asked: "analysis", model_used: "gemini-3.1-pro-preview" });
      expect(billed).toBeLessThanOrEqual(calls[0]!.held_nanos);
    });

    test("at the last of a budget, a fallback to a more expensive model stays within it", async () => {
      const customer = await gateway.customer();
      const left = usd("0.02");
      await customer.leaveInSession(left);
      await customer.behave({ outputTokens: 10_000 });
      await customer.behave({ model: "claude-sonnet-5-5", status: 503 });
      expect((await customer.call("analysis", { body: { max_tokens: 10_000 } })).status).toBe(200);
      const { billed } = await customer.settled();
      expect(billed).toBeGreaterThan(0.8 * left);
      expect(billed).toBeLessThanOrEqual(left);
    });

    test.each([[{}], [{ stream: true }]])(
      "everywhere fails the call, which costs nothing (%p)",
      async (body) => {
        const customer = await gateway.customer();
        await customer.behave({ status: 503 });
        const reply = await customer.call("analysis", { body });
        expect(reply.status).toBeGreaterThanOrEqual(500);
        const { booked, session, calls } = await customer.settled();
        expect([booked, session.spent_nanos, session.held_nanos]).toEqual([0, 0, 0]);
        expect(calls[0]?.outcome).toMatch(/failure|refused_by_provider/);
      },
    );
  });

  describe("a provider that breaks off", () => {
    test("before the first byte of an answer: what it may have billed is charged", async () => {
      const customer = await gateway.customer();
      await customer.behave({ cutAfterChunks: 0, outputTokens: 50 });
      await customer.call("claude-sonnet-5-5", { body: { max_tokens: 100 } });
      const { billed, booked } = await customer.settled();
      expect(billed).toBeGreaterThan(0);
      expect(booked).toBeGreaterThanOrEqual(billed);
    });

    test.each([
      ["before the first byte of a stream", { cutAfterChunks: 0 }],
      ["in the middle of a stream", { cutAfterChunks: 3 }],
      ["with an error event at the start of a stream", { errorAfterChunks: 0 }],
      ["with an error event in the middle of a stream", { errorAfterChunks: 3 }],
    ])("%s: the input and what came are charged, within the hold", async (_, behaviour) => {
      const customer = await gateway.customer();
      await customer.behave({ ...behaviour, outputTokens: 100 });
      await customer.call("claude-sonnet-5-5", { body: STREAM }).catch(() => undefined);
      const { billed, booked, calls } = await customer.settled();
      expect(billed).toBeGreaterThan(0);
      expect(booked).toBeGreaterThanOrEqual(billed);
      expect(booked).toBeLessThanOrEqual(calls.reduce((sum, { held_nanos }) => sum + held_nanos, 0));
    });

    test("in the middle of a stream of the last of a budget: never over it", async () => {
      const customer = await gateway.customer();
      const left = usd("0.01");
      await customer.leaveInSession(left);
      await customer.behave({ cutAfterChunks: 40, outputTokens: 2_000 });
      await customer.call("analysis", { body: { stream: true, max_tokens: 2_000 } }).catch(() => undefined);
      const { billed, booked } = await customer.settled();
      expect(booked).toBeGreaterThanOrEqual(billed);
      expect(billed).toBeLessThanOrEqual(left);
    });
  });

  describe("a provider that does not keep to the request", () => {
    test.each([[{}], [{ stream: true }]])(
      "longer than max_tokens: what it really cost is booked (%p)",
      async (body) => {
        gateway.mayPassCap();
        const customer = await gateway.customer();
        await customer.behave({ ignoreMaxTokens: true, outputTokens: 3_000 });
        expect((await customer.call("claude-sonnet-5-5", { body: { ...body, max_tokens: 10 } })).status).toBe(
          200,
        );
        const { billed, booked, calls } = await customer.settled();
        expect(booked).toBe(billed);
        expect(billed).toBeGreaterThan(calls[0]!.held_nanos);
      },
    );

    test("longer than max_tokens into the end of a budget: the next call is refused", async () => {
      gateway.mayPassCap();
      const customer = await gateway.customer();
      await customer.leaveInSession(usd("0.01"));
      await customer.behave({ ignoreMaxTokens: true, outputTokens: 3_000 });
      await customer.call("claude-sonnet-5-5", { body: { max_tokens: 10 } });
      await customer.settled();
      const { status, body } = await customer.call("claude-sonnet-5-5", { body: { max_tokens: 10 } });
      expect([status, body.error?.code]).toEqual([402, "session_budget"]);
    });

    test.each([[{}], [{ stream: true }]])(
      "no usage: no less than it cost is booked, within the hold (%p)",
      async (body) => {
        const customer = await gateway.customer();
        await customer.behave({ omitUsage: true, outputTokens: 120 });
        await customer.call("claude-sonnet-5-5", { body: { ...body, max_tokens: 200 } });
        const { billed, booked, calls } = await customer.settled();
        expect(billed).toBeGreaterThan(0);
        expect(booked).toBeGreaterThanOrEqual(billed);
        expect(booked).toBeLessThanOrEqual(calls[0]!.held_nanos);
      },
    );

    test("neither usage nor max_tokens, and dense: no less than it cost is booked", async () => {
      gateway.mayPassCap();
      const customer = await gateway.customer();
      await customer.behave({ omitUsage: true, ignoreMaxTokens: true, outputTokens: 2_000, dense: true });
      await customer.call("claude-sonnet-5-5", { body: { max_tokens: 10 } });
      const { billed, booked } = await customer.settled();
      expect(booked).toBeGreaterThanOrEqual(billed);
    });

    test("usage is asked for in a stream whose client did not ask, or asked for none", async () => {
      for (const stream_options of [undefined, { include_usage: false }, null]) {
        const customer = await gateway.customer();
        await customer.call("claude-sonnet-5-5", { body: { ...STREAM, stream_options } });
        const { billed, booked } = await customer.settled();
        expect(billed).toBeGreaterThan(0);
        expect(booked).toBe(billed);
      }
    });
  });

  describe("a provider that times out", () => {
    test("an answer that never comes is charged, and the fallback that follows is paid too, within the cap", async () => {
      const customer = await gateway.customer();
      const left = usd("0.05");
      await customer.leaveInSession(left);
      await customer.behave({ outputTokens: 2_000 });
      await customer.behave({ model: "claude-sonnet-5-5", hangAfterChunks: 0, outputTokens: 2_000 });
      await customer.call("analysis", { body: { max_tokens: 2_000 } });
      const { billed, booked } = await customer.settled(30);
      expect(billed).toBeGreaterThan(2_000 * 10_000);
      expect(booked).toBeGreaterThanOrEqual(billed);
      expect(booked).toBeLessThanOrEqual(left);
    }, 60_000);

    test("a stream that stops coming is ended and charged", async () => {
      const customer = await gateway.customer();
      await customer.behave({ hangAfterChunks: 2, outputTokens: 150 });
      await customer.call("claude-sonnet-5-5", { body: STREAM }).catch(() => undefined);
      const { billed, booked, calls } = await customer.settled(30);
      expect(calls).toHaveLength(1);
      expect(booked).toBeGreaterThanOrEqual(billed);
      expect(booked).toBeLessThanOrEqual(calls[0]!.held_nanos);
    }, 60_000);
  });

  describe("a client that goes away", () => {
    const leave = async (customer: Customer, body: object, when: "sent" | "first byte") => {
      const stop = new AbortController();
      const response = customer.open("claude-sonnet-5-5", { body: { ...body }, signal: stop.signal });
      if (when === "sent") {
        response.catch(() => undefined);
        await eventually("the reservation", async () => (await customer.calls()).length > 0);
        await new Promise((passed) => setTimeout(passed, 200));
        stop.abort();
      } else {
        const reader = (await response).body!.getReader();
        await reader.read();
        stop.abort();
        await reader.read().catch(() => undefined);
      }
    };

    test.each([
      ["in a plain call", { max_tokens: 100 }, { latencyMs: 1_000 }, "sent"],
      ["before the first byte of a stream", STREAM, { latencyMs: 1_500 }, "sent"],
      ["in a stream", STREAM, { chunkDelayMs: 100 }, "first byte"],
      ["in a stream without usage", STREAM, { chunkDelayMs: 100, omitUsage: true }, "first byte"],
    ] as const)(
      "%s: what the provider bills is charged, within the hold",
      async (_, body, behaviour, when) => {
        const customer = await gateway.customer();
        await customer.behave({ ...behaviour, outputTokens: 100 });
        await leave(customer, body, when);
        const { billed, booked, calls } = await customer.settled(20);
        expect(calls).toHaveLength(1);
        expect(billed).toBeGreaterThan(0);
        expect(booked).toBeGreaterThanOrEqual(billed);
        expect(booked).toBeLessThanOrEqual(calls[0]!.held_nanos);
        expect(calls[0]!.outcome).toMatch(/disconnected|success/);
      },
    );

    test("forty at once, at random moments: the cap holds and nothing stays held", async () => {
      const customer = await gateway.customer("tier_3");
      const left = usd("0.05");
      await customer.leaveInSession(left);
      await customer.behave({ outputTokens: 60, latencyMs: 100, chunkDelayMs: 30 });
      await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const stop = AbortSignal.timeout(20 + ((i * 37) % 600));
          const body = { max_tokens: 60, stream: i % 2 === 0 };
          await customer.call("claude-sonnet-5-5", { body, signal: stop }).catch(() => undefined);
        }),
      );
      const { billed, booked, session } = await customer.settled(30);
      expect(booked).toBeGreaterThanOrEqual(billed);
      expect(booked).toBeLessThanOrEqual(left);
      expect(session.held_nanos).toBe(0);
    }, 60_000);
  });
}
