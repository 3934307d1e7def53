import type { Definitions } from "../../../litellm-config";
import { calls, type Dashboard } from "../widget";

/** What goes in against what comes out, how full the models' windows are, and what the cache saves. */
export function tokenEfficiency({ models }: Definitions): Dashboard {
  const windows = Object.entries(models).map(
    ([name, { maxPromptTokens }]) => `${name} ${maxPromptTokens.toLocaleString("en-US")}`,
  );
  return {
    name: "Token efficiency",
    description: `Input against output tokens, and prompts against the models' windows. Longest prompt: ${windows.join(", ")} tokens.`,
    tiles: [
      calls("Input tokens", [0, 0, 3, 4], [["inputTokens", "sum"]], { chart: "NUMBER" }),
      calls("Output tokens", [3, 0, 3, 4], [["outputTokens", "sum"]], { chart: "NUMBER" }),
      calls("Cost of input", [6, 0, 3, 4], [["inputCost", "sum"]], { chart: "NUMBER" }),
      calls("Cost of output", [9, 0, 3, 4], [["outputCost", "sum"]], { chart: "NUMBER" }),
      calls("Input tokens over time", [0, 4, 3, 6], [["inputTokens", "sum"]], { chart: "BAR_TIME_SERIES" }),
      calls("Output tokens over time", [3, 4, 3, 6], [["outputTokens", "sum"]], { chart: "BAR_TIME_SERIES" }),
      calls("Cost of input over time", [6, 4, 3, 6], [["inputCost", "sum"]], { chart: "BAR_TIME_SERIES" }),
      calls("Cost of output over time", [9, 4, 3, 6], [["outputCost", "sum"]], { chart: "BAR_TIME_SERIES" }),
      calls("Input tokens of a call, p95", [0, 10, 6, 6], [["inputTokens", "p95"]], {
        chart: "HORIZONTAL_BAR",
        by: ["providedModelName"],
        rows: 20,
        about: "Against the window in the dashboard's description: how full it gets.",
      }),
      calls("Input tokens of a call, distribution", [6, 10, 6, 6], [["inputTokens", "histogram"]], {
        chart: "HISTOGRAM",
        bins: 20,
      }),
      calls(
        "Models by tokens",
        [0, 16, 12, 6],
        [
          ["inputTokens", "avg"],
          ["outputTokens", "avg"],
          ["outputTokensPerSecond", "avg"],
        ],
        { chart: "PIVOT_TABLE", by: ["providedModelName"], rows: 50, sortBy: "avg_inputTokens" },
      ),
    ],
  };
}
