/** The parts of a JSON schema that tools and answer formats use. */
export interface JsonSchema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  minItems?: number;
  minimum?: number;
  format?: string;
  pattern?: string;
  description?: string;
}

/** A conversation as every wire states it: what the simulated model reads. */
export interface Conversation {
  instructions: string;
  messages: { role: "user" | "assistant" | "tool"; text: string }[];
  tools: ToolSpec[];
  toolChoice: "auto" | "none" | "required" | { name: string };
  parallelTools: boolean;
  /** The JSON schema that the answer must fit. */
  answerSchema?: JsonSchema;
}

export interface ToolSpec {
  name: string;
  parameters: JsonSchema;
}

export interface ToolCall {
  id: string;
  name: string;
  args: unknown;
}

/** The model's output: text, or tool calls. */
export interface Answer {
  content: string;
  toolCalls: ToolCall[];
}

/** What a provider bills for one call, in tokens. */
export interface Usage {
  /** The whole prompt; the next three are among it. */
  promptTokens: number;
  cachedTokens: number;
  /** Written to the provider's cache, for five minutes or an hour. */
  cacheWriteTokens: number;
  cacheWriteHourTokens: number;
  /** The whole output, reasoning included. */
  completionTokens: number;
  reasoningTokens: number;
}

/** Why an answer ended, in words that no wire uses. */
export type Finish =
  | "stop"
  | "stop_sequence"
  | "length"
  | "tool_calls"
  | "refusal"
  | "pause"
  | "blocked"
  | "malformed_tool_call";

/** One piece of a streamed answer. */
export type Piece = { text: string } | { call: ToolCall; index: number };

/** Reasoning that comes before the answer. */
export interface Thinking {
  /** What of it is shown; empty when it stays hidden. */
  text: string;
  signature: string;
  redacted: boolean;
}

/** An answer that is ready to be sent on any wire. */
export interface Completion {
  id: string;
  model: string;
  thinking?: Thinking;
  answer: Answer;
  pieces: Piece[];
  /** Every choice says the same. */
  n: number;
  finish: Finish;
  stopSequence?: string;
  usage: Usage;
  /** Whether the answer says what it cost. */
  reportsUsage: boolean;
  webSearches: number;
  priority: boolean;
}
