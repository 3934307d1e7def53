import type { Definitions } from "../schema";

/** Which prices, limits and routes the guard decides by: the shape of `guard.json`. Money in nano-dollars, times in seconds. */
export interface GuardConfig {
  tiers: Record<string, { price_nanos: number; budget_nanos: number; degrade_to: string }>;
  session: { budget_nanos: number; tokens_per_minute: number; calls: number };
  thresholds: { percent: number; action: string }[];
  models: Record<
    string,
    {
      provider: string;
      input_nanos: number;
      output_nanos: number;
      cache_read_nanos: number;
      cache_write_nanos: number;
      max_prompt_tokens: number;
      max_output_tokens: number;
    }
  >;
  routes: Record<string, { variants: string[]; fallbacks: string[]; default_max_tokens: number }>;
  request_timeout: number;
  hold_lease: number;
  settle_margin: number;
  token_wait: number;
  hold_wait: number;
}

/** The guard's configuration of some definitions. */
export function guardConfig(definitions: Definitions): GuardConfig {
  const { tiers, session, thresholds, models, routes, gateway } = definitions;
  return {
    tiers: mapValues(tiers, (tier) => ({
      price_nanos: tier.price,
      budget_nanos: tier.monthlyBudget,
      degrade_to: tier.degradeTo,
    })),
    session: {
      budget_nanos: session.budget,
      tokens_per_minute: session.tokensPerMinute,
      calls: session.calls,
    },
    thresholds,
    models: mapValues(models, (model) => ({
      provider: model.provider,
      input_nanos: model.price.input,
      output_nanos: model.price.output,
      cache_read_nanos: model.price.cacheRead,
      cache_write_nanos: model.price.cacheWrite,
      max_prompt_tokens: model.maxPromptTokens,
      max_output_tokens: model.maxOutputTokens,
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
  };
}

/** The text of `guard.json`. */
export function renderGuardConfig(definitions: Definitions): string {
  return `${JSON.stringify(guardConfig(definitions), null, 2)}\n`;
}

function mapValues<V, W>(record: Record<string, V>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
