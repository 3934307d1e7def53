import { formatUsd, type Definitions } from "../../../litellm-config";
import { MARGIN_SCORES } from "../score-names";
import type { WidgetFilter } from "../api";
import { calls, scored, scores, ofCall, type Dashboard } from "../widget";

/** Revenue less LLM cost, by tier. */
export function marginTracker({ tiers }: Definitions): Dashboard {
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
          filters: [ofCall("plan_tier", tier)],
          about: `Each customer pays ${formatUsd(price)} a month and may cost ${formatUsd(monthlyBudget)}.`,
        }),
      ),
      ...names.map(([tier], at) =>
        scores(`Margin over time, USD: ${tier}`, [at * width, 4, width, 6], "min", {
          chart: "LINE_TIME_SERIES",
          filters: ofTier(MARGIN_SCORES.margin, tier),
          about: "It starts a month at the plans' revenue and falls as conversations cost.",
        }),
      ),
      ...names.flatMap(([tier], at) => [
        scores(`Revenue, USD: ${tier}`, [at * width, 10, width, 4], "max", {
          chart: "NUMBER",
          filters: ofTier(MARGIN_SCORES.revenue, tier),
        }),
        scores(`LLM cost from the ledger, USD: ${tier}`, [at * width, 14, width, 4], "max", {
          chart: "NUMBER",
          filters: ofTier(MARGIN_SCORES.cost, tier),
        }),
      ]),
    ],
  };
}

/** A score of one tier. Langfuse draws no time series by session, of which there may be any number. */
function ofTier(score: string, tier: string): WidgetFilter[] {
  return [
    scored([score]),
    { type: "stringOptions", column: "sessionId", operator: "any of", value: [`tier:${tier}`] },
  ];
}
