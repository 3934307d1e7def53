import type { Definitions, QueryType } from "./schema";

/** Who Langfuse's judges are to the gateway: a customer of the operator's own, so that judging has a budget and limits. */
export interface Judge {
  customerId: string;
  name: string;
  /** Its budgets are the judges'. */
  tier: string;
  queryType: QueryType;
  model: string;
}

const CUSTOMER_ID = "tollgate-judges";

/** SQL, a condition on `ledger.customers`: who pays for a plan. The judges cost money and bring none. */
export const PAYS = `disabled_at IS NULL AND customer_id <> '${CUSTOMER_ID}'`;

/** The judges with the smallest monthly budget and the cheapest model, by price, that any route reaches. */
export function judgeOf({ tiers, routes, models }: Pick<Definitions, "tiers" | "routes" | "models">): Judge {
  const reached = Object.values(routes).flatMap(({ variants, fallbacks }) => [
    ...variants.map(({ model }) => model),
    ...fallbacks,
  ]);
  return {
    customerId: CUSTOMER_ID,
    name: "Langfuse's judges",
    tier: least(Object.keys(tiers), (tier) => tiers[tier]!.monthlyBudget),
    queryType: "simple_lookup",
    model: least(reached, (model) => models[model]!.price.input + models[model]!.price.output),
  };
}

function least(names: string[], amount: (name: string) => number): string {
  return names.reduce((best, name) => (amount(name) < amount(best) ? name : best));
}
