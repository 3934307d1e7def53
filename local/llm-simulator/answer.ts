import { randomUUID } from "node:crypto";
import { textOf, type ChatMessage, type ChatRequest } from "./request";
import { fromSchema, type JsonSchema } from "./from-schema";
import { intentsOf, queryTypeOf, toolsFor } from "./intents";
import { summarize } from "./summary";

export interface ToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

export interface Answer {
  content: string;
  toolCalls: ToolCall[];
}

const MAX_PARALLEL_TOOLS = 3;

/**
 * What the simulated model says, from the request alone: it calls the tools that the last question asks for, and once
 * their results are in the conversation it answers with what they hold.
 */
export function answer(request: ChatRequest): Answer {
  const asked = request.messages.findLastIndex(({ role }) => role === "user");
  const question = asked < 0 ? "" : textOf(request.messages[asked] as ChatMessage);
  const instructions = request.messages
    .filter(({ role }) => role === "system" || role === "developer")
    .map(textOf)
    .join("\n");
  const results = request.messages.slice(asked + 1).filter(({ role }) => role === "tool");

  const toolCalls = results.length > 0 ? [] : callsFor(request, question, today(instructions));
  if (toolCalls.length > 0) return { content: "", toolCalls };
  if (results.length > 0) return say(summarize(results.map(textOf)));

  const schema = request.response_format?.json_schema?.schema as JsonSchema | undefined;
  if (schema) return say(JSON.stringify(fromSchema(schema, question, today(instructions))));
  const queryTypes = instructions.match(/cost_analysis|recommendation|simple_lookup|action/g) ?? [];
  if (new Set(queryTypes).size === 4) return say(queryTypeOf(question));
  return say(
    "I can look up what you spend by service, project, SKU or day, explain what changed, list " +
      "recommendations and resources, and tell what is left of your budget. What would you like to know?",
  );
}

function say(content: string): Answer {
  return { content, toolCalls: [] };
}

function callsFor(request: ChatRequest, question: string, now: Date): ToolCall[] {
  const choice = request.tool_choice ?? "auto";
  const tools = (request.tools ?? []).filter(({ type }) => type === "function");
  if (choice === "none" || tools.length === 0) return [];

  let chosen = toolsFor(intentsOf(question), question, tools);
  if (typeof choice === "object")
    chosen = tools.filter((tool) => tool.function.name === choice.function.name);
  if (choice === "required" && chosen.length === 0) chosen = tools.slice(0, 1);
  const most = request.parallel_tool_calls === false ? 1 : MAX_PARALLEL_TOOLS;
  return chosen.slice(0, most).map((tool) => ({
    id: `call_${randomUUID().replaceAll("-", "").slice(0, 24)}`,
    type: "function",
    function: {
      name: tool.function.name,
      arguments: JSON.stringify(fromSchema((tool.function.parameters ?? {}) as JsonSchema, question, now)),
    },
  }));
}

/** The day that the conversation takes for today: the first date in its instructions, or the clock's. */
function today(instructions: string): Date {
  const named = /\b20\d\d-\d\d-\d\d\b/.exec(instructions);
  return named ? new Date(`${named[0]}T00:00:00Z`) : new Date();
}
