import OpenAI, { APIError, APIUserAbortError } from "openai";
import type {
  ChatCompletionChunk,
  ChatCompletionFunctionTool,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import { definitions, type QueryType } from "../../litellm-config";
import { GatewayFailure, readErrorAnswer } from "./refusal";

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
}

export interface ChatReply {
  text: string;
  toolCalls: ChatCompletionMessageFunctionToolCall[];
  /** The answer hit `maxTokens`, the caller's or the guard's. */
  truncated: boolean;
  degraded: boolean;
  /** The model that answered. */
  model: string;
}

export interface Gateway {
  /**
   * One LLM call, streamed.
   *
   * @throws GatewayRefusal when the guard says no, GatewayFailure when there is no answer.
   */
  chat(call: ChatCall): Promise<ChatReply>;
  /** @throws when the gateway is not ready to answer. */
  ping(): Promise<void>;
}

/**
 * The gateway, over its OpenAI-compatible API.
 *
 * @param url its address, as "http://gateway:4000"
 * @param key the agent's key there
 */
export function createGateway(url: string, key: string): Gateway {
  const { requestTimeout, retries, holdWait } = definitions.gateway;
  const client = new OpenAI({
    baseURL: new URL("/v1", url).href,
    apiKey: key,
    // The gateway retries by itself; a retry from here would be a second call that is paid for.
    maxRetries: 0,
    timeout: (requestTimeout * (1 + retries) * 2 + holdWait) * 1_000,
  });
  return {
    async chat(call) {
      try {
        return await stream(client, call);
      } catch (error) {
        if (error instanceof APIUserAbortError || call.signal.aborted) throw error;
        if (error instanceof APIError) throw readErrorAnswer(error);
        throw new GatewayFailure("connection", { cause: error });
      }
    },
    async ping() {
      const answer = await fetch(new URL("/health/readiness", url), { signal: AbortSignal.timeout(2_000) });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`the gateway answers ${answer.status}`);
    },
  };
}

async function stream(client: OpenAI, call: ChatCall): Promise<ChatReply> {
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
      { signal: call.signal },
    )
    .withResponse();
  const reply: ChatReply = {
    text: "",
    toolCalls: [],
    truncated: false,
    degraded: response.headers.get("x-tollgate-decision") === "degraded",
    model: response.headers.get("x-tollgate-model") ?? call.model,
  };
  let finished = false;
  for await (const chunk of data) {
    const choice = chunk.choices[0];
    if (!choice) continue;
    if (choice.delta.content) {
      reply.text += choice.delta.content;
      await call.onText?.(choice.delta.content);
    }
    for (const part of choice.delta.tool_calls ?? []) addToolCall(reply.toolCalls, part);
    if (choice.finish_reason) finished = true;
    if (choice.finish_reason === "length") reply.truncated = true;
  }
  if (!finished) throw new GatewayFailure("stream_cut");
  reply.toolCalls = reply.toolCalls.filter(Boolean);
  return reply;
}

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
