import type { GuardConfig } from "../../litellm-config/render/guard";
import { onFiles } from "../deployed/files";
import type { Props, Rule } from "../rule";
import { guardRule, judgeGuard, judgeLitellm } from "./deployed";

type Model = GuardConfig["models"][string];
type Route = GuardConfig["routes"][string];

/** Every kind of token that a provider bills, as the guard and as LiteLLM name its price. */
const GUARD_PRICES = ["input_nanos", "output_nanos", "cache_read_nanos", "cache_write_nanos"] as const;
const LITELLM_PRICES = [
  "input_cost_per_token",
  "output_cost_per_token",
  "cache_read_input_token_cost",
  "cache_creation_input_token_cost",
];

export const modelsPriced: Rule = {
  name: "models-priced",
  description: "Every model that a call may reach has a price for every kind of token.",
  severity: "critical",
  remedy: "Give the model its provider's list price in litellm-config/definitions/models.ts",
  checks: onFiles((file) => [
    ...judgeGuard(file, guardPrices, undefined),
    ...judgeLitellm(file, ({ model_list = [] }) =>
      (model_list as Props[]).flatMap(({ model_name, litellm_params = {} }) =>
        LITELLM_PRICES.filter((price) => !(litellm_params[price] > 0)).map(
          (price) => `${model_name} has ${price} ${litellm_params[price] ?? "not set"}`,
        ),
      ),
    ),
  ]),
};

function guardPrices({ models, routes }: GuardConfig): string[] {
  const reachable = new Set(Object.values(routes).flatMap(modelsOf).concat(Object.keys(models)));
  return [...reachable].flatMap((name) => {
    const model = models[name];
    if (!model) return [`${name} is on a route and has no price`];
    return GUARD_PRICES.filter((price) => !(model[price] > 0)).map(
      (price) => `${name} has ${price} ${model[price] ?? "not set"}`,
    );
  });
}

export const degradeCheaper = guardRule({
  name: "degrade-cheaper",
  description:
    "The models that calls degrade to are cheaper, in and out, than every model that they replace.",
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
          .filter((dear) => !isCheaper(models[cheap], models[dear]))
          .map((dear) => `${cheap} of the degrade route ${name} is not cheaper than ${dear}`),
      );
    });
  },
});

export const fallbackElsewhere = guardRule({
  name: "fallback-elsewhere",
  description: "Every route has a fallback at a provider that none of its own models is at.",
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

function modelsOf({ variants, fallbacks }: Route): string[] {
  return [...variants, ...fallbacks];
}

function isCheaper(cheap: Model | undefined, dear: Model | undefined): boolean {
  return (
    cheap !== undefined &&
    dear !== undefined &&
    cheap.input_nanos < dear.input_nanos &&
    cheap.output_nanos < dear.output_nanos
  );
}
