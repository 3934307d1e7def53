import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Usage } from "./account";
import type { Answer, ToolCall } from "./answer";
import type { Behaviour } from "./behaviour";
import { pieces } from "./tokens";

/** An answer that is ready to be sent. */
export interface Completion {
  id: string;
  model: string;
  answer: Answer;
  /** Every choice says the same. */
  n: number;
  finish: "stop" | "length" | "tool_calls";
  /** Left out of the answer when the request or a behaviour wants none. */
  usage: Usage | undefined;
}

type Behaving = Partial<Behaviour>;

/** How far an answer got: sent whole, or ended by a behaviour after so many of its text's pieces. */
export type Delivery = { outcome: "success" | "cut" | "hung"; piecesSent: number };

/** Sends a completion as one JSON document. */
export async function sendPlain(
  response: ServerResponse,
  completion: Completion,
  behaviour: Behaving,
): Promise<Delivery> {
  const ended = await interrupt(response, behaviour, 0);
  if (ended) return ended;
  const { answer, finish, usage, n } = completion;
  sendJson(response, 200, {
    ...envelope(completion, "chat.completion"),
    choices: Array.from({ length: n }, (_, index) => ({
      index,
      message: {
        role: "assistant",
        content: answer.toolCalls.length > 0 ? null : answer.content,
        refusal: null,
        ...(answer.toolCalls.length > 0 && { tool_calls: answer.toolCalls }),
      },
      logprobs: null,
      finish_reason: finish,
    })),
    ...(usage && { usage: wireUsage(usage) }),
  });
  return { outcome: "success", piecesSent: Infinity };
}

/** Sends a completion as server-sent events: a chunk for each piece of text, then the usage, then `[DONE]`. */
export async function sendStream(
  response: ServerResponse,
  completion: Completion,
  behaviour: Behaving,
): Promise<Delivery> {
  const endedBefore = await interrupt(response, behaviour, 0);
  if (endedBefore) return endedBefore;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const { answer, finish, usage, n } = completion;
  const send = (choices: object[], more: object = {}) =>
    write(response, { ...envelope(completion, "chat.completion.chunk"), choices, ...more });
  const each = (delta: object, finish_reason: string | null = null) =>
    send(Array.from({ length: n }, (_, index) => ({ index, delta, finish_reason })));

  each({ role: "assistant", content: "" });
  for (const delta of deltas(answer)) {
    if (behaviour.chunkDelayMs) await wait(behaviour.chunkDelayMs);
    each(delta.value);
    const ended = await interrupt(response, behaviour, delta.number);
    if (ended) return ended;
  }
  each({}, finish);
  if (usage) send([], { usage: wireUsage(usage) });
  response.end("data: [DONE]\n\n");
  return { outcome: "success", piecesSent: Infinity };
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** An error with OpenAI's body. */
export function sendError(response: ServerResponse, status: number, message: string, code?: string): void {
  const type = status >= 500 ? "server_error" : status === 429 ? "requests" : "invalid_request_error";
  const headers = status === 429 ? { "retry-after": "1" } : {};
  sendJson(response, status, { error: { message, type, param: null, code: code ?? null } }, headers);
}

/** Ends or holds up the answer if the behaviour says so at this point. */
async function interrupt(
  response: ServerResponse,
  { cutAfterChunks, errorAfterChunks, hangAfterChunks }: Behaving,
  sent: number,
): Promise<Delivery | undefined> {
  if (cutAfterChunks === sent) {
    // What was written must leave first, or the client would see nothing of the stream.
    await new Promise((flushed) => (sent > 0 ? response.write(": \n\n", flushed) : flushed(undefined)));
    response.destroy();
    return { outcome: "cut", piecesSent: sent };
  }
  if (errorAfterChunks === sent) {
    write(response, { error: { message: "The server had an error", type: "server_error", code: null } });
    response.end();
    return { outcome: "cut", piecesSent: sent };
  }
  if (hangAfterChunks === sent) {
    if (!response.destroyed) await new Promise((closed) => response.once("close", closed));
    return { outcome: "hung", piecesSent: Infinity };
  }
  return undefined;
}

function* deltas({ content, toolCalls }: Answer): Generator<{ number: number; value: object }> {
  let number = 0;
  for (const piece of pieces(content)) yield { number: ++number, value: { content: piece } };
  for (const [index, call] of toolCalls.entries()) {
    yield { number: ++number, value: { tool_calls: [toolCallDelta(index, call)] } };
  }
}

function toolCallDelta(index: number, call: ToolCall): object {
  return { index, ...call };
}

function envelope({ id, model }: Completion, object: string): object {
  return { id, object, created: Math.floor(Date.now() / 1000), model, service_tier: "default" };
}

function wireUsage({ promptTokens, cachedTokens, cacheWriteTokens, completionTokens }: Usage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
    // Not OpenAI's: the name under which gateways pass Anthropic's cache writes on.
    ...(cacheWriteTokens > 0 && { cache_creation_input_tokens: cacheWriteTokens }),
  };
}

function write(response: ServerResponse, event: object): void {
  if (!response.destroyed) response.write(`data: ${JSON.stringify(event)}\n\n`);
}
