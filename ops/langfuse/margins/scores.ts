import { toDollars, type NanoDollars } from "../../../litellm-config";
import { MARGIN_SCORES } from "../../../dashboards/langfuse/score-names";

export interface TierMoney {
  tier: string;
  price: NanoDollars;
  customers: number;
  /** This month. */
  spent: NanoDollars;
}

export interface CustomerMoney {
  customer: string;
  /** Of the customer's plan. */
  price: NanoDollars;
  spent: NanoDollars;
}

export interface MarginScore {
  /** The same for the same thing on the same day: written again it takes the earlier one's place. */
  id: string;
  sessionId: string;
  name: string;
  value: number;
}

/**
 * The scores of one day: revenue, cost and margin of each tier, and each customer's cost against the plan's price.
 *
 * @param day As `2026-11-24`, UTC.
 */
export function marginScores(day: string, tiers: TierMoney[], customers: CustomerMoney[]): MarginScore[] {
  const score = (sessionId: string, name: string, value: number) => ({
    id: `${name}.${sessionId}.${day}`,
    sessionId,
    name,
    value,
  });
  return [
    ...tiers.flatMap(({ tier, price, customers: paying, spent }) => {
      const revenue = price * paying;
      return [
        score(`tier:${tier}`, MARGIN_SCORES.revenue, toDollars(revenue)),
        score(`tier:${tier}`, MARGIN_SCORES.cost, toDollars(spent)),
        score(`tier:${tier}`, MARGIN_SCORES.margin, toDollars(revenue - spent)),
      ];
    }),
    ...customers.map(({ customer, price, spent }) =>
      // Hundredths of a percent are enough to look at.
      score(`customer:${customer}`, MARGIN_SCORES.share, Math.round((spent * 10_000) / price) / 100),
    ),
  ];
}
