import type {
  ChatCompletionFunctionTool,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionToolMessageParam,
} from "openai/resources/chat/completions";
import { z } from "zod";
import type { Telemetry } from "../telemetry";
import { runTool, type ToolResult } from "../tools/run-tool";
import type { Tool, ToolContext } from "../tools/tool";

/** The longest result that goes to the model, in characters: it is paid for with every later call of the question. */
const MAX_RESULT = 20_000;

/** What every provider takes as a tool's name. */
const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The tools as the model sees them, from the same schemas that check its calls. */
export function describeTools(tools: readonly Tool[]): ChatCompletionFunctionTool[] {
  return tools.map(({ name, description, input }) => {
    const parameters = z.toJSONSchema(input, { io: "input" });
    delete parameters.$schema;
    return { type: "function", function: { name, description, parameters } };
  });
}

/** A model's call, ready to be run and to be sent back to any provider. */
export interface ReadCall {
  call: ChatCompletionMessageFunctionToolCall;
  /** The arguments; undefined when the model's were not a JSON object. */
  input: Record<string, unknown> | undefined;
}

/**
 * Reads a model's calls. Some providers refuse a history with arguments that are not a JSON object, with names of other
 * characters or without ids: such calls are put right, and their arguments counted as missing.
 */
export function readToolCalls(calls: readonly ChatCompletionMessageFunctionToolCall[]): ReadCall[] {
  return calls.map((call, i) => {
    const input = readArguments(call.function.arguments);
    const name = TOOL_NAME.test(call.function.name) ? call.function.name : "unknown";
    const id = call.id || `call_${i}`;
    return {
      call: { id, type: "function", function: { name, arguments: JSON.stringify(input ?? {}) } },
      input,
    };
  });
}

function readArguments(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() || "{}");
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Runs the calls that a model made, all at once. Errors go back to the model as text, for it to correct or report.
 */
export function runToolCalls(
  calls: readonly ReadCall[],
  tools: readonly Tool[],
  context: ToolContext,
  telemetry: Telemetry,
): Promise<ChatCompletionToolMessageParam[]> {
  return Promise.all(
    calls.map(async (read) => ({
      role: "tool" as const,
      tool_call_id: read.call.id,
      content: forModel(await runCall(read, tools, context, telemetry)),
    })),
  );
}

async function runCall(
  { call, input }: ReadCall,
  tools: readonly Tool[],
  context: ToolContext,
  telemetry: Telemetry,
): Promise<ToolResult> {
  const tool = tools.find(({ name }) => name === call.function.name);
  if (!tool) {
    const names = tools.map(({ name }) => name).join(", ");
    return { outcome: "user_error", message: `There is no such tool. There are: ${names}.` };
  }
  if (!input) {
    return {
      outcome: "user_error",
      message: `The arguments of ${tool.name} are not valid JSON: send an object.`,
    };
  }
  return runTool(tool, input, context, telemetry);
}

function forModel(result: ToolResult): string {
  if (result.outcome !== "ok") return `Error: ${result.message}`;
  const text = JSON.stringify(result.output);
  if (text.length <= MAX_RESULT) return text;
  return `Error: the result has ${text.length} characters, more than ${MAX_RESULT}. Ask for less: a shorter period, a filter or a lower limit.`;
}
