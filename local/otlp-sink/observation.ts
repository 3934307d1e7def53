import type { Attribute, Span } from "./decode";

/** A span read as Langfuse 4.x reads it (ingestion version 4): an observation of a trace, with the trace's own attributes. */
export interface Observation {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** `generation`, `span`, `event`, `tool`, `agent`, ... */
  type: string;
  startedAt: string;
  /** Milliseconds. */
  duration: number;
  model?: string;
  /** Dollars, as reported by the sender; customers are charged by the ledger, not by this. */
  cost?: number;
  /** Dollars and tokens by kind of token, as reported by the sender. */
  costs: Record<string, number>;
  usage: Record<string, number>;
  promptTokens?: number;
  completionTokens?: number;
  /** When a stream's first token came. */
  firstTokenAt?: string;
  promptName?: string;
  promptVersion?: number;
  error?: string;
  environment?: string;
  traceName?: string;
  sessionId?: string;
  userId?: string;
  tags: string[];
  metadata: Record<string, Attribute>;
  input?: Attribute;
  output?: Attribute;
}

/** Langfuse's attribute names first, then the conventions that LiteLLM sends too. */
const names = {
  type: ["langfuse.observation.type"],
  model: [
    "langfuse.observation.model.name",
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.model_name",
  ],
  cost: ["gen_ai.usage.cost", "gen_ai.cost.total_cost", "llm.cost.total"],
  promptTokens: ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"],
  completionTokens: [
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
  ],
  traceName: ["langfuse.trace.name"],
  sessionId: ["session.id", "langfuse.session.id"],
  userId: ["user.id", "langfuse.user.id"],
  tags: ["langfuse.trace.tags"],
  input: ["langfuse.observation.input"],
  output: ["langfuse.observation.output"],
} as const;

const METADATA = /^langfuse\.(trace|observation)\.metadata(?:\.(.+))?$/;

/** Reads a span as an observation. */
export function toObservation(span: Span): Observation {
  const { attributes } = span;
  const find = (name: keyof typeof names) => {
    const key = names[name].find((candidate) => attributes[candidate] !== undefined);
    return key === undefined ? undefined : parsed(attributes[key]);
  };
  const usage = asNumbers(parsed(attributes["langfuse.observation.usage_details"]));
  const costs = asNumbers(parsed(attributes["langfuse.observation.cost_details"]));
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: asText(attributes["langfuse.observation.parent_id"]) ?? span.parentSpanId,
    name: span.name,
    type: asText(find("type")) ?? "span",
    startedAt: span.startedAt,
    duration: span.duration,
    model: asText(find("model")),
    cost: costs.total ?? sum(Object.values(costs)) ?? asNumber(find("cost")),
    costs,
    usage,
    promptTokens: sumOf(usage, /^(input|prompt_tokens)/) ?? asNumber(find("promptTokens")),
    completionTokens: sumOf(usage, /^(output|completion_tokens)/) ?? asNumber(find("completionTokens")),
    firstTokenAt: asText(attributes["langfuse.observation.completion_start_time"]),
    promptName: asText(attributes["langfuse.observation.prompt.name"]),
    promptVersion: asNumber(attributes["langfuse.observation.prompt.version"]),
    error: asText(attributes["langfuse.observation.status_message"]) ?? span.error,
    environment: asText(attributes["langfuse.environment"]),
    traceName: asText(find("traceName")),
    sessionId: asText(find("sessionId")),
    userId: asText(find("userId")),
    tags: [find("tags") ?? []].flat().map(String),
    metadata: metadataOf(attributes),
    input: find("input"),
    output: find("output"),
  };
}

function metadataOf(attributes: Span["attributes"]): Record<string, Attribute> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]): [string, Attribute][] => {
      const match = METADATA.exec(name);
      if (!match) return [];
      return match[2] ? [[match[2], parsed(value)]] : Object.entries(asRecord(parsed(value)));
    }),
  );
}

/** Senders put lists and objects into attributes as JSON text. */
function parsed(value: Attribute | undefined): Attribute {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value ?? null;
  try {
    return JSON.parse(value) as Attribute;
  } catch {
    return value;
  }
}

function asRecord(value: Attribute): Record<string, Attribute> {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

function asNumbers(value: Attribute): Record<string, number> {
  return Object.fromEntries(Object.entries(asRecord(value)).map(([key, each]) => [key, Number(each)]));
}

/** Nothing, and not zero, where there is nothing to add. */
function sum(values: number[]): number | undefined {
  return values.length > 0 ? values.reduce((total, each) => total + each, 0) : undefined;
}

function sumOf(details: Record<string, number>, kinds: RegExp): number | undefined {
  return sum(Object.entries(details).flatMap(([kind, value]) => (kinds.test(kind) ? [value] : [])));
}

function asText(value: Attribute | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function asNumber(value: Attribute | undefined): number | undefined {
  return value === null || value === undefined || Number.isNaN(Number(value)) ? undefined : Number(value);
}
