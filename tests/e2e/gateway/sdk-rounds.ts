import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { AGENT_KEY, type Customer, type Gateway } from "../../support/gateway";

const PARAMETERS = { type: "object" as const, properties: { period: { type: "string" } } };
const TOOL = {
  type: "function" as const,
  function: { name: "get_spend", description: "What was spent, by service", parameters: PARAMETERS },
};
const MODELS = ["simple", "analysis", "deep", "claude-haiku-5-5", "gemini-3.1-pro-preview"];
const RESULT = '{"total": "$5"}';

/** Streams, put together again by the providers' own SDKs and sent back as they are: question, call, result, answer, question. */
export function sdkRounds(gateway: Gateway): void {
  const headersOf = (customer: Customer) => ({
    "x-tollgate-customer": customer.id,
    "x-tollgate-session": "s1",
    "x-tollgate-query-type": "cost_analysis",
  });
  const openAi = (customer: Customer) =>
    new OpenAI({
      baseURL: `${gateway.stack.gateway.url}/v1`,
      apiKey: AGENT_KEY,
      maxRetries: 0,
      defaultHeaders: headersOf(customer),
    });
  const question = (customer: Customer) => `[[${customer.id}]] what did I spend last week?`;
  const bookedAsBilled = async (customer: Customer, calls: number) => {
    const settled = await customer.settled();
    expect(settled.calls.map(({ outcome }) => outcome)).toEqual(Array(calls).fill("success"));
    expect(settled.booked).toBe(settled.billed);
  };

  test.each(MODELS)("chat completions of %s", async (model) => {
    const customer = await gateway.customer("tier_3");
    const client = openAi(customer);
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: question(customer) }];
    const say = async () => {
      const stream = client.chat.completions.stream({
        model,
        messages,
        tools: [TOOL],
        max_tokens: 3_000,
        reasoning_effort: "low",
        stream_options: { include_usage: true },
      });
      const message = await stream.finalMessage();
      messages.push(message);
      return message;
    };
    const asked = await say();
    expect(asked.tool_calls?.length).toBeGreaterThan(0);
    for (const { id } of asked.tool_calls!)
      messages.push({ role: "tool", tool_call_id: id, content: RESULT });
    expect((await say()).content).toBeTruthy();
    messages.push({ role: "user", content: "And the week before?" });
    await say();
    await bookedAsBilled(customer, 3);
  });

  test.each(MODELS)("messages of %s", async (model) => {
    const customer = await gateway.customer("tier_3");
    const client = new Anthropic({
      baseURL: gateway.stack.gateway.url,
      apiKey: AGENT_KEY,
      maxRetries: 0,
      defaultHeaders: headersOf(customer),
    });
    const messages: Anthropic.Beta.BetaMessageParam[] = [{ role: "user", content: question(customer) }];
    const say = async () => {
      const message = await client.beta.messages
        .stream({
          model,
          messages,
          max_tokens: 3_000,
          thinking: { type: "adaptive" },
          tools: [{ name: "get_spend", description: "What was spent, by service", input_schema: PARAMETERS }],
          betas: ["interleaved-thinking-2025-05-14"],
        })
        .finalMessage();
      messages.push({ role: "assistant", content: message.content });
      return message;
    };
    const asked = await say();
    const calls = asked.content.flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
    expect(calls.length).toBeGreaterThan(0);
    messages.push({
      role: "user",
      content: calls.map((tool_use_id) => ({
        type: "tool_result",
        tool_use_id,
        content: RESULT,
        is_error: false,
      })),
    });
    const told = await say();
    expect(told.content.some(({ type }) => type === "text")).toBe(true);
    messages.push({ role: "user", content: "And the week before?" });
    await say();
    await bookedAsBilled(customer, 3);
  });

  test.each(MODELS)("responses of %s", async (model) => {
    const customer = await gateway.customer("tier_3");
    const client = openAi(customer);
    const input: OpenAI.Responses.ResponseInputItem[] = [{ role: "user", content: question(customer) }];
    const say = async () => {
      const response = await client.responses
        .stream({
          model,
          input,
          store: false,
          include: ["reasoning.encrypted_content"],
          reasoning: { effort: "low", summary: "auto" },
          max_output_tokens: 3_000,
          tools: [
            {
              type: "function",
              name: "get_spend",
              description: "What was spent",
              parameters: PARAMETERS,
              strict: false,
            },
          ],
        })
        .finalResponse();
      input.push(...(response.output as OpenAI.Responses.ResponseInputItem[]));
      return response;
    };
    const asked = await say();
    const calls = asked.output.flatMap((item) => (item.type === "function_call" ? [item.call_id] : []));
    expect(calls.length).toBeGreaterThan(0);
    for (const call_id of calls) {
      input.push({ type: "function_call_output", call_id, output: [{ type: "input_text", text: RESULT }] });
    }
    expect((await say()).output_text).toBeTruthy();
    input.push({ role: "user", content: "And the week before?" });
    await say();
    await bookedAsBilled(customer, 3);
  });
}
