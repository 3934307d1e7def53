/**
 * Scores that carry the ledger's money into Langfuse, which has calls' costs but no prices. Each belongs to a
 * session that is named after its tier or customer, because a score needs an object.
 */
export const MARGIN_SCORES = {
  revenue: "plan_revenue_usd",
  cost: "llm_cost_usd",
  margin: "margin_usd",
  /** A customer's LLM cost of the month in percent of the plan's price. */
  share: "plan_share_percent",
} as const;
