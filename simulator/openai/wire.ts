import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { CompletionUsage } from "openai/resources/completions";
import type { Completion, Finish, Piece, ToolCall, Usage } from "../answer";
import type { Wire, WireEvent } from "../wire";

const FINISH: Record<Finish, ChatCompletion.Choice["finish_reason"]> = {
  stop: "stop",
  stop_sequence: "stop",
  length: "length",
  tool_calls: "tool_calls",
  refusal: "content_filter",
  pause: "stop",
  blocked: "content_filter",
  malformed_tool_call: "stop",
};

/** OpenAI's chat completions, as the `openai` package types them. */
export const openaiWire: Wire = {
  name: "openai",
  end: "data: [DONE]\n\n",
  encode: (data) => `data: ${JSON.stringify(data)}\n\n`,

  document(completion) {
    const { answer, finish, usage, n } = completion;
    const toolCalls = answer.toolCalls.map(wireCall);
    return {
      ...envelope(completion),
      object: "chat.completion",
      choices: Array.from({ length: n }, (_, index) => ({
        index,
        message: {
          role: "assistant",
          content: toolCalls.length > 0 ? null : answer.content,
          refusal: null,
          ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
        },
        logprobs: null,
        finish_reason: FINISH[finish],
      })),
      usage: wireUsage(usage),
    } satisfies ChatCompletion;
  },

  *events(completion): Generator<WireEvent> {
    const { n, finish, usage } = completion;
    const chunk = (more: Partial<ChatCompletionChunk>) =>
      ({
        ...envelope(completion),
        object: "chat.completion.chunk",
        choices: [],
        ...more,
      }) satisfies ChatCompletionChunk;
    const each = (
      delta: ChatCompletionChunk.Choice.Delta,
      finish_reason: ChatCompletionChunk.Choice["finish_reason"] = null,
    ) => chunk({ choices: Array.from({ length: n }, (_, index) => ({ index, delta, finish_reason })) });

    yield { kind: "opening", data: each({ role: "assistant", content: "" }) };
    for (const piece of completion.pieces) yield { kind: "piece", data: each(deltaOf(piece)) };
    yield { kind: "finish", data: each({}, FINISH[finish]) };
    // OpenAI's usage comes in its own chunk, and in none unless it was asked for.
    if (completion.reportsUsage) yield { kind: "finish", data: chunk({ usage: wireUsage(usage) }) };
  },

  error({ status, message, code }) {
    const type = status >= 500 ? "server_error" : status === 429 ? "requests" : "invalid_request_error";
    return { error: { message, type, param: null, code: code ?? null } };
  },

  streamError: () => ({
    error: { message: "The server had an error", type: "server_error", param: null, code: null },
  }),
};

function deltaOf(piece: Piece): ChatCompletionChunk.Choice.Delta {
  if ("text" in piece) return { content: piece.text };
  return { tool_calls: [{ index: piece.index, ...wireCall(piece.call) }] };
}

function wireCall({ id, name, args }: ToolCall) {
  return {
    id: `call_${id}`,
    type: "function" as const,
    function: { name, arguments: JSON.stringify(args) },
  };
}

function envelope({ id, model, priority }: Completion) {
  return {
    id: `chatcmpl-${id}`,
    created: Math.floor(Date.now() / 1000),
    model,
    service_tier: priority ? ("priority" as const) : ("default" as const),
  };
}

function wireUsage(usage: Usage): CompletionUsage {
  const { promptTokens, cachedTokens, cacheWriteTokens, completionTokens, reasoningTokens } = usage;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoningTokens, audio_tokens: 0 },
    // Not OpenAI's: the name under which gateways pass Anthropic's cache writes on.
    ...(cacheWriteTokens > 0 && { cache_creation_input_tokens: cacheWriteTokens }),
  };
}
