import { NANOS_PER_DOLLAR, type Definitions, type NanoDollars } from "../../litellm-config";
import type { ModelRequest } from "./api";

type Prices = Definitions["models"][string]["price"];

/**
 * Names under which usage reaches Langfuse, by the price that applies. LiteLLM, Anthropic and Google each have their own for
 * the same tokens (Langfuse's `default-model-prices.json` lists them); an unknown one would cost nothing there.
 */
const USAGE_TYPES: Record<keyof Prices, string[]> = {
  input: ["input", "input_tokens", "prompt_token_count"],
  output: [
    "output",
    "output_tokens",
    "candidates_token_count",
    "output_reasoning_tokens",
    "thoughts_token_count",
  ],
  cacheRead: [
    "input_cached_tokens",
    "cache_read_input_tokens",
    "input_cache_read",
    "cached_content_token_count",
  ],
  cacheWrite5m: ["cache_creation_input_tokens", "input_cache_creation", "input_cache_creation_5m"],
  cacheWrite1h: ["input_cache_creation_1h"],
};

/** The usage types that make up a prompt. */
const PROMPT_USAGE = "^(input|prompt|cache_|cached_)";

/** The price of every model, from the definitions that LiteLLM and the guard have theirs from. */
export function langfuseModels({ models }: Definitions): ModelRequest[] {
  return Object.entries(models).map(([name, { price, longPrompts = [] }]) => ({
    modelName: name,
    // With or without the provider's name before it.
    matchPattern: `(?i)^([a-z_]+/)?${name.replaceAll(".", "\\.")}$`,
    unit: "TOKENS",
    pricingTiers: [
      { name: "Standard", isDefault: true, priority: 0, conditions: [], prices: pricesByUsageType(price) },
      // The first that fits counts, so the longest comes first.
      ...longPrompts.toReversed().map(({ above, ...long }, i) => ({
        name: `Above ${above.toLocaleString("en-US")} tokens`,
        isDefault: false,
        priority: i + 1,
        conditions: [{ usageDetailPattern: PROMPT_USAGE, operator: "gt" as const, value: above }],
        prices: pricesByUsageType(long),
      })),
    ],
  }));
}

function pricesByUsageType(price: Prices): Record<string, number> {
  return Object.fromEntries(
    (Object.keys(USAGE_TYPES) as (keyof Prices)[]).flatMap((kind) =>
      USAGE_TYPES[kind].map((type) => [type, dollarsPerToken(price[kind])]),
    ),
  );
}

/** Langfuse takes dollars as floating numbers: the one nearest to the exact price. */
function dollarsPerToken(nanos: NanoDollars): number {
  return nanos / NANOS_PER_DOLLAR;
}
