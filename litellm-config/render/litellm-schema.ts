import { z } from "zod";

/**
 * The keys of LiteLLM's `config.yaml` that Tollgate uses, strictly: LiteLLM itself accepts any key and ignores those it
 * does not know.
 */
const text = z.string().min(1);
const environment = z.templateLiteral(["os.environ/", z.string().regex(/^[A-Z][A-Z0-9_]*$/)]);
const count = z.int().nonnegative();
const seconds = z.int().positive();
const dollars = z.number().nonnegative();

const price = z.strictObject({
  input_cost_per_token: dollars,
  output_cost_per_token: dollars,
  cache_read_input_token_cost: dollars,
  /** A five-minute write. */
  cache_creation_input_token_cost: dollars,
  cache_creation_input_token_cost_above_1hr: dollars,
});

/** The prices of long prompts that LiteLLM knows (its `CustomPricingLiteLLMParams`). */
const longPromptPrice = z.strictObject({
  input_cost_per_token_above_100k_tokens: dollars.optional(),
  output_cost_per_token_above_100k_tokens: dollars.optional(),
  cache_read_input_token_cost_above_100k_tokens: dollars.optional(),
  cache_creation_input_token_cost_above_100k_tokens: dollars.optional(),
  cache_creation_input_token_cost_above_1hr_above_100k_tokens: dollars.optional(),
  input_cost_per_token_above_200k_tokens: dollars.optional(),
  output_cost_per_token_above_200k_tokens: dollars.optional(),
  cache_read_input_token_cost_above_200k_tokens: dollars.optional(),
  cache_creation_input_token_cost_above_200k_tokens: dollars.optional(),
  input_cost_per_token_above_272k_tokens: dollars.optional(),
  output_cost_per_token_above_272k_tokens: dollars.optional(),
  cache_read_input_token_cost_above_272k_tokens: dollars.optional(),
  cache_creation_input_token_cost_above_272k_tokens: dollars.optional(),
});

export const LONG_PROMPT_PRICES: ReadonlySet<string> = new Set(Object.keys(longPromptPrice.shape));

/** Where LiteLLM marks a message for Anthropic's cache: by role, or by its place from the end. */
const cachePoint = z.strictObject({
  location: z.literal("message"),
  role: z.literal("system").optional(),
  index: z.int().negative().optional(),
  control: z.strictObject({ type: z.literal("ephemeral"), ttl: z.literal("1h").optional() }),
});

const deployment = z.strictObject({
  model_name: text,
  litellm_params: z.strictObject({
    model: z.string().regex(/^(anthropic|vertex_ai|openai)\/.+$/),
    api_base: z.string().regex(/^https:\/\/[a-z-]+\.meter\.invalid$/),
    api_key: z.literal("held-by-the-meter").optional(),
    vertex_project: environment.optional(),
    vertex_location: environment.optional(),
    weight: z.int().positive().optional(),
    max_retries: z.literal(0),
    cache_control_injection_points: z.array(cachePoint).nonempty().optional(),
  }),
  /** Prices in `litellm_params` would be registered anew at each call, which empties LiteLLM's caches of what it knows of models. */
  model_info: z.strictObject({
    id: text,
    mode: z.literal("embedding").optional(),
    ...price.shape,
    ...longPromptPrice.shape,
  }),
});

export const litellmConfigSchema = z.strictObject({
  model_list: z.array(deployment).nonempty(),
  router_settings: z.strictObject({
    routing_strategy: z.literal("simple-shuffle"),
    fallbacks: z.array(z.record(text, z.array(text).nonempty())),
    num_retries: count,
    retry_policy: z.strictObject({
      TimeoutErrorRetries: z.literal(0),
      BadRequestErrorRetries: count,
      AuthenticationErrorRetries: count,
      ContentPolicyViolationErrorRetries: count,
      NotFoundErrorRetries: count,
      RateLimitErrorRetries: count,
      InternalServerErrorRetries: count,
      ServiceUnavailableErrorRetries: count,
    }),
    disable_cooldowns: z.boolean(),
    timeout: seconds,
  }),
  litellm_settings: z.strictObject({
    callbacks: z.array(text).nonempty(),
    request_timeout: seconds,
    drop_params: z.literal(true),
    json_logs: z.literal(true),
    cache: z.boolean(),
    cache_params: z.strictObject({
      type: z.literal("redis"),
      host: environment,
      port: environment,
      password: environment,
      namespace: text,
      ttl: seconds,
      supported_call_types: z.array(z.literal("acompletion")),
      max_messages: z.null(),
    }),
    require_auth_for_metrics_endpoint: z.literal(false),
    prometheus_metrics_config: z
      .array(z.strictObject({ group: text, metrics: z.array(text).nonempty() }))
      .nonempty(),
  }),
  general_settings: z.strictObject({
    custom_auth: text,
    disable_spend_logs: z.literal(true),
  }),
});

export type LitellmConfig = z.output<typeof litellmConfigSchema>;
export type Deployment = z.output<typeof deployment>;
export type LitellmPrices = z.output<typeof price> & z.output<typeof longPromptPrice>;
export type CachePoint = z.output<typeof cachePoint>;
