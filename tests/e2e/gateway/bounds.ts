import * as fc from "fast-check";
import type { Gateway } from "../../support/gateway";

/** The hold is an upper bound of a call's cost, for any request. */
export function bounds(gateway: Gateway): void {
  const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 200 }), fc.string({ maxLength: 200 }));
  const name = fc.stringMatching(/^[a-z][a-z_]{0,20}$/);
  const parameters = fc.dictionary(name, fc.record({ type: fc.constant("string"), description: text }), {
    maxKeys: 3,
  });
  const tool = fc.record({
    type: fc.constant("function"),
    function: fc.record({
      name,
      description: text,
      parameters: parameters.map((properties) => ({ type: "object", properties })),
    }),
  });
  // Providers refuse an empty text, a tool call without its result, and a conversation that the assistant begins.
  const said = text.map((value) => `.${value}`);
  const turn = fc.oneof(
    fc.record({ role: fc.constantFrom("system", "user", "assistant"), content: said }).map((one) => [one]),
    fc
      .array(fc.record({ type: fc.constant("text"), text: said }), { minLength: 1, maxLength: 4 })
      .map((content) => [{ role: "user", content }]),
    fc
      .uniqueArray(name, { minLength: 1, maxLength: 3 })
      .chain((ids) => fc.tuple(fc.constant(ids), name, text, said))
      .map(([ids, tool, value, content]) => [
        {
          role: "assistant",
          content: null,
          tool_calls: ids.map((id) => ({
            id,
            type: "function",
            function: { name: tool, arguments: JSON.stringify({ value }) },
          })),
        },
        ...ids.map((id) => ({ role: "tool", tool_call_id: id, content })),
      ]),
  );

  test("a prompt of which every byte is a token, written to the provider's cache, costs no more than its hold", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(turn, { minLength: 1, maxLength: 6 }),
        fc.uniqueArray(tool, { maxLength: 3, selector: (one) => one.function.name }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom("simple", "analysis", "deep", "claude-haiku-4-5"),
        async (turns, tools, max_tokens, model) => {
          const customer = await gateway.customer("tier_3");
          await customer.behave({ dense: true, outputTokens: 1_000 });
          const first = { role: "user", content: "." };
          const last = { role: "user", content: `[[${customer.id}]]` };
          const { status } = await customer.call(model, {
            body: {
              messages: [first, ...turns.flat(), last],
              max_tokens,
              ...(tools.length > 0 && { tools }),
            },
          });
          expect(status).toBe(200);
          const { billed, calls } = await customer.settled();
          expect(billed).toBeGreaterThan(0);
          expect(calls[0]!.cost_nanos).toBe(billed);
          expect(billed).toBeLessThanOrEqual(calls[0]!.held_nanos);
          const [request] = await customer.requests();
          expect(request!.usage.promptTokens).toBeLessThanOrEqual(calls[0]!.prompt_bound);
        },
      ),
      { numRuns: 25, seed: 20261124 },
    );
  });

  test("tokens written to the provider's cache, at their higher price, are within the hold", async () => {
    const customer = await gateway.customer();
    const prompt = "x".repeat(8_000);
    await customer.behave({ dense: true, cacheWriteTokens: 8_000, outputTokens: 1_000 });
    await customer.call("analysis", { prompt, body: { max_tokens: 10 } });
    const { billed, calls } = await customer.settled();
    expect(billed).toBeLessThanOrEqual(calls[0]!.held_nanos);
    expect(calls[0]!.cost_nanos).toBe(billed);
  });

  test("tokens read from the provider's cache are charged at their own price", async () => {
    const customer = await gateway.customer();
    await customer.behave({ cachedTokens: 1_500, outputTokens: 10 });
    await customer.call("claude-sonnet-5-5", { prompt: "x".repeat(8_000) });
    const { billed, booked, calls } = await customer.settled();
    expect(booked).toBe(billed);
    expect(calls[0]?.cached_tokens).toBe(1_500);
  });

  // What a provider bills besides the tokens that the hold is made of must not get through.
  const image = { type: "image_url", image_url: { url: "https://example.com/large.png" } };
  const file = { type: "file", file: { file_id: "file-abc" } };
  const sound = { type: "input_audio", input_audio: { data: "", format: "wav" } };
  test.each<[string, object]>([
    ["an image by its address", { messages: [{ role: "user", content: [image] }] }],
    ["a file by its id", { messages: [{ role: "user", content: [file] }] }],
    ["a sound", { messages: [{ role: "user", content: [sound] }] }],
    ["the provider's web search", { web_search_options: {} }],
    ["the provider's web search as a tool", { tools: [{ type: "web_search_preview" }] }],
    ["the priority tier", { service_tier: "priority" }],
    ["a predicted output", { prediction: { type: "content", content: "x".repeat(4_000) } }],
    ["an audio answer", { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } }],
    ["thinking beyond the limit", { thinking: { type: "enabled", budget_tokens: 50_000 } }],
    ["fields for the provider", { extra_body: { max_tokens: 90_000, service_tier: "priority" } }],
    ["headers for the provider", { extra_headers: { "anthropic-beta": "context-1m" } }],
    ["another provider", { api_base: "http://127.0.0.1:9/v1", api_key: "stolen" }],
    ["fallbacks of the client's own", { fallbacks: ["claude-opus-5-5"] }],
    ["fallbacks for long prompts", { context_window_fallbacks: [{ analysis: ["claude-opus-5-5"] }] }],
    ["a hundred retries", { num_retries: 100 }],
    ["prices of the client's own", { input_cost_per_token: 0, output_cost_per_token: 0 }],
    ["a made-up answer", { mock_response: "free" }],
    ["a call that is not logged", { "no-log": true }],
    ["callbacks of the client's own", { success_callback: ["langfuse"], callbacks: [] }],
    ["a model list", { model_list: [], models: ["claude-opus-5-5"] }],
    ["an answer schema past the bound", { response_format: { type: "json_schema", json_schema: schema() } }],
  ])("a request for %s never costs more than its hold, and is booked", async (_, body) => {
    const customer = await gateway.customer();
    await customer.behave({ outputTokens: 200, dense: true });
    const marked = markMessages(body, customer.id);
    const { status } = await customer.call("analysis", { body: { max_tokens: 50, ...marked } });
    const { billed, calls } = await customer.settled();
    const requests = await customer.requests();
    if (status === 200) {
      expect(calls).toHaveLength(1);
      expect(requests.filter(({ outcome }) => outcome === "success")).toHaveLength(1);
      expect(calls[0]!.cost_nanos).toBe(billed);
      expect(billed).toBeLessThanOrEqual(calls[0]!.held_nanos);
    } else {
      expect(status).toBe(400);
      expect(requests).toEqual([]);
    }
  });

  test.each([
    [
      "callbacks switched off",
      {
        "x-litellm-disable-callbacks":
          "tollgate_guard.plugin.guard,prometheus,tollgate_guard.plugin.generations",
      },
    ],
    ["a hundred retries", { "x-litellm-num-retries": "100" }],
    ["its own session and trace", { "x-litellm-session-id": "other", "x-litellm-trace-id": "other" }],
    ["tags", { "x-litellm-tags": "free" }],
    ["another team", { "x-litellm-team-id": "other", "x-litellm-agent-id": "other" }],
  ])("a header for %s changes nothing", async (_, headers) => {
    const customer = await gateway.customer();
    const { status } = await customer.call("analysis", { headers, body: { max_tokens: 50 } });
    expect(status).toBe(200);
    const { billed, booked, calls } = await customer.settled();
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ session_id: customer.sessionId, outcome: "success" });
    expect(booked).toBe(billed);
    expect(await customer.requests()).toHaveLength(1);
  });

  test("a deadline in a header cannot make a call free", async () => {
    const customer = await gateway.customer();
    await customer.behave({ latencyMs: 1_500, outputTokens: 50 });
    await customer.call("claude-sonnet-5-5", {
      headers: { "x-litellm-timeout": "0.5" },
      body: { max_tokens: 50 },
    });
    const { billed, booked } = await customer.settled();
    expect(billed).toBeGreaterThan(0);
    expect(booked).toBeGreaterThanOrEqual(billed);
  });
}

function schema(): object {
  return { name: "answer", schema: { type: "object", description: "x".repeat(5_000) } };
}

/** The same body with the customer's mark in its messages, if it has messages. */
function markMessages(body: object, mark: string): object {
  if (!("messages" in body) || !Array.isArray(body.messages)) return body;
  return { ...body, messages: [...body.messages, { role: "user", content: `[[${mark}]] look` }] };
}
