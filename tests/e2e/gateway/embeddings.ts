import OpenAI from "openai";
import { usd } from "../../../litellm-config";
import { AGENT_KEY, type CallOptions, type Customer, type Gateway } from "../../support/gateway";

const MODEL = "gemini-embedding-001";
/** Nano-dollars a token of {@link MODEL}, from Google's price page. */
const PRICE = 150;

interface Embeddings {
  data: { index: number; embedding: number[] | string }[];
  usage: { prompt_tokens: number };
}

/** `POST /v1/embeddings` holds, charges, tags and refuses as the other routes do; each text is a request to the provider. */
export function embeddings(gateway: Gateway): void {
  const embed = (customer: Customer, texts: string[], { body, ...more }: CallOptions = {}) =>
    customer.call(MODEL, {
      path: "/v1/embeddings",
      ...more,
      body: {
        messages: undefined,
        metadata: { customer_id: customer.id, session_id: customer.sessionId },
        input: texts.map((text) => `[[${customer.id}]] ${text}`),
        ...body,
      },
    });
  const answer = (reply: { body: object }) => reply.body as Embeddings;

  test("texts come back as vectors in their order, charged as they are billed, tagged as embeddings", async () => {
    const customer = await gateway.customer();
    const texts = ["a short text", "€ and 漢字", "x".repeat(3_000)];
    const reply = await embed(customer, texts, { body: { dimensions: 8 } });
    expect(reply.status).toBe(200);
    expect(answer(reply).data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
      [0, 8],
      [1, 8],
      [2, 8],
    ]);
    const { billed, booked, calls } = await customer.settled();
    expect([booked, booked]).toEqual([billed, PRICE * answer(reply).usage.prompt_tokens]);
    expect(calls).toEqual([
      expect.objectContaining({
        query_type: "embedding",
        route: MODEL,
        model_used: MODEL,
        outcome: "success",
        prompt_tokens: answer(reply).usage.prompt_tokens,
        completion_tokens: 0,
      }),
    ]);
    const requests = await customer.requests();
    expect(requests.map(({ parameters }) => parameters)).toEqual(
      texts.map(() => ["instances", "parameters"]),
    );
  });

  test("OpenAI's SDK gets numbers, packed and unpacked alike", async () => {
    const customer = await gateway.customer();
    const client = new OpenAI({
      baseURL: `${gateway.stack.gateway.url}/v1`,
      apiKey: AGENT_KEY,
      defaultHeaders: { "x-tollgate-customer": customer.id, "x-tollgate-session": customer.sessionId },
    });
    const input = `[[${customer.id}]] the same text`;
    const packed = await client.embeddings.create({ model: MODEL, input, user: "someone" });
    const plain = await client.embeddings.create({ model: MODEL, input, encoding_format: "float" });
    const [one, other] = [packed.data[0]!.embedding, plain.data[0]!.embedding];
    expect([one.length, other.length]).toEqual([3_072, 3_072]);
    for (const at of [0, 1_000, 3_071]) expect(one[at]).toBeCloseTo(other[at]!, 6);
    const { billed, booked, calls } = await customer.settled();
    expect([calls.length, booked]).toEqual([2, billed]);
  });

  test("a hundred calls at once, with a token for each byte, never pass what is left", async () => {
    const customer = await gateway.customer("tier_3");
    const left = usd("0.002");
    await customer.leaveInSession(left);
    await customer.behave({ dense: true, latencyMs: 50 });
    const replies = await Promise.all(
      Array.from({ length: 100 }, () => embed(customer, ["x".repeat(400), "y".repeat(400)])),
    );
    const { billed, booked } = await customer.settled();
    expect([booked, billed <= left, billed > 0]).toEqual([billed, true, true]);
    const refused = replies.filter(({ status }) => status !== 200);
    for (const { body } of refused) {
      expect(["session_budget", "budget_held", "tokens_per_minute", "session_calls"]).toContain(
        body.error?.code,
      );
    }
  }, 60_000);

  test("a refusal has OpenAI's shape and reaches no provider; near the month's end the model stays", async () => {
    const customer = await gateway.customer();
    await customer.leaveInMonth(usd("0.10"));
    const near = await embed(customer, ["text"]);
    expect([near.status, near.headers.get("x-tollgate-decision")]).toEqual([200, "allowed"]);
    const broke = await gateway.customer();
    await broke.leaveInSession(0);
    const reply = await embed(broke, ["text"]);
    expect([reply.status, reply.headers.get("x-tollgate-reason")]).toEqual([402, "session_budget"]);
    expect(reply.body.error).toMatchObject({ type: "budget_exceeded", code: "session_budget" });
    expect(await broke.requests()).toEqual([]);
  });

  test("a text longer than the model takes is refused, not cut off, and costs nothing", async () => {
    const customer = await gateway.customer();
    const { status, body } = await embed(customer, ["x".repeat(9_000)]);
    expect([status, body.error?.code]).toEqual([400, "provider_rejected"]);
    expect((await customer.settled()).booked).toBe(0);
  });

  test.each<[string, Parameters<Customer["behave"]>[0], number]>([
    ["refuses", { status: 500 }, 503],
    ["is overloaded", { status: 429, retryAfter: 30 }, 503],
    ["breaks off", { cutAfterChunks: 0 }, 503],
    ["sends half an answer", { body: "cut_json" }, 503],
    ["does not count", { usage: "omitted" }, 200],
    ["counts wrongly", { usage: "negative" }, 200],
  ])("a provider that %s is never paid less than it bills", async (_, behaviour, expected) => {
    const customer = await gateway.customer();
    await customer.behave(behaviour);
    const { status, text } = await embed(customer, ["one", "two"], { body: { dimensions: 4 } });
    expect(status).toBe(expected);
    expect(text).not.toMatch(/litellm/i);
    const { billed, booked, calls } = await customer.settled();
    expect(booked).toBeGreaterThanOrEqual(billed);
    expect(booked).toBeLessThanOrEqual(calls[0]!.held_nanos);
    if (behaviour.status) expect(booked).toBe(0);
  });

  test("a client that leaves is charged what was billed", async () => {
    const customer = await gateway.customer();
    await customer.behave({ latencyMs: 600 });
    const signal = AbortSignal.timeout(300);
    await expect(embed(customer, ["one", "two"], { signal })).rejects.toThrow();
    const { billed, booked, calls } = await customer.settled();
    expect([calls[0]!.outcome, booked]).toEqual(["disconnected", billed]);
    expect(billed).toBeGreaterThan(0);
  });

  test("a model answers on its own kind of route only", async () => {
    const customer = await gateway.customer();
    const chat = await customer.call(MODEL);
    expect([chat.status, chat.body.error?.message]).toEqual([400, expect.stringContaining("/v1/embeddings")]);
    const other = await embed(customer, ["text"], { body: { model: "simple" } });
    expect([other.status, other.body.error?.message]).toEqual([400, expect.stringContaining(MODEL)]);
    expect(await customer.requests()).toEqual([]);
  });
}
