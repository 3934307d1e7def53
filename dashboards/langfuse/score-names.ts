/**
 * Scores that carry the ledger's money into Langfuse, which knows what calls cost and nothing of prices. Each stands on a
 * session that is named after its tier or customer, as a score must stand on something.
 */
export const MARGIN_SCORES = {
  revenue: "plan_revenue_usd",
  cost: "llm_cost_usd",
  margin: "margin_usd",
  /** A customer's LLM cost of the month in percent of the plan's price. */
  share: "plan_share_percent",
} as const;
