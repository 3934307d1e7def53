import type { Gateway } from "../../support/gateway";

const TOOL = {
  type: "function",
  function: {
    name: "get_spend",
    description: "What was spent, by service",
    parameters: { type: "object", properties: { period: { type: "string" } } },
  },
};

/** What asks for nothing that costs more; the providers' stand-in refuses what a model does not take. */
const HARMLESS: Record<string, unknown>[] = [
  { temperature: 1.5 },
  { top_p: 0.3, temperature: 0.2 },
  { top_k: 40 },
  { frequency_penalty: 0.5, presence_penalty: -0.5 },
  { logit_bias: { "50256": -100 } },
  { logprobs: true, top_logprobs: 3 },
  { seed: 7 },
  { stop: [] },
  { stop: ["\n"] },
  { n: 2 },
  { store: false, user: "u", safety_identifier: "s", prompt_cache_key: "k" },
  { prediction: { type: "content", content: "x" } },
  { verbosity: "low" },
  { service_tier: "auto", modalities: ["text"] },
  { response_format: { type: "json_object" } },
  { stream: true, stream_options: { include_usage: true, include_obfuscation: false } },
  { thinking: { type: "enabled", budget_tokens: 2_048 } },
  { thinking: { type: "enabled", budget_tokens: 90_000 } },
  { thinking: { type: "adaptive" } },
  { thinking: { type: "disabled" } },
  { functions: [TOOL.function], function_call: { name: "get_spend" } },
  { reasoning_effort: "low", temperature: 0.2 },
  { reasoning_effort: "low", tools: [TOOL], tool_choice: "required" },
  ...["none", "minimal", "low", "medium", "high", "xhigh", "max"].map((reasoning_effort) => ({
    reasoning_effort,
  })),
];

interface Message {
  content: string | null;
  tool_calls?: { id: string }[];
  function_call?: { name: string };
}

/** What real clients send by default. */
export function whatClientsSend(gateway: Gateway): void {
  test.each(["gemini-3.8-flash", "claude-sonnet-5-5", "claude-haiku-4-5", "claude-haiku-5-5"])(
    "%s accepts every harmless parameter, with a short limit and with a long one",
    async (model) => {
      const customer = await gateway.customer("tier_3");
      const refused: unknown[] = [];
      for (const [at, parameters] of HARMLESS.entries()) {
        for (const max_tokens of [100, 3_000]) {
          const metadata = { session_id: `s${at}` };
          const { status, text } = await customer.call(model, {
            metadata,
            body: { max_tokens, ...parameters },
          });
          if (status !== 200) refused.push([parameters, max_tokens, text]);
        }
      }
      expect(refused).toEqual([]);
      const { billed, booked } = await customer.settled();
      expect(booked).toBe(billed);
    },
    60_000,
  );

  const converse = async (model: string, body: Record<string, unknown>, fallBackAt?: number) => {
    const customer = await gateway.customer("tier_3");
    const messages: object[] = [{ role: "user", content: `[[${customer.id}]] what did I spend last week?` }];
    for (let round = 0; round < 4; round++) {
      if (round === fallBackAt) await customer.behave({ model: "gemini-3.8-flash", status: 503 });
      const reply = await customer.call(model, {
        body: { messages, tools: [TOOL], max_tokens: 3_000, ...body },
      });
      expect([reply.status, reply.body.error]).toEqual([200, undefined]);
      const answer = reply.body.choices![0]!.message as Message;
      messages.push(answer);
      for (const { id } of answer.tool_calls ?? []) {
        messages.push({ role: "tool", tool_call_id: id, content: '{"total": "$5"}' });
      }
      if (!answer.tool_calls) messages.push({ role: "user", content: "And the week before?" });
    }
    return customer.requests();
  };

  test.each(
    ["simple", "analysis", "deep", "gemini-3.1-pro-preview", "claude-haiku-4-5", "claude-haiku-5-5"].flatMap(
      (model) => [{}, { reasoning_effort: "medium" }].map((body) => [model, body] as const),
    ),
  )("%s takes its own answers back (%p)", async (model, body) => {
    expect((await converse(model, body)).every(({ outcome }) => outcome === "success")).toBe(true);
  });

  test("a conversation goes on at another provider, which gets nothing of the first one's reasoning", async () => {
    const requests = await converse("simple", { reasoning_effort: "medium" }, 1);
    const answered = requests.filter(({ outcome }) => outcome === "success").map(({ model }) => model);
    expect(answered).toEqual([
      "gemini-3.8-flash",
      "claude-haiku-4-5",
      "claude-haiku-4-5",
      "claude-haiku-4-5",
    ]);
  });

  test("a client of the first functions gets its call back in that form", async () => {
    const customer = await gateway.customer();
    const { body } = await customer.call("analysis", {
      prompt: "what did I spend last week?",
      body: { functions: [TOOL.function] },
    });
    const [choice] = body.choices!;
    expect((choice!.message as Message).function_call?.name).toBe("get_spend");
    expect(choice!.finish_reason).toBe("function_call");
  });
}
