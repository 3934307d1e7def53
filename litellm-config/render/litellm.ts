import { stringify } from "yaml";
import { toDollars } from "../money";
import type { Definitions, Price, Provider } from "../schema";
import {
  litellmConfigSchema,
  LONG_PROMPT_PRICES,
  type CachePoint,
  type Deployment,
  type LitellmConfig,
  type LitellmPrices,
} from "./litellm-schema";

/** Where calls go: `providers` is Anthropic, Vertex AI and the self-hosted server; `provider-url` one server for all. */
export type LitellmTarget = "providers" | "provider-url";

type Connection = Pick<
  Deployment["litellm_params"],
  "model" | "api_base" | "api_key" | "vertex_project" | "vertex_location"
>;

/**
 * How LiteLLM reaches a model: through the guard's meter, which alone knows the providers' real addresses and keys. A client
 * that goes around it finds no server under these names.
 */
const meter = (provider: string) => `https://${provider}.meter.invalid`;
const apiKey = "held-by-the-meter";

const connections: Record<Provider | "provider-url", (model: string) => Connection> = {
  anthropic: (model) => ({ model: `anthropic/${model}`, api_base: meter("anthropic"), api_key: apiKey }),
  vertex: (model) => ({
    model: `vertex_ai/${model}`,
    api_base: meter("vertex"),
    vertex_project: "os.environ/VERTEXAI_PROJECT",
    vertex_location: "os.environ/VERTEXAI_LOCATION",
  }),
  self_hosted: (model) => ({ model: `openai/${model}`, api_base: meter("self-hosted"), api_key: apiKey }),
  "provider-url": (model) => ({ model: `openai/${model}`, api_base: meter("provider-url"), api_key: apiKey }),
};

/** LiteLLM's metrics, without the suffix of their kind. */
const LITELLM_METRICS = [
  "litellm_deployment_failed_fallbacks",
  "litellm_deployment_successful_fallbacks",
  "litellm_llm_api_latency_metric",
];

/** LiteLLM's configuration of some definitions, in the shape that its proxy reads. */
export function litellmConfig(definitions: Definitions, options: { target: LitellmTarget }): LitellmConfig {
  const { models, routes, gateway } = definitions;

  const deployment = (group: string, model: string, weight?: number): Deployment => {
    const definition = models[model]!;
    const { provider, promptCache } = definition;
    const connect = connections[options.target === "provider-url" ? "provider-url" : provider];
    return {
      model_name: group,
      litellm_params: {
        ...connect(model),
        ...(weight === undefined ? {} : { weight }),
        // The client below LiteLLM would retry by itself, unseen by the guard.
        max_retries: 0,
        ...(promptCache && options.target === "providers"
          ? { cache_control_injection_points: cachePoints(promptCache) }
          : {}),
      },
      // The guard recognizes the model of an attempt by this id.
      model_info: {
        id: `${group}/${model}`,
        ...(definition.embedding ? { mode: "embedding" } : {}),
        ...prices(definition),
      },
    };
  };

  const config: LitellmConfig = {
    model_list: [
      ...Object.entries(routes).flatMap(([route, { variants }]) =>
        variants.map(({ model, weight }) => deployment(route, model, weight)),
      ),
      ...Object.keys(models).map((model) => deployment(model, model)),
    ],
    router_settings: {
      routing_strategy: "simple-shuffle",
      fallbacks: Object.entries(routes).map(([route, { fallbacks }]) => ({ [route]: fallbacks })),
      num_retries: gateway.retries,
      // A provider may bill an attempt that timed out, so that one is not repeated at the same model.
      retry_policy: {
        TimeoutErrorRetries: 0,
        BadRequestErrorRetries: 0,
        AuthenticationErrorRetries: 0,
        ContentPolicyViolationErrorRetries: 0,
        NotFoundErrorRetries: 0,
        RateLimitErrorRetries: gateway.retries,
        InternalServerErrorRetries: gateway.retries,
        ServiceUnavailableErrorRetries: gateway.retries,
      },
      // One bad minute of a provider must not close a route that has no other variant: the fallback covers it call by call.
      disable_cooldowns: true,
      timeout: gateway.requestTimeout,
    },
    litellm_settings: {
      callbacks: ["tollgate_guard.plugin.guard", "tollgate_guard.plugin.generations", "prometheus"],
      request_timeout: gateway.requestTimeout,
      drop_params: true,
      json_logs: true,
      cache: true,
      cache_params: {
        type: "redis",
        host: "os.environ/REDIS_HOST",
        port: "os.environ/REDIS_PORT",
        password: "os.environ/REDIS_PASSWORD",
        namespace: "litellm",
        ttl: gateway.cacheTtl,
        supported_call_types: ["acompletion"],
        // The default of four skips the cache for any longer conversation, silently.
        max_messages: null,
      },
      require_auth_for_metrics_endpoint: false,
      // Those that dashboards, rules and runbooks read next to the guard's. All of LiteLLM's metrics take a twentieth of a call's time.
      prometheus_metrics_config: [{ group: "tollgate", metrics: LITELLM_METRICS }],
    },
    general_settings: {
      custom_auth: "tollgate_guard.plugin.authenticate",
      disable_spend_logs: true,
    },
  };
  return litellmConfigSchema.parse(config);
}

/** LiteLLM's prices of a model, in dollars. It knows prices of long prompts by their threshold's name only. */
function prices({ price, longPrompts = [] }: Definitions["models"][string]): LitellmPrices {
  const { input, output, cacheRead, cacheWrite5m, cacheWrite1h } = price;
  return {
    input_cost_per_token: toDollars(input),
    output_cost_per_token: toDollars(output),
    cache_read_input_token_cost: toDollars(cacheRead),
    cache_creation_input_token_cost: toDollars(cacheWrite5m),
    cache_creation_input_token_cost_above_1hr: toDollars(cacheWrite1h),
    ...Object.assign({}, ...longPrompts.map(longPrices)),
  };
}

function longPrices({ above, ...price }: Price & { above: number }): Partial<LitellmPrices> {
  const suffix = `above_${above / 1_000}k_tokens`;
  const named = {
    [`input_cost_per_token_${suffix}`]: toDollars(price.input),
    [`output_cost_per_token_${suffix}`]: toDollars(price.output),
    [`cache_read_input_token_cost_${suffix}`]: toDollars(price.cacheRead),
    [`cache_creation_input_token_cost_${suffix}`]: toDollars(price.cacheWrite5m),
    [`cache_creation_input_token_cost_above_1hr_${suffix}`]: toDollars(price.cacheWrite1h),
  };
  // A key that LiteLLM does not know would go to the provider as a parameter.
  return Object.fromEntries(Object.entries(named).filter(([key]) => LONG_PROMPT_PRICES.has(key)));
}

/** Tools and system prompt, and the conversation up to its last message: Anthropic caches everything before a mark. */
function cachePoints(ttl: "5m" | "1h"): CachePoint[] {
  const control = { type: "ephemeral" as const, ...(ttl === "1h" ? { ttl } : {}) };
  return [
    { location: "message", role: "system", control },
    { location: "message", index: -1, control },
  ];
}

/** The text of LiteLLM's `config.yaml`. */
export function renderLitellmConfig(definitions: Definitions, options: { target: LitellmTarget }): string {
  const text = stringify(litellmConfig(definitions, options), { lineWidth: 0 });
  // LiteLLM reads YAML 1.1, where `1e-7` is a text: write every price in full.
  return text.replace(/: (\d+(?:\.\d+)?e-\d+)$/gm, (_, price: string) => `: ${decimal(Number(price))}`);
}

function decimal(price: number): string {
  return price.toFixed(15).replace(/0+$/, "");
}
