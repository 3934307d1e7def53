import Anthropic from "@anthropic-ai/sdk";
import type { MessageCreateParamsNonStreaming, Tool } from "@anthropic-ai/sdk/resources/messages";
import { ANTHROPIC_KEY } from "../../../simulator/anthropic/read";
import { eventsOf, useSimulator } from "./support";

const sim = useSimulator();
const MODEL = "claude-haiku-4-5";
/** Nano-dollars a token of {@link MODEL}, from Anthropic's price page. */
const INPUT = 1_000;
const OUTPUT = 5_000;

const client = (apiKey = ANTHROPIC_KEY) =>
  new Anthropic({ baseURL: sim.simulator.url, apiKey, maxRetries: 0 });

const ask = (prompt: string, more: Partial<MessageCreateParamsNonStreaming> = {}) =>
  client().messages.create({
    model: MODEL,
    max_tokens: 2_000,
    messages: [{ role: "user", content: prompt }],
    ...more,
  });

const post = (body: object, headers: Record<string, string> = {}) =>
  fetch(`${sim.simulator.url}/v1/messages`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-api-key": ANTHROPIC_KEY,
      "anthropic-version": "2023-06-01",
      ...headers,
    },
    body: JSON.stringify(body),
  });

const tool = (name: string): Tool => ({
  name,
  description: "",
  input_schema: { type: "object", properties: {} },
});
const TOOLS = [tool("compare-periods"), tool("list-anomalies"), tool("get-spend")];

describe("Anthropic's SDK reads", () => {
  test("a message, billed by its tokens", async () => {
    const call = sim.marked();
    await call.behave({ outputTokens: 10 });
    const message = await ask(call.prompt);
    expect(message).toMatchObject({
      type: "message",
      role: "assistant",
      stop_reason: "end_turn",
      model: MODEL,
    });
    const { input_tokens, output_tokens } = message.usage;
    expect([input_tokens, output_tokens]).toEqual([Math.ceil(call.prompt.length / 4) + 4, 10]);
    expect((await call.account()).totalNanos).toBe(input_tokens * INPUT + 10 * OUTPUT);
  });

  test("a stream, which says what the message says", async () => {
    const call = sim.marked();
    const plain = await ask(call.prompt);
    const stream = client().messages.stream({
      model: MODEL,
      max_tokens: 2_000,
      messages: [{ role: "user", content: call.prompt }],
    });
    const streamed = await stream.finalMessage();
    expect(streamed.content).toEqual(plain.content);
    expect(streamed.usage).toEqual(plain.usage);
  });

  test.each([[false], [true]])(
    "parallel tool calls and what follows their results (stream %p)",
    async (stream) => {
      const call = sim.marked("Why did my costs go up last week?");
      const question = { role: "user" as const, content: call.prompt };
      const params = { model: MODEL, max_tokens: 2_000, tools: TOOLS };
      const send = async (messages: Anthropic.MessageParam[]) =>
        stream
          ? client()
              .messages.stream({ ...params, messages })
              .finalMessage()
          : client().messages.create({ ...params, messages });
      const first = await send([question]);
      expect(first.stop_reason).toBe("tool_use");
      const uses = first.content.filter((block) => block.type === "tool_use");
      expect(uses.map(({ name }) => name)).toEqual(["compare-periods", "list-anomalies"]);
      const results = uses.map(({ id }) => ({
        type: "tool_result" as const,
        tool_use_id: id,
        content: "{}",
      }));
      const last = await send([
        question,
        { role: "assistant", content: first.content },
        { role: "user", content: results },
      ]);
      expect(last.stop_reason).toBe("end_turn");
      expect(last.content[0]).toMatchObject({ type: "text" });
    },
  );

  test.each([[false], [true]])(
    "thinking, shown and redacted, billed as output (stream %p)",
    async (stream) => {
      for (const redactedThinking of [false, true]) {
        const call = sim.marked();
        await call.behave({ reasoningTokens: 300, redactedThinking, outputTokens: 5 });
        const params: MessageCreateParamsNonStreaming = {
          model: MODEL,
          max_tokens: 2_000,
          thinking: { type: "enabled", budget_tokens: 1_024 },
          messages: [{ role: "user", content: call.prompt }],
        };
        const message = stream
          ? await client().messages.stream(params).finalMessage()
          : await client().messages.create(params);
        const [thought] = message.content;
        expect(thought?.type).toBe(redactedThinking ? "redacted_thinking" : "thinking");
        if (thought?.type === "thinking") expect([thought.thinking, thought.signature]).not.toContain("");
        expect(message.usage.output_tokens).toBe(305);
        expect(message.usage.output_tokens_details).toEqual({ thinking_tokens: 300 });
      }
    },
  );

  test.each<[string, object, number]>([
    ["claude-haiku-4-5", {}, 0],
    ["claude-haiku-4-5", { thinking: { type: "enabled", budget_tokens: 1_024 } }, 300],
    ["claude-haiku-5-5", {}, 300],
    ["claude-haiku-5-5", { thinking: { type: "disabled" } }, 0],
    ["claude-sonnet-5-5", {}, 300],
  ])("%s thinks by its own rule: %j", async (model, says, thinking) => {
    const call = sim.marked();
    await call.behave({ reasoningTokens: 300, outputTokens: 5 });
    await ask(call.prompt, { model, max_tokens: 2_000, ...says });
    expect((await call.requests())[0]!.usage.reasoningTokens).toBe(thinking);
  });

  test.each([
    ["refusal", "refusal"],
    ["pause", "pause_turn"],
    ["length", "max_tokens"],
  ])("a stop for %s", async (finish, stop_reason) => {
    const call = sim.marked();
    await call.behave({ finish, outputTokens: 3 });
    expect((await ask(call.prompt)).stop_reason).toBe(stop_reason);
  });

  test("a stop at a stop sequence", async () => {
    const call = sim.marked();
    await call.behave({ content: "one END two" });
    const message = await ask(call.prompt, { stop_sequences: ["END"] });
    expect(message).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: "END" });
    expect(message.content).toMatchObject([{ text: "one " }]);
  });

  test.each([
    [400, Anthropic.BadRequestError, "invalid_request_error"],
    [401, Anthropic.AuthenticationError, "authentication_error"],
    [403, Anthropic.PermissionDeniedError, "permission_error"],
    [404, Anthropic.NotFoundError, "not_found_error"],
    [413, Anthropic.APIError, "request_too_large"],
    [429, Anthropic.RateLimitError, "rate_limit_error"],
    [500, Anthropic.InternalServerError, "api_error"],
    [504, Anthropic.InternalServerError, "timeout_error"],
    [529, Anthropic.InternalServerError, "overloaded_error"],
  ])("a %d as its own error", async (status, errorClass, type) => {
    const call = sim.marked();
    await call.behave({ status, retryAfter: 7 });
    const error = await ask(call.prompt).catch(
      (thrown: unknown) => thrown as InstanceType<typeof Anthropic.APIError>,
    );
    expect(error).toBeInstanceOf(errorClass);
    expect((error as { error: unknown }).error).toMatchObject({ type: "error", error: { type } });
    expect((error as { headers: Headers }).headers.get("retry-after")).toBe("7");
    expect((await call.account()).calls).toBe(0);
  });

  test("a token count, which is what the message then costs", async () => {
    const call = sim.marked("count me");
    const body = { model: MODEL, messages: [{ role: "user" as const, content: call.prompt }], tools: TOOLS };
    const { input_tokens } = await client().messages.countTokens(body);
    expect((await call.account()).calls).toBe(0);
    const { usage } = await client().messages.create({ ...body, max_tokens: 10 });
    expect(usage.input_tokens).toBe(input_tokens);
  });
});

test("a stream has exactly the documented events", async () => {
  const call = sim.marked();
  await call.behave({ content: "short" });
  const body = {
    model: MODEL,
    max_tokens: 9,
    stream: true,
    messages: [{ role: "user", content: call.prompt }],
  };
  const events = await eventsOf(await post(body));
  expect(events.map(({ type }) => type)).toEqual([
    "message_start",
    "ping",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
});

describe("the prompt cache", () => {
  const long = "The bill of the month, line by line. ".repeat(600);
  const system = (text: string, ttl: "5m" | "1h"): Anthropic.TextBlockParam[] => [
    { type: "text", text, cache_control: { type: "ephemeral", ttl } },
  ];

  test.each([
    ["5m", 1.25],
    ["1h", 2],
  ] as const)("writes for %s at %d times the input's price, then reads at a tenth", async (ttl, factor) => {
    const call = sim.marked();
    await call.behave({ outputTokens: 0 });
    const text = `${call.prompt}${long}`;
    const first = (await ask(call.prompt, { system: system(text, ttl) })).usage;
    const written = Math.ceil(text.length / 4);
    expect(first.cache_creation_input_tokens).toBe(written);
    expect(first.cache_creation).toEqual({
      ephemeral_5m_input_tokens: ttl === "5m" ? written : 0,
      ephemeral_1h_input_tokens: ttl === "1h" ? written : 0,
    });
    const afterWrite = (await call.account()).totalNanos;
    expect(afterWrite).toBe(written * INPUT * factor + first.input_tokens * INPUT);
    const second = (await ask(call.prompt, { system: system(text, ttl) })).usage;
    expect([second.cache_read_input_tokens, second.cache_creation_input_tokens]).toEqual([written, 0]);
    expect((await call.account()).totalNanos - afterWrite).toBe(written * 100 + second.input_tokens * INPUT);
  });

  test("takes no prompt below the model's shortest", async () => {
    const call = sim.marked();
    const { usage } = await ask(call.prompt, { system: system(`${call.prompt} short`, "5m") });
    expect([usage.cache_creation_input_tokens, usage.cache_read_input_tokens]).toEqual([0, 0]);
  });
});

test("above a prompt length the whole call costs the higher price", async () => {
  for (const [tokens, input, output] of [
    [100_000, 100, 500],
    [100_001, 500, 2_500],
  ] as const) {
    const call = sim.marked("x");
    await call.behave({ outputTokens: 10, cachedTokens: 0 });
    const filler = "x".repeat(4 * (tokens - 4) - call.prompt.length);
    await ask(call.prompt + filler, { model: "claude-haiku-5-5" });
    expect((await call.account()).totalNanos).toBe(tokens * input + 10 * output);
  }
});

test("an answer's schema may come in the field of its beta", async () => {
  const schema = { type: "object", properties: { score: { type: "number" } }, required: ["score"] };
  const response = await post(
    {
      model: MODEL,
      max_tokens: 2_000,
      messages: [{ role: "user", content: "Judge" }],
      output_format: { type: "json_schema", schema },
    },
    { "anthropic-beta": "structured-outputs-2025-11-13" },
  );
  const { content } = (await response.json()) as Anthropic.Message;
  expect(JSON.parse((content[0] as Anthropic.TextBlock).text)).toEqual({
    score: expect.any(Number) as number,
  });
});

describe("what Anthropic refuses", () => {
  const user = { role: "user", content: "hi" };
  const valid = { model: MODEL, max_tokens: 2_000, messages: [user] };
  const use = { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "get", input: {} }] };
  const result = (id: string) => ({ role: "user", content: [{ type: "tool_result", tool_use_id: id }] });
  const cached = { type: "text", text: "x", cache_control: { type: "ephemeral" } };
  const hour = { type: "text", text: "x", cache_control: { type: "ephemeral", ttl: "1h" } };

  test.each<[string, object, RegExp]>([
    [
      "an unknown field",
      { ...valid, frequency_penalty: 1 },
      /frequency_penalty: Extra inputs are not permitted/,
    ],
    [
      "the beta's field without the beta",
      { ...valid, output_format: { type: "json_schema", schema: { type: "object" } } },
      /output_format: Extra inputs are not permitted/,
    ],
    [
      "an unknown field of a block",
      { ...valid, messages: [{ ...user, name: "x" }] },
      /messages\.0\.name: Extra/,
    ],
    ["no max_tokens", { ...valid, max_tokens: undefined }, /max_tokens/],
    ["max_tokens of 0", { ...valid, max_tokens: 0 }, /max_tokens/],
    ["more than the model's output", { ...valid, max_tokens: 64_001 }, /64001 > 64000/],
    ["an unknown role", { ...valid, messages: [{ role: "tool", content: "x" }] }, /messages\.0\.role/],
    [
      "an assistant's first message",
      { ...valid, messages: [{ role: "assistant", content: "x" }, user] },
      /first message/,
    ],
    [
      "an empty text",
      { ...valid, messages: [{ role: "user", content: [{ type: "text", text: "" }] }] },
      /non-whitespace/,
    ],
    ["a thinking budget of 1,023", { ...valid, thinking: { type: "enabled", budget_tokens: 1_023 } }, /1024/],
    [
      "a thinking budget of max_tokens",
      { ...valid, thinking: { type: "enabled", budget_tokens: 2_000 } },
      /budget_tokens/,
    ],
    ["adaptive thinking of a model without", { ...valid, thinking: { type: "adaptive" } }, /adaptive/],
    ["a long user id", { ...valid, metadata: { user_id: "x".repeat(257) } }, /metadata\.user_id/],
    ["another metadata key", { ...valid, metadata: { session_id: "x" } }, /metadata\.session_id: Extra/],
    ["a tool's name with a space", { ...valid, tools: [{ ...TOOLS[0], name: "a b" }] }, /tools\.0/],
    [
      "a tool schema that is not an object",
      { ...valid, tools: [{ name: "a", input_schema: { type: "string" } }] },
      /tools\.0/,
    ],
    ["two tools of one name", { ...valid, tools: [TOOLS[0], TOOLS[0]] }, /unique/],
    [
      "a choice of a tool that is not there",
      { ...valid, tools: TOOLS, tool_choice: { type: "tool", name: "x" } },
      /'x' not found/,
    ],
    ["tool calls without tools", { ...valid, messages: [user, use, result("t1")] }, /must define tools/],
    [
      "a tool call without its result",
      { ...valid, tools: TOOLS, messages: [user, use, user] },
      /without `tool_result`/,
    ],
    [
      "a result without its call",
      { ...valid, tools: TOOLS, messages: [user, use, result("t1"), result("t2")] },
      /unexpected `tool_use_id`/,
    ],
    ["five cache breakpoints", { ...valid, system: Array<object>(5).fill(cached) }, /maximum of 4/],
    [
      "an hour's breakpoint after one of five minutes",
      { ...valid, system: [cached, hour] },
      /must not come after/,
    ],
    [
      "sampling of a model without",
      { ...valid, model: "claude-sonnet-5-5", temperature: 0.5 },
      /temperature/,
    ],
    [
      "a prefill of a model without",
      { ...valid, model: "claude-sonnet-5-5", messages: [user, { role: "assistant", content: "x" }] },
      /prefill/,
    ],
    [
      "forced tools of a model without",
      { ...valid, model: "claude-sonnet-5-5", tools: TOOLS, tool_choice: { type: "any" } },
      /forced/,
    ],
    [
      "a prompt longer than the model takes",
      { ...valid, messages: [{ role: "user", content: "x".repeat(800_001) }] },
      /too long/,
    ],
  ])("%s", async (_, body, message) => {
    const response = await post(body);
    const { error } = (await response.json()) as { error: { type: string; message: string } };
    expect([response.status, error.type]).toEqual([400, "invalid_request_error"]);
    expect(error.message).toMatch(message);
  });

  test.each<[string, number, Record<string, string>]>([
    ["a wrong key", 401, { "x-api-key": "sk-ant-wrong" }],
    ["an unknown version", 400, { "anthropic-version": "2020-01-01" }],
  ])("%s", async (_, status, headers) => {
    expect((await post(valid, headers)).status).toBe(status);
  });

  test("sampling in the version that has removed it", async () => {
    const body = { ...valid, temperature: 0.5 };
    expect((await post(body)).status).toBe(200);
    expect((await post(body, { "anthropic-version": "2026-10-21" })).status).toBe(400);
  });

  test("an unknown model with 404, and a body over 32 MB with 413", async () => {
    expect((await post({ ...valid, model: "claude-none" })).status).toBe(404);
    expect((await post({ ...valid, system: "x".repeat(32 * 1024 * 1024) })).status).toBe(413);
  });
});
