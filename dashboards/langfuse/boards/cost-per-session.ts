import { formatUsd, type Definitions } from "../../../litellm-config";
import { calls, type Dashboard } from "../widget";

/** What conversations cost, and which are far from the others. */
export function costPerSession({ session }: Definitions): Dashboard {
  return {
    name: "Cost per session",
    description: `What conversations cost. The gateway ends one at ${formatUsd(session.budget)}; from ${formatUsd(session.runawayAt)} on it counts as running away.`,
    tiles: [
      calls("Sessions", [0, 0, 3, 4], [["uniqueSessionIds", "uniq"]], { chart: "NUMBER" }),
      calls("Cost of all sessions", [3, 0, 3, 4], [["totalCost", "sum"]], { chart: "NUMBER" }),
      calls("Most expensive sessions", [6, 0, 6, 10], [["totalCost", "sum"]], {
        chart: "HORIZONTAL_BAR",
        by: ["sessionId"],
        rows: 20,
        about: `Above ${formatUsd(session.runawayAt)}: open the session and read what the agent did.`,
      }),
      calls("Cost of a call, distribution", [0, 4, 6, 6], [["totalCost", "histogram"]], {
        chart: "HISTOGRAM",
        bins: 20,
      }),
      calls(
        "Sessions in numbers",
        [0, 10, 12, 8],
        [
          ["totalCost", "sum"],
          ["count", "count"],
          ["totalTokens", "sum"],
          ["latency", "p95"],
        ],
        { chart: "PIVOT_TABLE", by: ["sessionId"], rows: 100, sortBy: "sum_totalCost" },
      ),
    ],
  };
}
