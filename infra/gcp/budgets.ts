import { formatUsd, type Definitions } from "../../litellm-config";

/** The definitions as the gateway's component takes them. */
export function budgetsOf({ tiers, session, thresholds }: Definitions) {
  return {
    budgets: Object.fromEntries(
      Object.entries(tiers).map(([tier, { price, monthlyBudget }]) => [
        tier,
        {
          price: `${formatUsd(price)} a month`,
          monthlyBudget: `${formatUsd(monthlyBudget)} a month`,
          share: Math.round((monthlyBudget / price) * 1000) / 10,
          priceNanos: price,
          monthlyBudgetNanos: monthlyBudget,
        },
      ]),
    ),
    session: {
      budget: formatUsd(session.budget),
      budgetNanos: session.budget,
      tokensPerMinute: session.tokensPerMinute,
      calls: session.calls,
    },
    thresholds: Object.fromEntries(thresholds.map(({ action, percent }) => [action, percent])),
  };
}
