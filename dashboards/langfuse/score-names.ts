/**
 * Scores that `npm run langfuse:margins` writes out of the ledger, as Langfuse knows costs but no prices. Each stands on a
 * session that is named after the tier or the customer, since a score must stand on something.
 */
export const MARGIN_SCORES = {
  revenue: "plan_revenue_usd",
  cost: "llm_cost_usd",
  margin: "margin_usd",
  /** A customer's LLM cost of the month in percent of the plan's price. */
  share: "plan_share_percent",
} as const;
