import { judgeOf } from "../judge";
import { EMBEDDING_QUERY_TYPE, QUERY_TYPES, type Definitions, type Price } from "../schema";

/** Nano-dollars per token. */
export interface GuardPrice {
  input_nanos: number;
  output_nanos: number;
  cache_read_nanos: number;
  cache_write_5m_nanos: number;
  cache_write_1h_nanos: number;
}

export interface GuardModel extends GuardPrice {
  provider: string;
  /** Prices of prompts above a number of tokens, in ascending order. */
  long_prompts: ({ above_tokens: number } & GuardPrice)[];
  regional_uplift_percent: number;
  max_prompt_tokens: number;
  max_output_tokens: number;
  prompt_cache: "5m" | "1h" | null;
  /** Tokens and pixels; null: it takes no images. */
  images: { most: number; tile: number | null; tile_tokens: number; base: number } | null;
  documents: boolean;
  /** The most numbers in a vector; null: it answers in text. */
  dimensions: number | null;
  preview: boolean;
  /** A day, such as "2027-07-21". */
  deprecation_date: string | null;
}

/** Which prices, limits and routes the guard decides by: the shape of `guard.json`. Money in nano-dollars, times in seconds. */
export interface GuardConfig {
  tiers: Record<
    string,
    {
      price_nanos: number;
      budget_nanos: number;
      daily_nanos: number;
      hourly_nanos: number;
      degrade_to: string;
    }
  >;
  fleet: {
    customers: Record<string, number>;
    daily_nanos: number;
    hourly_nanos: number;
    degrade_at_percent: number;
  };
  prorated: boolean;
  session: { budget_nanos: number; tokens_per_minute: number; calls: number };
  thresholds: { percent: number; action: string }[];
  models: Record<string, GuardModel>;
  routes: Record<string, { variants: string[]; fallbacks: string[]; default_max_tokens: number }>;
  request_timeout: number;
  hold_lease: number;
  settle_margin: number;
  token_wait: number;
  hold_wait: number;
  /** Of one customer in each worker: calls in flight, and calls that wait. */
  customer_calls: number;
  customer_queue: number;
  queue_wait: number;
  /** Bytes of requests in each worker. */
  worker_bytes: number;
  query_types: readonly string[];
  embedding_query_type: string;
  judge: { customer_id: string; name: string; tier: string; query_type: string; model: string };
}

/** The guard's configuration of some definitions. */
export function guardConfig(definitions: Definitions): GuardConfig {
  const { tiers, fleet, billing, session, thresholds, models, routes, gateway } = definitions;
  const judge = judgeOf(definitions);
  return {
    tiers: mapValues(tiers, (tier) => ({
      price_nanos: tier.price,
      budget_nanos: tier.monthlyBudget,
      daily_nanos: tier.dailyBudget,
      hourly_nanos: tier.hourlyBudget,
      degrade_to: tier.degradeTo,
    })),
    fleet: {
      customers: fleet.customers,
      daily_nanos: fleet.dailyBudget,
      hourly_nanos: fleet.hourlyBudget,
      degrade_at_percent: fleet.degradeAtPercent,
    },
    prorated: billing.tierChanges === "prorated",
    session: {
      budget_nanos: session.budget,
      tokens_per_minute: session.tokensPerMinute,
      calls: session.calls,
    },
    thresholds,
    models: mapValues(models, (model) => ({
      provider: model.provider,
      ...guardPrice(model.price),
      long_prompts: (model.longPrompts ?? []).map(({ above, ...price }) => ({
        above_tokens: above,
        ...guardPrice(price),
      })),
      regional_uplift_percent: model.regionalUpliftPercent ?? 0,
      max_prompt_tokens: model.maxPromptTokens,
      max_output_tokens: model.maxOutputTokens,
      prompt_cache: model.promptCache ?? null,
      images: model.images
        ? {
            most: model.images.most,
            tile: model.images.tile ?? null,
            tile_tokens: model.images.tileTokens ?? 1,
            base: model.images.base ?? 0,
          }
        : null,
      documents: model.documents ?? false,
      dimensions: model.embedding?.dimensions ?? null,
      preview: model.preview ?? false,
      deprecation_date: model.deprecationDate ?? null,
    })),
    routes: mapValues(routes, (route) => ({
      variants: route.variants.map(({ model }) => model),
      fallbacks: route.fallbacks,
      default_max_tokens: route.defaultMaxTokens,
    })),
    request_timeout: gateway.requestTimeout,
    hold_lease: gateway.holdLease,
    settle_margin: gateway.settleMargin,
    token_wait: gateway.tokenWait,
    hold_wait: gateway.holdWait,
    customer_calls: gateway.customerCalls,
    customer_queue: gateway.customerQueue,
    queue_wait: gateway.queueWait,
    worker_bytes: gateway.workerBytes,
    query_types: QUERY_TYPES,
    embedding_query_type: EMBEDDING_QUERY_TYPE,
    judge: {
      customer_id: judge.customerId,
      name: judge.name,
      tier: judge.tier,
      query_type: judge.queryType,
      model: judge.model,
    },
  };
}

function guardPrice({ input, output, cacheRead, cacheWrite5m, cacheWrite1h }: Price): GuardPrice {
  return {
    input_nanos: input,
    output_nanos: output,
    cache_read_nanos: cacheRead,
    cache_write_5m_nanos: cacheWrite5m,
    cache_write_1h_nanos: cacheWrite1h,
  };
}

/** The text of `guard.json`. */
export function renderGuardConfig(definitions: Definitions): string {
  return `${JSON.stringify(guardConfig(definitions), null, 2)}\n`;
}

function mapValues<V, W>(record: Record<string, V>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
