import { formatUsd, type Definitions } from "../../../litellm-config";
import { MARGIN_SCORES } from "../score-names";
import { calls, scored, scores, type Dashboard } from "../widget";

/** What each customer costs, against what the customer's plan brings. */
export function costPerCustomer({ tiers }: Definitions): Dashboard {
  const plans = Object.entries(tiers).map(
    ([tier, { price, monthlyBudget }]) =>
      `${tier} pays ${formatUsd(price)} a month and may cost ${formatUsd(monthlyBudget)}`,
  );
  return {
    name: "Cost per customer",
    description: `LLM cost of each customer against the plan's revenue. ${plans.join("; ")}.`,
    tiles: [
      calls("LLM cost", [0, 0, 3, 4], [["totalCost", "sum"]], { chart: "NUMBER" }),
      calls("Customers with calls", [3, 0, 3, 4], [["uniqueUserIds", "uniq"]], { chart: "NUMBER" }),
      scores("LLM cost in percent of the plan's price", [6, 0, 6, 8], "max", {
        chart: "HORIZONTAL_BAR",
        by: ["sessionId"],
        filters: [scored([MARGIN_SCORES.share])],
        rows: 20,
        about: "This month, from the ledger, of customers who have spent.",
      }),
      calls("Cost over time", [0, 4, 6, 8], [["totalCost", "sum"]], { chart: "BAR_TIME_SERIES" }),
      calls("Cost by customer", [6, 8, 6, 8], [["totalCost", "sum"]], {
        chart: "HORIZONTAL_BAR",
        by: ["userId"],
        rows: 20,
      }),
      calls(
        "Customers in numbers",
        [0, 12, 6, 8],
        [
          ["totalCost", "sum"],
          ["totalTokens", "sum"],
          ["count", "count"],
        ],
        { chart: "PIVOT_TABLE", by: ["userId"], rows: 100, sortBy: "sum_totalCost" },
      ),
    ],
  };
}
