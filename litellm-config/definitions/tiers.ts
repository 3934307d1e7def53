import { usd } from "../money";
import type { TierInput } from "../schema";

/** What a customer pays a month and what the conversations of that customer may cost in LLM calls (16-18 % of it). */
export const tiers: Record<string, TierInput> = {
  tier_1: {
    price: usd("49"),
    monthlyBudget: usd("8"),
    dailyBudget: usd("2"),
    hourlyBudget: usd("1"),
    degradeTo: "economy",
  },
  tier_2: {
    price: usd("99"),
    monthlyBudget: usd("18"),
    dailyBudget: usd("4.50"),
    hourlyBudget: usd("2"),
    degradeTo: "economy",
  },
  tier_3: {
    price: usd("199"),
    monthlyBudget: usd("35"),
    dailyBudget: usd("8.75"),
    hourlyBudget: usd("4"),
    degradeTo: "economy",
  },
};
