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

/** The tools as the model is told of them, from the same schemas that check its calls. */
export function describeTools(tools: readonly Tool[]): ChatCompletionFunctionTool[] {
  return tools.map(({ name, description, input }) => {
    const parameters = z.toJSONSchema(input, { io: "input" });
    delete parameters.$schema;
    return { type: "function", function: { name, description, parameters } };
  });
}

/**
 * Runs the calls that a model made, all at once. What goes wrong goes back to the model as text, for it to mend or tell.
 */
export function runToolCalls(
  calls: readonly ChatCompletionMessageFunctionToolCall[],
  tools: readonly Tool[],
  context: ToolContext,
  telemetry: Telemetry,
): Promise<ChatCompletionToolMessageParam[]> {
  return Promise.all(
    calls.map(async (call) => ({
      role: "tool" as const,
      tool_call_id: call.id,
      content: forModel(await runCall(call, tools, context, telemetry)),
    })),
  );
}

async function runCall(
  call: ChatCompletionMessageFunctionToolCall,
  tools: readonly Tool[],
  context: ToolContext,
  telemetry: Telemetry,
): Promise<ToolResult> {
  const tool = tools.find(({ name }) => name === call.function.name);
  if (!tool) {
    const names = tools.map(({ name }) => name).join(", ");
    return { outcome: "user_error", message: `There is no such tool. There are: ${names}.` };
  }
  let input: unknown;
  try {
    input = JSON.parse(call.function.arguments || "{}");
  } catch {
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
