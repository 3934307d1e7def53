import type { WireName } from "./account";
import type { CacheUse, PromptCache } from "./prompt-cache";
import type { Completion, Conversation } from "./answer";
import type { PublicModel, Surcharges } from "./prices";
import type { ApiError } from "./api-error";
import type { PromptPart } from "./tokens";

/** A request that its wire has read and found valid. */
export interface Call {
  model: string;
  publicModel: PublicModel;
  conversation: Conversation;
  prompt: PromptPart[];
  stream: boolean;
  n: number;
  /** Output tokens of one choice; null where the request leaves it to the model. */
  maxTokens: number | null;
  stopSequences: string[];
  /** Names of the request's own fields. */
  parameters: string[];
  /** The request asks to see the reasoning. */
  showsThinking: boolean;
  /** Whether the model may reason at all: whether the request asks for it, or the model reasons without being asked. */
  mayReason: boolean;
  /** Tokens of reasoning unless a behaviour says how many. */
  reasoningTokens: number;
  /** The client asked for no usage in the stream. */
  withoutUsage?: boolean;
  surcharges: Surcharges;
  cacheUse(cache: PromptCache, tokensPerByte: number): CacheUse;
}

/** An event of a stream. `piece` is what chunks are counted by; `finish` carries the finish reason and the usage. */
export interface WireEvent {
  kind: "opening" | "frame" | "piece" | "finish";
  data: object;
}

/** How one provider's API writes answers and errors. */
export interface Wire {
  name: WireName;
  /** The answer as one JSON document. */
  document(completion: Completion): object;
  /** The answer as a stream's events. */
  events(completion: Completion): Iterable<WireEvent>;
  /** An event as the text of a server-sent event. */
  encode(data: object): string;
  /** What ends a stream after its last event. */
  end: string;
  /** An error's body. */
  error(error: ApiError): object;
  /** An error as an event inside a stream. */
  streamError(): object;
}
