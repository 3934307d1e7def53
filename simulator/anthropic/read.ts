import type { z } from "zod";
import type { Conversation, JsonSchema } from "../answer";
import { billFiles, type SentFile } from "../files";
import { PUBLIC_MODELS, type PublicModel } from "../prices";
import type { PromptPart } from "../tokens";
import { ApiError } from "../api-error";
import type { Call } from "../wire";
import {
  blocksOf,
  countRequest,
  messageRequest,
  type Block,
  type Message,
  type MessageRequest,
} from "./request";
import { checkRules } from "./rules";

/** The key that the simulator's Anthropic wire takes. */
export const ANTHROPIC_KEY = "sk-ant-simulator";

/** The API's versions: https://platform.claude.com/docs/en/api/versioning */
const VERSIONS = ["2023-01-01", "2023-06-01", "2026-10-21"];
/** What the newest version has removed. */
const REMOVED = ["temperature", "top_p", "top_k"];

type Headers = Record<string, string | string[] | undefined>;

/** Reads a Messages request. @throws ApiError as Anthropic refuses it. */
export function readMessages(body: unknown, headers: Headers): Call {
  const request = parse(messageRequest, withBeta(body, headers));
  const removed = REMOVED.find((field) => field in request);
  if (removed && headers["anthropic-version"] === "2026-10-21") {
    throw new ApiError(400, `${removed}: Extra inputs are not permitted`);
  }
  return callOf(request, body);
}

/** The beta of structured outputs, which LiteLLM still speaks, has its schema in its own field. */
function withBeta(body: unknown, headers: Headers): unknown {
  if (!String(headers["anthropic-beta"]).includes("structured-outputs-")) return body;
  const { output_format: format, ...rest } = body as Record<string, unknown>;
  return format ? { ...rest, output_config: { ...(rest.output_config as object), format } } : body;
}

/** Reads a token count's request. @throws ApiError as Anthropic refuses it. */
export function readCount(body: unknown): Call {
  // A count has no limit; the highest lets any thinking budget through.
  return callOf({ ...parse(countRequest, body), max_tokens: Infinity }, body, true);
}

/** @throws ApiError for a missing or unknown version, a missing or wrong key. */
export function checkHeaders(headers: Headers): void {
  const key = headers["x-api-key"] ?? /^Bearer (.+)$/.exec(headers.authorization as string)?.[1];
  if (key === undefined) throw new ApiError(401, "x-api-key header is required");
  if (key !== ANTHROPIC_KEY) throw new ApiError(401, "invalid x-api-key");
  const version = headers["anthropic-version"];
  if (version === undefined) throw new ApiError(400, "anthropic-version: header is required");
  if (!VERSIONS.includes(String(version))) {
    throw new ApiError(400, `anthropic-version: "${String(version)}" is not a valid version`);
  }
}

function parse<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue!.path.join(".");
  const extra = issue!.code === "unrecognized_keys" ? issue!.keys[0] : undefined;
  if (extra) {
    throw new ApiError(400, `${[path, extra].filter(Boolean).join(".")}: Extra inputs are not permitted`);
  }
  throw new ApiError(400, `${path}: ${issue!.message}`);
}

function callOf(request: MessageRequest, body: unknown, counts = false): Call {
  const publicModel = PUBLIC_MODELS[request.model];
  if (publicModel?.provider !== "anthropic") throw new ApiError(404, `model: ${request.model}`);
  checkRules(request, counts ? { ...publicModel, maxOutputTokens: Infinity } : publicModel);
  const { thinking } = request;
  const thinks = thinking !== undefined && thinking.type !== "disabled";
  const webSearch = (request.tools ?? []).some(({ type }) => type?.startsWith("web_search_"));
  const prompt = promptOf(request, publicModel);
  return {
    model: request.model,
    publicModel,
    conversation: conversationOf(request),
    prompt,
    stream: request.stream ?? false,
    n: 1,
    maxTokens: request.max_tokens,
    stopSequences: request.stop_sequences ?? [],
    parameters: Object.keys(body as object),
    showsThinking: thinks && (thinking as { display?: string | null }).display !== "omitted",
    mayReason: thinks || (thinking === undefined && publicModel.thinking !== "budget"),
    reasoningTokens: thinks ? 24 : 0,
    surcharges: {
      webSearches: webSearch ? 1 : 0,
      factor: (request.speed === "fast" ? 2 : 1) * (request.inference_geo === "us" ? 1.1 : 1),
    },
    cacheUse: (cache, tokensPerByte) =>
      cache.explicit(request.model, prompt, publicModel.minCacheTokens, tokensPerByte),
  };
}

function conversationOf(request: MessageRequest): Conversation {
  const { system = "", messages, tool_choice: choice, tools = [] } = request;
  const texts = typeof system === "string" ? [system] : system.map(({ text }) => text);
  const inline = messages
    .filter(({ role }) => role === "system")
    .flatMap(blocksOf)
    .map(textOf);
  const custom = tools.filter((tool) => "input_schema" in tool);
  return {
    instructions: [...texts, ...inline].join("\n"),
    messages: messages.filter(({ role }) => role !== "system").flatMap(turnsOf),
    tools: custom.map((tool) => ({ name: tool.name!, parameters: tool.input_schema as JsonSchema })),
    toolChoice:
      choice?.type === "tool"
        ? { name: choice.name }
        : choice?.type === "any"
          ? "required"
          : (choice?.type ?? "auto"),
    parallelTools: !(choice && "disable_parallel_tool_use" in choice && choice.disable_parallel_tool_use),
    answerSchema: request.output_config?.format?.schema as JsonSchema | undefined,
  };
}

/** A message's turns: its tool results each, then its text. */
function turnsOf(message: Message): Conversation["messages"] {
  const blocks = blocksOf(message);
  const role = message.role === "assistant" ? "assistant" : "user";
  const text = blocks
    .filter(({ type }) => type !== "tool_result")
    .map(textOf)
    .join("");
  return [
    ...blocks
      .filter(({ type }) => type === "tool_result")
      .map((block) => ({ role: "tool" as const, text: textOf(block) })),
    ...(text === "" ? [] : [{ role, text } as const]),
  ];
}

function textOf(block: Block): string {
  if (block.type === "text") return block.text;
  if (block.type !== "tool_result") return "";
  const { content = "" } = block;
  return typeof content === "string" ? content : content.map((each) => textOf(each as Block)).join("");
}

/** The prompt in the order of Anthropic's cache: tools, system, messages. */
function promptOf(request: MessageRequest, model: PublicModel): PromptPart[] {
  const { tools = [], system = [], messages, output_config: output, cache_control } = request;
  const parts: PromptPart[] = [
    ...tools.map(({ cache_control: at, ...tool }) => ({ text: JSON.stringify(tool), cache: ttl(at) })),
    ...(output?.format ? [{ text: JSON.stringify(output.format) }] : []),
    ...(typeof system === "string"
      ? [{ text: system }]
      : system.map((each) => ({ text: each.text, cache: ttl(each.cache_control) }))),
    ...messages.flatMap((message) =>
      blocksOf(message).map((block, at) => ({
        text: billedText(block),
        message: at === 0,
        cache: ttl("cache_control" in block ? block.cache_control : undefined),
      })),
    ),
  ];
  const files = messages.flatMap(blocksOf).map(filesOf);
  const billed = billFiles(model, files.flat());
  const first = parts.length - files.length;
  files.forEach((each, at) => (parts[first + at]!.files = billed.splice(0, each.length)));
  // Automatic caching puts the breakpoint on the last block.
  if (cache_control && parts.length > 0) parts.at(-1)!.cache ??= ttl(cache_control);
  return parts;
}

function ttl(control: { ttl?: "5m" | "1h" } | null | undefined): "5m" | "1h" | undefined {
  return control ? (control.ttl ?? "5m") : undefined;
}

function billedText(block: Block): string {
  if (block.type === "tool_use") return JSON.stringify({ name: block.name, input: block.input });
  if (block.type === "thinking") return block.thinking;
  if (block.type === "document") {
    return [block.title, block.context, block.source.type === "text" ? block.source.data : ""].join("");
  }
  if (block.type === "search_result") return JSON.stringify(block.content);
  return textOf(block);
}

function filesOf(block: Block): SentFile[] {
  if (block.type === "tool_result" && Array.isArray(block.content)) {
    return block.content.flatMap((each) => filesOf(each as Block));
  }
  if (block.type !== "image" && block.type !== "document") return [];
  const { source } = block;
  if (source.type === "base64") return [{ mediaType: source.media_type, base64: source.data }];
  if (source.type === "text") return [];
  throw new ApiError(400, "Unable to download the file. Please verify the URL and try again.");
}
