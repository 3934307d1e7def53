import { usd } from "../../../litellm-config";
import type { CallOptions, Customer, Gateway } from "../../support/gateway";

interface Dialect {
  path: string;
  /** A body of a prompt, in place of chat completions' messages. */
  body: (prompt: string, maxTokens: number) => Record<string, unknown>;
  /** The text of a whole answer. */
  said: (answer: unknown) => string;
  /** How a stream that came whole ends. */
  streamEnd: string;
  error: Record<string, unknown>;
}

const DIALECTS: Dialect[] = [
  {
    path: "/v1/messages",
    body: (prompt, max_tokens) => ({ messages: [{ role: "user", content: prompt }], max_tokens }),
    said: (answer) => (answer as { content: { text: string }[] }).content.map(({ text }) => text).join(""),
    streamEnd: "event: message_stop",
    error: {
      type: "error",
      error: expect.objectContaining({ type: "billing_error", code: "session_budget" }),
    },
  },
  {
    path: "/v1/responses",
    body: (prompt, max_output_tokens) => ({ messages: undefined, input: prompt, max_output_tokens }),
    said: (answer) =>
      (answer as { output: { content: { text: string }[] }[] }).output
        .flatMap(({ content }) => content.map(({ text }) => text))
        .join(""),
    streamEnd: "event: response.completed",
    error: { error: expect.objectContaining({ type: "budget_exceeded", code: "session_budget" }) },
  },
];

/** Every route that costs money holds, clamps, charges, degrades and refuses as chat completions do, in its own words. */
export function dialects(gateway: Gateway): void {
  let prompts = 0;

  describe.each(DIALECTS)("$path", ({ path, body, said, streamEnd, error }) => {
    const options = (
      customer: Customer,
      { maxTokens = 50, ...more }: Partial<CallOptions> & { maxTokens?: number },
    ) => ({
      ...more,
      path,
      body: { ...body(`[[${customer.id}]] question ${++prompts}`, maxTokens), ...more.body },
    });

    test.each([["simple"], ["analysis"]])(
      "an answer of %s is charged as it is billed, whole and streamed",
      async (model) => {
        const customer = await gateway.customer();
        const whole = await customer.call(model, options(customer, {}));
        expect([whole.status, said(whole.body).length > 0]).toEqual([200, true]);
        const streamed = await customer.call(model, options(customer, { body: { stream: true } }));
        expect(streamed.text).toContain(streamEnd);
        const { billed, booked, calls } = await customer.settled();
        expect(calls.map(({ outcome }) => outcome)).toEqual(["success", "success"]);
        expect(booked).toBe(billed);
        expect((await customer.requests()).map(({ maxTokens }) => maxTokens)).toEqual([50, 50]);
      },
    );

    test("a hundred calls at once never pass what is left", async () => {
      const customer = await gateway.customer("tier_3");
      await customer.leaveInSession(usd("0.05"));
      await customer.behave({ outputTokens: 1_000, latencyMs: 100 });
      await Promise.all(
        Array.from({ length: 100 }, () => customer.call("analysis", options(customer, { maxTokens: 1_000 }))),
      );
      const { billed, booked } = await customer.settled();
      expect(booked).toBe(billed);
      expect(billed).toBeGreaterThan(0);
      expect(billed).toBeLessThanOrEqual(usd("0.05"));
    });

    test("the length of an answer is what the budget affords", async () => {
      const customer = await gateway.customer();
      await customer.leaveInSession(usd("0.10"));
      await customer.behave({ outputTokens: 100_000 });
      const { status } = await customer.call("analysis", options(customer, { maxTokens: 100_000 }));
      expect(status).toBe(200);
      expect((await customer.settled()).billed).toBeLessThanOrEqual(usd("0.10"));
    });

    test("a refusal has the dialect's shape, and reaches no provider", async () => {
      const customer = await gateway.customer();
      await customer.leaveInSession(0);
      const reply = await customer.call("analysis", options(customer, {}));
      expect(reply.status).toBe(402);
      expect(reply.body).toEqual(error);
      expect(reply.headers.get("x-tollgate-reason")).toBe("session_budget");
      expect(await customer.requests()).toEqual([]);
    });

    test("at 95 % of a month the cheaper route answers", async () => {
      const customer = await gateway.customer("tier_1");
      await customer.leaveInMonth(usd("0.40"));
      const { headers } = await customer.call("deep", options(customer, {}));
      expect(headers.get("x-tollgate-decision")).toBe("degraded");
      expect(headers.get("x-tollgate-model")).toBe("gemini-3.5-flash-lite");
    });

    test.each<[string, Parameters<Customer["behave"]>[0]]>([
      ["breaks off", { cutAfterChunks: 2 }],
      ["ends in an error", { errorAfterChunks: 2 }],
    ])("a stream that %s says so, and is paid", async (_, behaviour) => {
      const customer = await gateway.customer();
      // Slow enough that the first pieces arrive before the connection goes.
      await customer.behave({ ...behaviour, outputTokens: 200, chunkDelayMs: 50 });
      const { text } = await customer.call(
        "claude-sonnet-5-5",
        options(customer, { maxTokens: 300, body: { stream: true } }),
      );
      expect(text).toContain("event: error");
      expect(text).not.toContain(streamEnd);
      expect(text).not.toMatch(/litellm/i);
      const { billed, booked } = await customer.settled();
      expect(booked).toBeGreaterThanOrEqual(billed);
      expect(billed).toBeGreaterThan(0);
    });

    test("a provider that refuses is an error of the dialect, and free", async () => {
      const customer = await gateway.customer();
      await customer.behave({ status: 500 });
      const { status, body: answer } = await customer.call("analysis", options(customer, {}));
      expect([status, answer.error?.code]).toEqual([503, "provider_unavailable"]);
      expect((await customer.settled()).booked).toBe(0);
    });

    test("a client that leaves is charged what was billed", async () => {
      const customer = await gateway.customer();
      await customer.behave({ outputTokens: 300, chunkDelayMs: 20 });
      const leave = new AbortController();
      const asked = options(customer, { maxTokens: 300, body: { stream: true } });
      const response = await customer.open("claude-sonnet-5-5", { ...asked, signal: leave.signal });
      await response.body!.getReader().read();
      leave.abort();
      const { billed, booked, calls } = await customer.settled();
      expect(calls[0]?.outcome).toBe("disconnected");
      expect(booked).toBe(billed);
    });

    test("headers name the customer where the body cannot; both at once must agree", async () => {
      const customer = await gateway.customer();
      const headers = {
        "x-tollgate-customer": customer.id,
        "x-tollgate-session": customer.sessionId,
        "x-tollgate-query-type": "action",
      };
      const asked = options(customer, { headers, body: { metadata: undefined } });
      expect((await customer.call("simple", asked)).status).toBe(200);
      expect((await customer.settled()).calls[0]).toMatchObject({
        query_type: "action",
        session_id: customer.sessionId,
      });
      const both = await customer.call("simple", options(customer, { headers }));
      expect([both.status, both.body.error?.code]).toEqual([400, "invalid_request"]);
      expect(both.body.error?.message).toContain("x-tollgate-query-type");
    });
  });
}
