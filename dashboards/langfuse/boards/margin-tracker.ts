import { formatUsd, type Definitions } from "../../../litellm-config";
import { MARGIN_SCORES } from "../score-names";
import { calls, scored, scores, tagged, type Board } from "../widget";

/** Revenue less LLM cost, by tier. */
export function marginTracker({ tiers }: Definitions): Board {
  const names = Object.entries(tiers);
  const width = Math.floor(12 / names.length);
  return {
    name: "Margin tracker",
    description:
      "Plan revenue less LLM cost by tier, this month so far. Revenue and margin come from the ledger (`npm run langfuse:margins`).",
    tiles: [
      ...names.map(([tier, { price, monthlyBudget }], at) =>
        calls(`LLM cost: ${tier}`, [at * width, 0, width, 4], [["totalCost", "sum"]], {
          chart: "NUMBER",
          filters: [tagged("plan_tier", tier)],
          about: `Each customer pays ${formatUsd(price)} a month and may cost ${formatUsd(monthlyBudget)}.`,
        }),
      ),
      scores("Margin by tier, USD", [0, 4, 12, 6], "min", {
        chart: "LINE_TIME_SERIES",
        by: ["sessionId"],
        filters: [scored([MARGIN_SCORES.margin])],
        about: "It starts a month at the plans' revenue and falls as conversations cost.",
      }),
      scores("Revenue by tier, USD", [0, 10, 6, 6], "max", {
        chart: "VERTICAL_BAR",
        by: ["sessionId"],
        filters: [scored([MARGIN_SCORES.revenue])],
      }),
      scores("LLM cost by tier, USD", [6, 10, 6, 6], "max", {
        chart: "VERTICAL_BAR",
        by: ["sessionId"],
        filters: [scored([MARGIN_SCORES.cost])],
      }),
    ],
  };
}
