import type { MessageCountTokensParams, MessageCreateParams } from "@anthropic-ai/sdk/resources/messages";
import { z } from "zod";

const name = z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/);
const cacheControl = z
  .strictObject({ type: z.literal("ephemeral"), ttl: z.enum(["5m", "1h"]).optional() })
  .nullish();
const anything = z.unknown().optional();

const text = z.strictObject({
  type: z.literal("text"),
  text: z.string().regex(/\S/, "text content blocks must contain non-whitespace text"),
  cache_control: cacheControl,
  citations: anything,
});
const image = z.strictObject({
  type: z.literal("image"),
  source: z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("base64"),
      media_type: z.enum(["image/jpeg", "image/png", "image/gif", "image/webp"]),
      data: z.base64(),
    }),
    z.strictObject({ type: z.literal("url"), url: z.url() }),
    z.strictObject({ type: z.literal("file"), file_id: z.string() }),
  ]),
  cache_control: cacheControl,
  transformations: anything,
});
const document = z.strictObject({
  type: z.literal("document"),
  source: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("base64"), media_type: z.literal("application/pdf"), data: z.base64() }),
    z.strictObject({ type: z.literal("text"), media_type: z.literal("text/plain"), data: z.string() }),
    z.strictObject({ type: z.literal("url"), url: z.url() }),
    z.strictObject({ type: z.literal("file"), file_id: z.string() }),
  ]),
  title: z.string().nullish(),
  context: z.string().nullish(),
  cache_control: cacheControl,
  citations: anything,
});
const searchResult = z.strictObject({
  type: z.literal("search_result"),
  source: z.string(),
  title: z.string(),
  content: z.array(text),
  cache_control: cacheControl,
  citations: anything,
});
const toolUse = z.strictObject({
  type: z.literal("tool_use"),
  id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,200}$/),
  input: z.record(z.string(), z.unknown()),
  cache_control: cacheControl,
  caller: anything,
  toolset_name: anything,
});
const toolResult = z.strictObject({
  type: z.literal("tool_result"),
  tool_use_id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
  content: z
    .union([z.string(), z.array(z.discriminatedUnion("type", [text, image, document, searchResult]))])
    .optional(),
  is_error: z.boolean().optional(),
  cache_control: cacheControl,
  toolset_name: anything,
});
const thinkingBlock = z.strictObject({
  type: z.literal("thinking"),
  thinking: z.string(),
  signature: z.string().min(1, "`signature` is required"),
});
const redactedThinking = z.strictObject({ type: z.literal("redacted_thinking"), data: z.string() });

export const block = z.discriminatedUnion("type", [
  text,
  image,
  document,
  searchResult,
  toolUse,
  toolResult,
  thinkingBlock,
  redactedThinking,
]);

const message = z.strictObject({
  role: z.enum(["user", "assistant", "system"]),
  content: z.union([z.string().min(1, "content must not be empty"), z.array(block)]),
});

const customTool = z.strictObject({
  type: z.literal("custom").nullish(),
  name,
  description: z.string().optional(),
  input_schema: z
    .looseObject({ type: z.literal("object") })
    .refine(
      (schema) => !["oneOf", "allOf", "anyOf"].some((key) => key in schema),
      "input_schema does not support oneOf, allOf, or anyOf at the top level",
    ),
  cache_control: cacheControl,
  allowed_callers: anything,
  defer_loading: z.boolean().optional(),
  eager_input_streaming: z.boolean().nullish(),
  input_examples: z.array(z.record(z.string(), z.unknown())).optional(),
  strict: z.boolean().optional(),
});
/** Tools that Anthropic runs itself; of these the simulator knows the web search. */
const serverTool = z.looseObject({
  type: z.string().regex(/^[a-z_]+_20\d{6}$/),
  name: name.optional(),
  cache_control: cacheControl,
});

const disableParallel = z.boolean().optional();
const toolChoice = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("auto"), disable_parallel_tool_use: disableParallel }),
  z.strictObject({ type: z.literal("any"), disable_parallel_tool_use: disableParallel }),
  z.strictObject({ type: z.literal("tool"), name: z.string(), disable_parallel_tool_use: disableParallel }),
  z.strictObject({ type: z.literal("none") }),
]);

const display = z.enum(["summarized", "omitted"]).nullish();
const thinking = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("enabled"),
    budget_tokens: z.int().min(1_024, "must be greater than or equal to 1024"),
    display,
  }),
  z.strictObject({ type: z.literal("adaptive"), display }),
  z.strictObject({ type: z.literal("between_tools") }),
  z.strictObject({ type: z.literal("disabled") }),
]);

const counted = {
  model: z.string().min(1),
  messages: z.array(message).nonempty("at least one message is required"),
  cache_control: cacheControl,
  output_config: z
    .strictObject({
      effort: z.enum(["low", "medium", "high", "xhigh", "max"]).nullish(),
      format: z
        .strictObject({ type: z.literal("json_schema"), schema: z.record(z.string(), z.unknown()) })
        .nullish(),
    })
    .optional(),
  speed: z.enum(["standard", "fast"]).nullish(),
  system: z.union([z.string(), z.array(text)]).optional(),
  thinking: thinking.optional(),
  tool_choice: toolChoice.optional(),
  tools: z.array(z.union([customTool, serverTool])).optional(),
  user_profile_id: z.string().optional(),
  workspace_id: z.string().optional(),
} satisfies Record<keyof MessageCountTokensParams, z.ZodType>;

/** The body of `POST /v1/messages/count_tokens`. */
export const countRequest = z.strictObject(counted);

/** The body of `POST /v1/messages`; a field that the SDK's types do not have is refused. */
export const messageRequest = z.strictObject({
  ...counted,
  max_tokens: z.int().positive("must be greater than or equal to 1"),
  stream: z.boolean().optional(),
  stop_sequences: z
    .array(z.string().regex(/\S/, "each stop sequence must contain non-whitespace"))
    .optional(),
  metadata: z.strictObject({ user_id: z.string().max(256).nullish() }).optional(),
  service_tier: z.enum(["auto", "standard_only"]).optional(),
  inference_geo: z.string().nullish(),
  container: anything,
  diagnostics: anything,
  // Older models take these; the newest SDK has dropped them.
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().nonnegative().optional(),
} satisfies Record<keyof MessageCreateParams | "temperature" | "top_p" | "top_k", z.ZodType>);

export type MessageRequest = z.output<typeof messageRequest>;
export type Block = z.output<typeof block>;
export type Message = z.output<typeof message>;

/** The blocks of a message; a text is one block. */
export function blocksOf({ content }: Message): Block[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}
