import type { JsonSchema } from "../answer";
import type { ChatCompletionCreateParams } from "openai/resources/chat/completions";
import { z } from "zod";
import { billFiles, fileOfUrl, type SentFile } from "../files";
import { PUBLIC_MODELS, type PublicModel } from "../prices";
import type { PromptPart } from "../tokens";
import { ApiError } from "../api-error";
import type { Call } from "../wire";

const toolCall = z.looseObject({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const part = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  image_url: z
    .strictObject({ url: z.string(), detail: z.enum(["auto", "low", "high", "original"]).optional() })
    .optional(),
  file: z
    .strictObject({ file_data: z.string(), filename: z.string() })
    .partial()
    .extend({ file_id: z.string().optional() })
    .optional(),
});

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.union([z.string(), z.array(part), z.null()]).optional(),
  name: z.string().optional(),
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().optional(),
});

const tool = z.looseObject({
  type: z.string(),
  function: z.looseObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
  }),
});

const positive = z.int().positive();
const ignored = z.unknown().optional();

/** A chat completion request; the fields that the simulator has no use for are known by name. */
const chatRequest = z.strictObject({
  model: z.string().min(1),
  messages: z.array(message).nonempty(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: positive.nullish(),
  max_completion_tokens: positive.nullish(),
  n: positive.max(128).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4), z.null()]).optional(),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      z.looseObject({ type: z.string(), function: z.object({ name: z.string() }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: z
    .looseObject({
      type: z.string(),
      json_schema: z.looseObject({ schema: z.record(z.string(), z.unknown()).optional() }).optional(),
    })
    .nullish(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).nullish(),
  service_tier: z.enum(["auto", "default", "flex", "scale", "priority"]).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  web_search_options: ignored,
  audio: ignored,
  frequency_penalty: ignored,
  function_call: ignored,
  functions: ignored,
  logit_bias: ignored,
  logprobs: ignored,
  metadata: ignored,
  modalities: ignored,
  moderation: ignored,
  prediction: ignored,
  presence_penalty: ignored,
  prompt_cache_key: ignored,
  prompt_cache_options: ignored,
  prompt_cache_retention: ignored,
  safety_identifier: ignored,
  seed: ignored,
  store: ignored,
  top_logprobs: ignored,
  user: ignored,
  verbosity: ignored,
} satisfies Record<keyof ChatCompletionCreateParams, z.ZodType>);

type ChatRequest = z.output<typeof chatRequest>;
type ChatMessage = ChatRequest["messages"][number];

/** Reads a chat completion request. @throws ApiError as OpenAI refuses it. */
export function readChat(body: unknown): Call {
  const parsed = chatRequest.safeParse(body);
  if (!parsed.success) throw new ApiError(400, z.prettifyError(parsed.error));
  const request = parsed.data;
  const publicModel = PUBLIC_MODELS[request.model];
  if (!publicModel) {
    throw new ApiError(404, `The model "${request.model}" does not exist`, "model_not_found");
  }
  const { messages, response_format: format } = request;
  const tools = (request.tools ?? []).filter(({ type }) => type === "function");
  const choice = request.tool_choice ?? "auto";
  return {
    model: request.model,
    publicModel,
    conversation: {
      instructions: messages.filter(isInstruction).map(textOf).join("\n"),
      messages: messages
        .filter((each) => !isInstruction(each))
        .map((each) => ({
          role: each.role === "tool" || each.role === "assistant" ? each.role : "user",
          text: textOf(each),
        })),
      tools: tools.map(({ function: { name, parameters } }) => ({
        name,
        parameters: (parameters ?? {}) as JsonSchema,
      })),
      toolChoice: typeof choice === "string" ? choice : { name: choice.function.name },
      parallelTools: request.parallel_tool_calls !== false,
      answerSchema: format?.json_schema?.schema as JsonSchema | undefined,
    },
    prompt: promptOf(request, publicModel),
    stream: request.stream ?? false,
    n: request.n ?? 1,
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    stopSequences: [request.stop ?? []].flat(),
    parameters: Object.keys(body as object),
    showsThinking: false,
    mayReason: request.reasoning_effort !== "none",
    reasoningTokens: request.reasoning_effort && request.reasoning_effort !== "none" ? 16 : 0,
    withoutUsage: request.stream === true && request.stream_options?.include_usage !== true,
    surcharges: {
      webSearches: request.web_search_options ? 1 : 0,
      factor: request.service_tier === "priority" ? 2 : 1,
    },
    cacheUse: () => ({ cachedTokens: 0, cacheWriteTokens: 0, cacheWriteHourTokens: 0 }),
  };
}

function isInstruction({ role }: ChatMessage): boolean {
  return role === "system" || role === "developer";
}

function promptOf({ tools, response_format, messages }: ChatRequest, model: PublicModel): PromptPart[] {
  const billed = billFiles(model, messages.flatMap(filesOf));
  const json = (value: unknown) => (value ? [{ text: JSON.stringify(value) }] : []);
  return [
    ...json(tools),
    ...json(response_format),
    ...messages.flatMap((each) => [
      { text: textOf(each), message: true, files: billed.splice(0, filesOf(each).length) },
      ...json(each.tool_calls),
    ]),
  ];
}

function filesOf({ content }: ChatMessage): SentFile[] {
  return Array.isArray(content) ? content.flatMap(fileOf) : [];
}

function fileOf({ type, image_url, file }: z.output<typeof part>): SentFile[] {
  if (type === "text" || type === "refusal") return [];
  const sent = type === "image_url" ? image_url?.url : type === "file" ? file?.file_data : undefined;
  const read = fileOfUrl(sent ?? "");
  if (!read) throw new ApiError(400, `Invalid ${type}. Expected a base64-encoded data URL.`);
  return [read];
}

/** The text of a message, its parts joined; parts that are not text have none. */
function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  return (content ?? []).map(({ text }) => text ?? "").join("");
}
