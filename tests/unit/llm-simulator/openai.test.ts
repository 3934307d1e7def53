import OpenAI from "openai";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import { useSimulator } from "./support";

const sim = useSimulator();
const MODEL = "claude-sonnet-5-5";
/** Nano-dollars a token of {@link MODEL}, from Anthropic's price page. */
const price = { input: 2_000, output: 10_000, cacheRead: 100, cacheWrite: 2_500 };

let openai: OpenAI;
beforeAll(() => {
  openai = new OpenAI({ baseURL: `${sim.simulator.url}/v1`, apiKey: "any", maxRetries: 0 });
});

/** A call of one message with its own marker. */
function marked(text?: string) {
  const call = sim.marked(text);
  return { ...call, messages: [{ role: "user" as const, content: call.prompt }] };
}

const chat = (messages: ChatCompletionMessageParam[], more: object = {}) =>
  openai.chat.completions.create({ model: MODEL, messages, ...more }) as Promise<OpenAI.ChatCompletion>;

async function collect(messages: ChatCompletionMessageParam[], more: object = {}) {
  const stream = await openai.chat.completions.create({ model: MODEL, messages, stream: true, ...more });
  let text = "";
  let usage: OpenAI.CompletionUsage | undefined;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  return { text, usage };
}

describe("tokens and money", () => {
  test("a prompt's tokens are a quarter of its bytes and four a message, and the account bills them", async () => {
    const call = marked("x".repeat(400));
    await call.behave({ outputTokens: 10 });
    const { usage } = await chat(call.messages);
    const bytes = Buffer.byteLength(call.messages[0]!.content);
    expect(usage).toMatchObject({ prompt_tokens: Math.ceil(bytes / 4) + 4, completion_tokens: 10 });
    expect(await call.account()).toMatchObject({
      calls: 1,
      totalNanos: usage!.prompt_tokens * price.input + 10 * price.output,
    });
  });

  test("a dense prompt has a token for every byte, of characters outside ASCII too", async () => {
    const call = marked("€".repeat(100));
    await call.behave({ dense: true });
    const { usage } = await chat(call.messages);
    expect(usage!.prompt_tokens).toBe(Buffer.byteLength(call.messages[0]!.content) + 4);
  });

  test("every choice of n is billed", async () => {
    const call = marked();
    await call.behave({ outputTokens: 7 });
    const { choices, usage } = await chat(call.messages, { n: 3 });
    expect(choices).toHaveLength(3);
    expect(usage!.completion_tokens).toBe(21);
  });

  test("max_tokens cuts the answer, unless configured to ignore it", async () => {
    const call = marked();
    await call.behave({ outputTokens: 50 });
    const cut = await chat(call.messages, { max_tokens: 5 });
    expect(cut.usage!.completion_tokens).toBe(5);
    expect(cut.choices[0]).toMatchObject({ finish_reason: "length" });
    await call.behave({ outputTokens: 50, ignoreMaxTokens: true });
    expect((await chat(call.messages, { max_tokens: 5 })).usage!.completion_tokens).toBe(50);
  });

  test("cached and written tokens have their own prices; a search and the priority tier cost more", async () => {
    const call = marked("x".repeat(1_000));
    await call.behave({ cachedTokens: 100, cacheWriteTokens: 50, outputTokens: 0 });
    const { usage } = await chat(call.messages);
    const tokens = (usage!.prompt_tokens - 150) * price.input + 100 * price.cacheRead + 50 * price.cacheWrite;
    expect(await call.account()).toMatchObject({ totalNanos: tokens });
    await chat(call.messages, { service_tier: "priority", web_search_options: {} });
    expect(await call.account()).toMatchObject({ totalNanos: 3 * tokens + 10_000_000 });
  });
});

describe("streams", () => {
  test("a stream says what the plain answer says, with usage only when asked for", async () => {
    const call = marked();
    const plain = await chat(call.messages);
    const asked = await collect(call.messages, { stream_options: { include_usage: true } });
    expect(asked.text).toBe(plain.choices[0]!.message.content);
    expect(asked.usage).toMatchObject({ completion_tokens: plain.usage!.completion_tokens });
    expect((await collect(call.messages)).usage).toBeUndefined();
  });

  test("a stream that breaks off is billed until there", async () => {
    const call = marked();
    await call.behave({ outputTokens: 100, cutAfterChunks: 2 });
    await expect(collect(call.messages)).rejects.toThrow();
    const [request] = await call.requests();
    expect(request).toMatchObject({ outcome: "cut", usage: { completionTokens: 16 } });
  });

  test("an answer whose client left is billed in full", async () => {
    const call = marked();
    await call.behave({ outputTokens: 80, chunkDelayMs: 20 });
    const stop = new AbortController();
    const stream = await openai.chat.completions.create(
      { model: MODEL, messages: call.messages, stream: true },
      { signal: stop.signal },
    );
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) stop.abort();
    while ((await call.account()).calls === 0) await new Promise((next) => setTimeout(next, 20));
    const [request] = await call.requests();
    expect(request).toMatchObject({ clientLeft: true, usage: { completionTokens: 80 } });
  });
});

describe("failures", () => {
  test("a refusal has its status, is not billed, and holds as often as configured", async () => {
    const call = marked();
    await call.behave({ status: 503, times: 1 });
    await expect(chat(call.messages)).rejects.toMatchObject({ status: 503 });
    expect(await call.account()).toMatchObject({ calls: 0, totalNanos: 0 });
    await expect(chat(call.messages)).resolves.toBeDefined();
  });

  test("a call that hangs is billed while it hangs", async () => {
    const call = marked();
    await call.behave({ hangAfterChunks: 0, outputTokens: 3 });
    const stop = new AbortController();
    const hanging = openai.chat.completions.create(
      { model: MODEL, messages: call.messages },
      { signal: stop.signal },
    );
    while ((await call.account()).calls === 0) await new Promise((next) => setTimeout(next, 20));
    stop.abort();
    await expect(hanging).rejects.toThrow();
  });

  test("a malformed request and an unknown model are refused with the reason", async () => {
    await expect(chat([])).rejects.toMatchObject({ status: 400 });
    await expect(chat(marked().messages, { model: "gpt-nope" })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
    const url = `${sim.simulator.url}/v1/chat/completions`;
    const headers = { authorization: "Bearer any" };
    expect((await fetch(url, { method: "POST", headers, body: "{" })).status).toBe(400);
    expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(401);
    await expect(chat(marked().messages, { top_k: 5 })).rejects.toThrow(/top_k/);
  });
});

describe("embeddings", () => {
  const create = (input: string | string[], more: object = {}) =>
    openai.embeddings.create({ model: "gemini-embedding-001", input, ...more });

  test("OpenAI's SDK reads a vector for each text, billed by their tokens", async () => {
    const call = sim.marked();
    const { data, usage } = await create([call.prompt, "y".repeat(8_000)], { dimensions: 4 });
    expect(data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
      [0, 4],
      [1, 4],
    ]);
    const tokens = Math.ceil(call.prompt.length / 4) + 2_000;
    expect(usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
    expect(await call.account()).toMatchObject({ calls: 1, totalNanos: tokens * 150 });
    const plain = await create([call.prompt], { dimensions: 4, encoding_format: "float" });
    expect(data[0]!.embedding[3]).toBeCloseTo(plain.data[0]!.embedding[3]!, 6);
  });

  test.each<[string, string | string[], object, number]>([
    ["an empty text", "", {}, 400],
    ["no text", [], {}, 400],
    ["a text that is too long", "x".repeat(9_000), {}, 400],
    ["too many dimensions", "x", { dimensions: 3_073 }, 400],
    ["an unknown field", "x", { stream: true }, 400],
    ["a model that answers in words", "x", { model: MODEL }, 404],
  ])("%s is refused", async (_, input, more, status) => {
    await expect(create(input, more)).rejects.toMatchObject({ status });
  });
});
