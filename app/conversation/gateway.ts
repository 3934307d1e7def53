import { context, propagation } from "@opentelemetry/api";
import OpenAI, { APIError, APIUserAbortError } from "openai";
import type {
  ChatCompletionChunk,
  ChatCompletionFunctionTool,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import { definitions, type QueryType } from "../../litellm-config";
import { Failure } from "./failures";
import { readGatewayError } from "./gateway-error";

/** The identity and tags of a call, as the gateway reads them (docs/interfaces.md). */
export interface CallMetadata {
  customer_id: string;
  session_id: string;
  query_type: QueryType;
  gcp_project?: string;
  tools_invoked: string[];
  environment: string;
  trace_id?: string;
  parent_observation_id?: string;
  /** The prompt in Langfuse that the call uses; absent where the repository's is used. */
  prompt_name?: string;
  prompt_version?: number;
}

export interface ChatCall {
  /** A route of the definitions. */
  model: string;
  messages: ChatCompletionMessageParam[];
  tools?: ChatCompletionFunctionTool[];
  toolChoice?: "auto" | "none";
  maxTokens: number;
  metadata: CallMetadata;
  signal: AbortSignal;
  onText?: (delta: string) => Promise<void>;
  /** Called with the id under which the ledger has the call, as soon as the gateway has named it. */
  onCallId?: (id: string) => void;
}

export interface ChatReply {
  text: string;
  /** As the model wrote them: their arguments may be cut off, or no JSON. */
  toolCalls: ChatCompletionMessageFunctionToolCall[];
  /** Why the model stopped; `length`: the answer hit `maxTokens`, the caller's or the guard's. */
  finish: string;
  /** The model thought, whether or not it then said something. */
  thought: boolean;
  /** The model declined to answer. */
  refused: boolean;
  /** Whose budget moved the call to a lighter model; undefined when none did. */
  degradedBy?: "conversation" | "month";
  /** The model that answered. */
  model: string;
}

export interface Gateway {
  /**
   * One LLM call, streamed.
   *
   * @throws GatewayRefusal when the guard refuses, Failure when there is no answer.
   */
  chat(call: ChatCall): Promise<ChatReply>;
  /** @throws when the gateway is not ready to answer. */
  ping(): Promise<void>;
}

/**
 * The gateway, over its OpenAI-compatible API.
 *
 * @param url its address, such as "http://gateway:4000"
 * @param key the agent's key there
 */
export function createGateway(url: string, key: string): Gateway {
  const { requestTimeout, retries, holdWait, queueWait } = definitions.gateway;
  const client = new OpenAI({
    baseURL: new URL("/v1", url).href,
    apiKey: key,
    // The gateway retries by itself; a retry from here would be a second call that is paid for.
    maxRetries: 0,
    timeout: (requestTimeout * (1 + retries) * 2 + queueWait + holdWait) * 1_000,
  });
  return {
    async chat(call) {
      const progress = { begun: false };
      try {
        return await stream(client, call, progress);
      } catch (error) {
        if (error instanceof APIError) reportCallId(call, error.headers);
        if (error instanceof APIUserAbortError || call.signal.aborted) throw error;
        throw readGatewayError(error, progress.begun);
      }
    },
    async ping() {
      const answer = await fetch(new URL("/health/readiness", url), { signal: AbortSignal.timeout(2_000) });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`the gateway answers ${answer.status}`);
    },
  };
}

async function stream(client: OpenAI, call: ChatCall, progress: { begun: boolean }): Promise<ChatReply> {
  const { data, response } = await client.chat.completions
    .create(
      {
        model: call.model,
        messages: call.messages,
        max_tokens: call.maxTokens,
        stream: true,
        stream_options: { include_usage: true },
        ...(call.tools && { tools: call.tools, tool_choice: call.toolChoice ?? "auto" }),
        // OpenAI's own metadata holds text only; the gateway's contract has lists too.
        metadata: call.metadata as unknown as Record<string, string>,
      },
      { signal: call.signal, headers: traceContext() },
    )
    .withResponse();
  progress.begun = true;
  reportCallId(call, response.headers);
  const reply: ChatReply = {
    text: "",
    toolCalls: [],
    finish: "",
    thought: false,
    refused: false,
    degradedBy: degradedBy(response.headers),
    model: response.headers.get("x-tollgate-model") ?? call.model,
  };
  for await (const chunk of data) {
    const choice = chunk.choices[0];
    if (!choice) continue;
    const delta = choice.delta as Delta;
    if (delta.content) {
      reply.text += delta.content;
      await call.onText?.(delta.content);
    }
    if (delta.reasoning_content) reply.thought = true;
    if (delta.refusal) reply.refused = true;
    for (const part of delta.tool_calls ?? []) addToolCall(reply.toolCalls, part);
    if (choice.finish_reason) reply.finish = choice.finish_reason;
  }
  if (reply.finish === "") throw new Failure("stream_cut");
  reply.toolCalls = reply.toolCalls.filter(Boolean);
  return reply;
}

/** W3C trace context: the gateway's spans are children of the active one. */
function traceContext(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** LiteLLM adds a model's thoughts to OpenAI's own fields. */
type Delta = ChatCompletionChunk.Choice.Delta & { reasoning_content?: string | null };

/** A streamed tool call comes in parts: its id and name first, its arguments in pieces. */
function addToolCall(
  calls: ChatCompletionMessageFunctionToolCall[],
  part: ChatCompletionChunk.Choice.Delta.ToolCall,
): void {
  const call = (calls[part.index] ??= { id: "", type: "function", function: { name: "", arguments: "" } });
  if (part.id) call.id = part.id;
  if (part.function?.name) call.function.name = part.function.name;
  call.function.arguments += part.function?.arguments ?? "";
}

function reportCallId({ onCallId }: ChatCall, headers: Headers | undefined): void {
  const id = headers?.get("x-tollgate-call-id");
  if (id) onCallId?.(id);
}

function degradedBy(headers: Headers): ChatReply["degradedBy"] {
  if (headers.get("x-tollgate-decision") !== "degraded") return undefined;
  return headers.get("x-tollgate-reason") === "session_budget" ? "conversation" : "month";
}
