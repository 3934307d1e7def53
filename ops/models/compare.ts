import type { Definitions, Price } from "../../litellm-config";
import { listName, listNanos, type ListEntry, type PriceList } from "./price-list";

type Model = Definitions["models"][string];
type Value = number | string | null;

/** A field in which a definition and the list do not agree. Prices in nano-dollars per token; null: has none. */
export interface Difference {
  model: string;
  field: string;
  definition: Value;
  list: Value;
  /** Why the definition differs, in the words of its `reasons`. */
  reason?: string;
}

/** Where definitions contradict the list, and reasons that no longer explain anything. */
export function comparePrices(models: Definitions["models"], list: PriceList): Difference[] {
  return Object.entries(models).flatMap(([name, model]) => {
    const key = listName(model.provider, name, model.embedding !== undefined);
    const entry = key === undefined ? {} : list[key];
    const found =
      key === undefined
        ? []
        : entry
          ? compareModel(model, entry)
          : [{ field: "model", definition: name, list: null }];
    const reasons = model.reasons ?? {};
    const stale = Object.keys(reasons).filter((field) => !found.some((each) => each.field === field));
    return [
      ...found.map((each) => ({
        model: name,
        ...each,
        ...(reasons[each.field] ? { reason: reasons[each.field] } : {}),
      })),
      ...stale.map((field) => ({
        model: name,
        field: `reasons.${field}`,
        definition: reasons[field]!,
        list: null,
      })),
    ];
  });
}

/** Whether a difference needs a person to look at it. */
export function isUnexplained({ reason }: Difference): boolean {
  return reason === undefined;
}

type Finding = Omit<Difference, "model" | "reason">;

const PRICE_KEYS: Record<keyof Price, (suffix: string) => string> = {
  input: (suffix) => `input_cost_per_token${suffix}`,
  output: (suffix) => `output_cost_per_token${suffix}`,
  cacheRead: (suffix) => `cache_read_input_token_cost${suffix}`,
  cacheWrite5m: (suffix) => `cache_creation_input_token_cost${suffix}`,
  cacheWrite1h: (suffix) => `cache_creation_input_token_cost_above_1hr${suffix}`,
};

const LONG_PROMPT_KEY = /^(?:input|output)_cost_per_token_above_(\d+)k_tokens$/;

function compareModel(model: Model, entry: ListEntry): Finding[] {
  const findings: Finding[] = [];
  const compare = (field: string, definition: Value, list: Value) => {
    if (definition !== list) findings.push({ field, definition, list });
  };
  const comparePrice = (price: Price | undefined, above: number) => {
    const suffix = above === 0 ? "" : `_above_${above / 1_000}k_tokens`;
    for (const kind of Object.keys(PRICE_KEYS) as (keyof Price)[]) {
      const listed = listNanos(entry, PRICE_KEYS[kind](suffix));
      // Where the list has no price for the cache, its tokens cost as much as input.
      const cached = kind !== "input" && kind !== "output";
      if (listed === undefined && price && cached && price[kind] === price.input) continue;
      compare(above === 0 ? kind : `${kind} above ${above}`, price?.[kind] ?? null, listed ?? null);
    }
  };

  comparePrice(model.price, 0);
  const reasoning = listNanos(entry, "output_cost_per_reasoning_token");
  if (reasoning !== undefined) compare("output of reasoning", model.price.output, reasoning);
  const longPrompts = new Map((model.longPrompts ?? []).map(({ above, ...price }) => [above, price]));
  const listed = Object.keys(entry).flatMap((key) => LONG_PROMPT_KEY.exec(key)?.[1] ?? []);
  const thresholds = new Set([
    ...longPrompts.keys(),
    ...listed.map((thousands) => Number(thousands) * 1_000),
  ]);
  for (const above of [...thresholds].sort((one, other) => one - other)) {
    comparePrice(longPrompts.get(above), above);
  }

  compare("maxPromptTokens", model.maxPromptTokens, (entry.max_input_tokens as number) ?? null);
  compare(
    "maxOutputTokens",
    model.maxOutputTokens,
    (entry.max_output_tokens as number) ?? (model.embedding ? 0 : null),
  );
  compare("dimensions", model.embedding?.dimensions ?? null, (entry.output_vector_size as number) ?? null);
  compare("deprecationDate", model.deprecationDate ?? null, (entry.deprecation_date as string) ?? null);
  if (model.provider === "vertex") {
    const uplift = entry.regional_endpoint_uplift_multiplier;
    const percent = typeof uplift === "number" ? Math.round((uplift - 1) * 100) : 0;
    compare("regionalUpliftPercent", model.regionalUpliftPercent ?? 0, percent);
  }
  return findings;
}
