import type { GuardConfig, GuardPrice } from "../../litellm-config/render/guard";
import { onFiles } from "../deployed/files";
import type { Props, Rule } from "../rule";
import { guardRule, judgeGuard, judgeLitellm } from "./deployed";

type Model = GuardConfig["models"][string];
type Route = GuardConfig["routes"][string];

/** Every kind of token that a provider bills, as the guard and as LiteLLM name its price. */
const GUARD_PRICES = [
  "input_nanos",
  "output_nanos",
  "cache_read_nanos",
  "cache_write_5m_nanos",
  "cache_write_1h_nanos",
] as const;
const LITELLM_PRICES = [
  "input_cost_per_token",
  "output_cost_per_token",
  "cache_read_input_token_cost",
  "cache_creation_input_token_cost",
  "cache_creation_input_token_cost_above_1hr",
];

export const modelsPriced: Rule = {
  name: "models-priced",
  description: "Every model that a call may reach has a price for every kind of token.",
  severity: "critical",
  remedy: "Give the model its provider's list price in litellm-config/definitions/models.ts",
  checks: onFiles((file) => [
    ...judgeGuard(file, guardPrices, undefined),
    ...judgeLitellm(file, ({ model_list = [] }) =>
      (model_list as Props[]).flatMap(({ model_name, model_info = {} }) =>
        LITELLM_PRICES.filter(
          (price) => !isPrice(model_info[price], price, model_info.mode === "embedding"),
        ).map((price) => `${model_name} has ${price} ${model_info[price] ?? "not set"}`),
      ),
    ),
  ]),
};

function guardPrices({ models, routes }: GuardConfig): string[] {
  const reachable = new Set(Object.values(routes).flatMap(modelsOf).concat(Object.keys(models)));
  return [...reachable].flatMap((name) => {
    const model = models[name];
    if (!model) return [`${name} is on a route and has no price`];
    const prices = [
      { price: model as GuardPrice, where: "" },
      ...model.long_prompts.map((price) => ({
        price,
        where: ` for prompts above ${price.above_tokens} tokens`,
      })),
    ];
    return prices.flatMap(({ price, where }) =>
      GUARD_PRICES.filter((kind) => !isPrice(price[kind], kind, typeof model.dimensions === "number")).map(
        (kind) => `${name} has ${kind} ${price[kind] ?? "not set"}${where}`,
      ),
    );
  });
}

/** An embedding has no output, which costs nothing then. */
function isPrice(value: number | undefined, kind: string, embeds: boolean): boolean {
  return value !== undefined && (value > 0 || (value === 0 && embeds && kind.startsWith("output")));
}

export const degradeCheaper = guardRule({
  name: "degrade-cheaper",
  description:
    "The models that calls degrade to are cheaper, in and out and at every prompt length, than every model that they replace.",
  severity: "high",
  remedy: "Name a cheaper model in the degrade route of litellm-config/definitions/routes.ts",
  check: ({ tiers, routes, models }) => {
    const degradeRoutes = new Set(Object.values(tiers).map(({ degrade_to }) => degrade_to));
    const replaced = Object.entries(routes)
      .filter(([name]) => !degradeRoutes.has(name))
      .flatMap(([, route]) => route.variants);
    return [...degradeRoutes].flatMap((name) => {
      const route = routes[name];
      if (!route) return [`The degrade route ${name} does not exist`];
      return modelsOf(route).flatMap((cheap) =>
        [...new Set(replaced)]
          .filter((replaced) => !isCheaper(models[cheap], models[replaced]))
          .map((replaced) => `${cheap} of the degrade route ${name} is not cheaper than ${replaced}`),
      );
    });
  },
});

export const fallbackElsewhere = guardRule({
  name: "fallback-elsewhere",
  description: "Every route has a fallback at a provider that serves none of the route's models.",
  severity: "high",
  remedy: "Add a model of another provider to the route's fallbacks in litellm-config/definitions/routes.ts",
  check: ({ routes, models }) =>
    Object.entries(routes)
      .filter(([, { variants, fallbacks }]) => {
        const own = new Set(variants.map((model) => models[model]?.provider));
        return !fallbacks.some((model) => models[model] && !own.has(models[model].provider));
      })
      .map(([name]) => `The route ${name} has no fallback at another provider`),
});

const DAY = 24 * 3_600_000;

export const fallbackLasting = guardRule<{ withinDays: number }>({
  name: "fallback-lasting",
  description: "Every route has a fallback that is neither a preview nor about to be retired.",
  severity: "medium",
  remedy:
    "Add a generally available model to the route's fallbacks in litellm-config/definitions/routes.ts, or replace the fallback",
  enforcement: { dev: "advisory", prod: "advisory" },
  settings: { withinDays: { type: "number", default: 60, minimum: 1 } },
  check: ({ routes, models }, { withinDays }) =>
    Object.entries(routes).flatMap(([name, { fallbacks }]) => {
      const doubts = fallbacks.map((fallback) => doubtAbout(models[fallback], withinDays));
      if (doubts.some((doubt) => doubt === undefined)) return [];
      const reasons = fallbacks.map((fallback, i) => `${fallback} ${doubts[i]}`).join(", and ");
      return [`The route ${name} falls back to nothing that lasts: ${reasons}`];
    }),
});

function doubtAbout(model: Model | undefined, withinDays: number): string | undefined {
  if (!model) return "is not known";
  if (model.deprecation_date !== null) {
    const days = Math.ceil((Date.parse(model.deprecation_date) - Date.now()) / DAY);
    if (days <= 0) return `was retired on ${model.deprecation_date}`;
    if (days <= withinDays) return `is retired on ${model.deprecation_date}, in ${days} days`;
  }
  return model.preview ? "is a preview" : undefined;
}

function modelsOf({ variants, fallbacks }: Route): string[] {
  return [...variants, ...fallbacks];
}

function isCheaper(cheap: Model | undefined, replaced: Model | undefined): boolean {
  if (!cheap || !replaced) return false;
  const lengths = [cheap, replaced].flatMap(({ long_prompts }) =>
    long_prompts.map(({ above_tokens }) => above_tokens + 1),
  );
  return [1, ...lengths].every((tokens) => {
    const [less, more] = [priceOf(cheap, tokens), priceOf(replaced, tokens)];
    return less.input_nanos < more.input_nanos && less.output_nanos < more.output_nanos;
  });
}

/** The price of a request whose prompt has so many tokens. */
function priceOf(model: Model, tokens: number): GuardPrice {
  return model.long_prompts.findLast(({ above_tokens }) => tokens > above_tokens) ?? model;
}
