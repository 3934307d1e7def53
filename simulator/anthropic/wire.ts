import type {
  ContentBlock,
  Message,
  MessageDeltaUsage,
  RawContentBlockDelta,
  RawMessageStreamEvent,
  StopReason,
  Usage as WireUsage,
} from "@anthropic-ai/sdk/resources/messages";
import type { ErrorType } from "@anthropic-ai/sdk/resources/shared";
import type { Completion, Finish, ToolCall } from "../answer";
import type { Wire, WireEvent } from "../wire";

const STOP_REASON: Record<Finish, StopReason> = {
  stop: "end_turn",
  stop_sequence: "stop_sequence",
  length: "max_tokens",
  tool_calls: "tool_use",
  refusal: "refusal",
  pause: "pause_turn",
  blocked: "refusal",
  malformed_tool_call: "tool_use",
};

/** https://platform.claude.com/docs/en/api/errors */
const ERROR_TYPE: Record<number, ErrorType | "request_too_large"> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** Anthropic's Messages API, as `@anthropic-ai/sdk` types it. */
export const anthropicWire: Wire = {
  name: "anthropic",
  end: "",
  encode: (data) => `event: ${(data as { type: string }).type}\ndata: ${JSON.stringify(data)}\n\n`,

  document: (completion) =>
    ({
      ...emptyMessage(completion),
      content: blocksOf(completion),
      ...endOf(completion),
      usage: wireUsage(completion, completion.usage.completionTokens),
    }) satisfies Message,

  *events(completion): Generator<WireEvent> {
    const of = (kind: WireEvent["kind"], data: RawMessageStreamEvent): WireEvent => ({ kind, data });
    const message = { ...emptyMessage(completion), usage: wireUsage(completion, 1) };
    yield of("opening", { type: "message_start", message });
    yield { kind: "opening", data: { type: "ping" } };
    let index = -1;
    const start = (content_block: ContentBlock) =>
      of("frame", { type: "content_block_start", index: ++index, content_block });
    const delta = (each: RawContentBlockDelta) =>
      ({ type: "content_block_delta", index, delta: each }) satisfies RawMessageStreamEvent;
    const stop = () => of("frame", { type: "content_block_stop", index });

    for (const block of thoughtsOf(completion)) {
      if (block.type !== "thinking") yield start(block);
      else {
        yield start({ type: "thinking", thinking: "", signature: "" });
        if (block.thinking) yield of("frame", delta({ type: "thinking_delta", thinking: block.thinking }));
        yield of("frame", delta({ type: "signature_delta", signature: block.signature }));
      }
      yield stop();
    }
    let inText = false;
    for (const piece of completion.pieces) {
      if ("text" in piece) {
        if (!inText) yield start({ type: "text", text: "", citations: null });
        inText = true;
        yield of("piece", delta({ type: "text_delta", text: piece.text }));
        continue;
      }
      if (inText) yield stop();
      inText = false;
      yield start({ ...toolUse(piece.call), input: {} });
      yield of("frame", delta({ type: "input_json_delta", partial_json: "" }));
      yield of("piece", delta({ type: "input_json_delta", partial_json: inputOf(completion, piece.call) }));
      yield stop();
    }
    if (inText) yield stop();
    const usage = wireUsage(completion, completion.usage.completionTokens) satisfies MessageDeltaUsage;
    yield of("finish", { type: "message_delta", delta: { container: null, ...endOf(completion) }, usage });
    yield of("finish", { type: "message_stop" });
  },

  error: ({ status, message }) => ({
    type: "error",
    error: { type: ERROR_TYPE[status] ?? (status >= 500 ? "api_error" : "invalid_request_error"), message },
    request_id: "req_simulator",
  }),

  streamError: () => ({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
};

function emptyMessage({ id, model }: Completion): Omit<Message, "usage"> {
  return {
    id: `msg_${id.replaceAll("-", "")}`,
    type: "message",
    role: "assistant",
    model,
    content: [],
    container: null,
    diagnostics: null,
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
  };
}

function endOf({
  finish,
  stopSequence,
}: Completion): Pick<Message, "stop_reason" | "stop_sequence" | "stop_details"> {
  const stop_reason = STOP_REASON[finish];
  return {
    stop_reason,
    stop_sequence: stopSequence ?? null,
    stop_details: stop_reason === "refusal" ? { type: "refusal", category: null, explanation: null } : null,
  };
}

function blocksOf(completion: Completion): ContentBlock[] {
  const { content, toolCalls } = completion.answer;
  return [
    ...thoughtsOf(completion),
    ...(content ? [{ type: "text" as const, text: content, citations: null }] : []),
    ...toolCalls.map(toolUse),
  ];
}

/** Hidden reasoning has a signature and no text. */
function thoughtsOf({ thinking }: Completion): ContentBlock[] {
  if (!thinking) return [];
  const { text, signature, redacted } = thinking;
  return [
    redacted
      ? { type: "redacted_thinking", data: signature }
      : { type: "thinking", thinking: text, signature },
  ];
}

function toolUse({ id, name, args }: ToolCall) {
  return {
    type: "tool_use" as const,
    id: `toolu_${id}`,
    name,
    input: args,
    caller: { type: "direct" as const },
  };
}

/** A malformed call's JSON breaks off, as it does when a model runs out of tokens inside it. */
function inputOf({ finish }: Completion, { args }: ToolCall): string {
  const json = JSON.stringify(args);
  return finish === "malformed_tool_call" ? json.slice(0, -1) : json;
}

function wireUsage({ usage, priority, webSearches }: Completion, output: number): WireUsage {
  const { promptTokens, cachedTokens, cacheWriteTokens, cacheWriteHourTokens, reasoningTokens } = usage;
  return {
    input_tokens: promptTokens - cachedTokens - cacheWriteTokens,
    cache_read_input_tokens: cachedTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: cacheWriteTokens - cacheWriteHourTokens,
      ephemeral_1h_input_tokens: cacheWriteHourTokens,
    },
    output_tokens: output,
    output_tokens_details: reasoningTokens > 0 ? { thinking_tokens: reasoningTokens } : null,
    server_tool_use: webSearches > 0 ? { web_search_requests: webSearches, web_fetch_requests: 0 } : null,
    service_tier: "standard",
    inference_geo: null,
    speed: priority ? "fast" : "standard",
  };
}
