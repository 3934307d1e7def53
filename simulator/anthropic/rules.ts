import type { PublicModel } from "../prices";
import { ApiError } from "../api-error";
import { blocksOf, type Block, type Message, type MessageRequest } from "./request";

type Rules = (request: MessageRequest, model: PublicModel) => void;

const invalid = (message: string) => new ApiError(400, message);

/** What Anthropic refuses beyond a field's own form. @throws ApiError */
export const checkRules: Rules = (request, model) => {
  checkLimits(request, model);
  checkThinking(request, model);
  checkMessages(request, model);
  checkTools(request, model);
  checkCache(request, model);
};

const checkLimits: Rules = (
  { model, max_tokens, temperature, top_p, top_k },
  { maxOutputTokens, ...known },
) => {
  if (max_tokens > maxOutputTokens) {
    throw invalid(
      `max_tokens: ${max_tokens} > ${maxOutputTokens}, which is the maximum allowed number of output tokens for ${model}`,
    );
  }
  const sampling = Object.entries({ temperature, top_p, top_k }).find(([, value]) => value !== undefined);
  if (sampling && !known.samplingParameters) throw invalid(`${sampling[0]}: not supported by ${model}`);
};

const checkThinking: Rules = ({ model, thinking, max_tokens, tool_choice, temperature }, known) => {
  if (!thinking) return;
  if (thinking.type === "enabled" && known.thinking !== "budget") {
    throw invalid(`thinking.type: "enabled" is not supported by ${model}; use "adaptive"`);
  }
  if (thinking.type === "adaptive" && known.thinking === "budget") {
    throw invalid(`thinking.type: "adaptive" is not supported by ${model}; use "enabled"`);
  }
  if (thinking.type === "disabled" && known.thinking === "always") {
    throw invalid(`thinking.type: "disabled" is not supported by ${model}`);
  }
  if (thinking.type === "disabled") return;
  if (thinking.type === "enabled" && thinking.budget_tokens >= max_tokens) {
    throw invalid("`max_tokens` must be greater than `thinking.budget_tokens`");
  }
  if (tool_choice && (tool_choice.type === "any" || tool_choice.type === "tool")) {
    throw invalid("Thinking may not be enabled when tool_choice forces tool use.");
  }
  if (temperature !== undefined && temperature !== 1) {
    throw invalid("`temperature` may only be set to 1 when thinking is enabled.");
  }
};

const checkMessages: Rules = ({ messages }, { prefill }) => {
  if (messages[0]!.role === "assistant") throw invalid('messages: first message must use the "user" role');
  if (messages.at(-1)!.role === "assistant" && !prefill) {
    throw invalid(
      "This model does not support assistant message prefill. The conversation must end with a user message.",
    );
  }
  messages.forEach((message, at) => checkToolTurn(message, messages[at + 1], messages[at - 1], at));
};

/** Every tool call is answered in the next message, and every result answers a call of the one before. */
function checkToolTurn(
  message: Message,
  next: Message | undefined,
  previous: Message | undefined,
  at: number,
): void {
  const blocks = blocksOf(message);
  if (blocks.length === 0 && next) throw invalid(`messages.${at}: all messages must have non-empty content`);
  const misplaced = blocks.find(({ type }) =>
    message.role === "assistant"
      ? type === "tool_result" || type === "image" || type === "document"
      : type === "tool_use" || type === "thinking" || type === "redacted_thinking",
  );
  if (misplaced) {
    throw invalid(`messages.${at}: ${misplaced.type} blocks are not allowed in ${message.role} messages`);
  }
  const called = ids(blocks, "tool_use");
  const answered = new Set(ids(next ? blocksOf(next) : [], "tool_result"));
  const open = called.filter((id) => !answered.has(id));
  if (open.length > 0) {
    throw invalid(
      `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(", ")}`,
    );
  }
  const calls = new Set(ids(previous ? blocksOf(previous) : [], "tool_use"));
  const stray = ids(blocks, "tool_result").find((id) => !calls.has(id));
  if (stray) {
    throw invalid(
      `messages.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
    );
  }
}

function ids(blocks: Block[], type: "tool_use" | "tool_result"): string[] {
  return blocks.flatMap((each) =>
    each.type !== type
      ? []
      : [each.type === "tool_use" ? each.id : (each as { tool_use_id: string }).tool_use_id],
  );
}

const checkTools: Rules = ({ model, tools = [], tool_choice, messages }, { forcedToolUse }) => {
  const names = tools.map(({ name }) => name);
  if (new Set(names).size < names.length) throw invalid("tools: Tool names must be unique.");
  const used = messages.some((each) => blocksOf(each).some(({ type }) => type === "tool_use"));
  if (used && tools.length === 0) {
    throw invalid("Requests which include `tool_use` or `tool_result` blocks must define tools.");
  }
  if (!tool_choice) return;
  if (tools.length === 0) throw invalid("tool_choice: may only be specified while providing tools");
  if (tool_choice.type === "tool" && !names.includes(tool_choice.name)) {
    throw invalid(`Tool '${tool_choice.name}' not found in provided tools`);
  }
  if ((tool_choice.type === "any" || tool_choice.type === "tool") && !forcedToolUse) {
    throw invalid(`tool_choice: forced tool use is not supported by ${model}`);
  }
};

const MAX_BREAKPOINTS = 4;

const checkCache: Rules = (request) => {
  const ttls = breakpointsOf(request);
  if (ttls.length > MAX_BREAKPOINTS) {
    throw invalid(
      `A maximum of ${MAX_BREAKPOINTS} blocks with cache_control may be provided. Found ${ttls.length}.`,
    );
  }
  if (ttls.lastIndexOf("1h") > ttls.indexOf("5m") && ttls.includes("5m")) {
    throw invalid(
      "cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block",
    );
  }
};

function breakpointsOf({ tools = [], system = [], messages, cache_control }: MessageRequest): string[] {
  const places: { cache_control?: { ttl?: string } | null }[] = [
    ...tools,
    ...(typeof system === "string" ? [] : system),
    ...messages.flatMap(blocksOf).map((each) => ("cache_control" in each ? each : {})),
    { cache_control },
  ];
  return places.flatMap(({ cache_control: at }) => (at ? [at.ttl ?? "5m"] : []));
}
