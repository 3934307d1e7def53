import OpenAI from "openai";
import type { ChatCompletionMessageParam, ChatCompletionTool } from "openai/resources/chat/completions";
import { useSimulator } from "./support";

const sim = useSimulator();
let openai: OpenAI;
beforeAll(() => {
  openai = new OpenAI({ baseURL: `${sim.simulator.url}/v1`, apiKey: "any", maxRetries: 0 });
});

const chat = (messages: ChatCompletionMessageParam[], tools: ChatCompletionTool[]) =>
  openai.chat.completions.create({ model: "claude-sonnet-5-5", messages, tools });

describe("a conversation about costs", () => {
  const tool = (name: string, properties: object = {}, required: string[] = []): ChatCompletionTool => ({
    type: "function",
    function: { name, parameters: { type: "object", properties, required } },
  });
  const day = { type: "string", format: "date" };
  const tools = [
    tool("spend_by", { group_by: { type: "string", enum: ["service", "project", "sku", "day"] } }, [
      "group_by",
    ]),
    tool("what_changed", { previous_start: day, previous_end: day, current_start: day, current_end: day }),
    tool("find_anomalies"),
    tool("list_recommendations"),
    tool("list_assets"),
    tool("budget_left"),
  ];
  const system = { role: "system" as const, content: "Today is 2026-11-24." };
  const ask = async (question: string) => {
    const { choices } = await chat([system, { role: "user", content: question }], tools);
    return (choices[0]!.message.tool_calls ?? []).map(
      (call) => ("function" in call ? call.function : undefined)!,
    );
  };

  test.each([
    ["What is my spend by project?", ["spend_by"]],
    ["Why did my costs go up last week?", ["what_changed", "find_anomalies"]],
    ["How can I save money?", ["list_recommendations"]],
    ["What should we change to save money?", ["list_recommendations"]],
    ["Which resources do I have?", ["list_assets"]],
    ["How much of my budget is left?", ["budget_left"]],
    ["Hello!", []],
  ])("%s", async (question, names) => {
    expect((await ask(question)).map(({ name }) => name)).toEqual(names);
  });

  test("arguments fit the tool's schema and the dates that the question means", async () => {
    const [changed] = await ask("Why did my costs go up last week?");
    expect(JSON.parse(changed!.arguments)).toEqual({
      previous_start: "2026-11-10",
      previous_end: "2026-11-16",
      current_start: "2026-11-17",
      current_end: "2026-11-23",
    });
    const [spend] = await ask("What is my spend by project?");
    expect(JSON.parse(spend!.arguments)).toEqual({ group_by: "project" });
  });

  const SPEND = {
    period: { type: "string", enum: ["last_30_days", "last_week", "last_month"], default: "last_30_days" },
    from: day,
    to: day,
    view: { type: "string", enum: ["usage", "invoice"], default: "usage" },
    group_by: { type: "string", enum: ["day", "service", "project", "sku"], default: "service" },
    service: { type: "string" },
    project: { type: "string" },
  };
  const KINDS = { kinds: { type: "array", items: { type: "string", enum: ["idle_vm", "unused_ip"] } } };
  const TYPES = { types: { type: "array", items: { type: "string" } } };
  test.each([
    [
      "What did Cloud Run cost in the last 30 days?",
      { period: "last_30_days", group_by: "sku", service: "Cloud Run" },
    ],
    ["How much did shop-data cost last week?", { period: "last_week", project: "shop-data" }],
    ["What was my bill last month?", { period: "last_month", view: "invoice" }],
    ["Spend per day last week", { period: "last_week", group_by: "day" }],
    ["What did we spend in October?", { from: "2026-10-01", to: "2026-10-31" }],
    ["What did we spend in December?", { from: "2025-12-01", to: "2025-12-31" }],
    ["What did we spend in January 2020?", { from: "2020-01-01", to: "2020-01-31" }],
    ["What is on my invoice?", { from: "2026-10-01", to: "2026-10-31", view: "invoice" }],
    ["Costs of the last two weeks", { from: "2026-11-10", to: "2026-11-23" }],
    ["Which machines are idle?", { kinds: ["idle_vm"] }],
    ["Are there unused addresses?", { kinds: ["unused_ip"] }],
    ["List my disks", { types: ["compute.googleapis.com/Disk"] }],
  ])("%s: the period, the split and the names become arguments", async (question, args) => {
    const { choices } = await chat(
      [system, { role: "user", content: question }],
      [tool("get-spend", SPEND), tool("list-recommendations", KINDS), tool("list-assets", TYPES)],
    );
    const [call] = choices[0]!.message.tool_calls ?? [];
    expect(JSON.parse(call && "function" in call ? call.function.arguments : "")).toEqual(args);
  });

  test("the answer says what the tools found", async () => {
    const messages: ChatCompletionMessageParam[] = [
      system,
      { role: "user", content: "What is my spend?" },
      {
        role: "assistant",
        tool_calls: [{ id: "1", type: "function", function: { name: "spend_by", arguments: "{}" } }],
      },
      {
        role: "tool",
        tool_call_id: "1",
        content: JSON.stringify({ total_usd: 120.5, rows: [{ service: "Compute Engine", cost_usd: 100 }] }),
      },
    ];
    const { choices } = await chat(messages, tools);
    expect(choices[0]!.message.content).toMatch(/total usd 120\.5.*compute engine, cost usd 100/i);
  });
});
