import type { Definitions } from "./schema";

/**
 * The model that judges answers in Langfuse: the cheapest by price that any route reaches at Anthropic.
 *
 * @throws Error when no route reaches one.
 */
export function judgeModel({ routes, models }: Pick<Definitions, "routes" | "models">): string {
  const reached = Object.values(routes).flatMap(({ variants, fallbacks }) => [
    ...variants.map(({ model }) => model),
    ...fallbacks,
  ]);
  const price = (name: string) => models[name]!.price.input + models[name]!.price.output;
  const [cheapest] = reached
    .filter((name) => models[name]?.provider === "anthropic")
    .sort((a, b) => price(a) - price(b));
  if (!cheapest)
    throw new Error(
      "no route reaches a model of Anthropic's: name the judge's model in litellm-config/judge.ts",
    );
  return cheapest;
}
