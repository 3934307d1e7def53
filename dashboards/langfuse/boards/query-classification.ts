import { QUERY_TYPES } from "../../../litellm-config";
import { calls, ofCall, type Dashboard, type DashboardWidget } from "../widget";

const WIDTH = 12 / QUERY_TYPES.length;

/** Which kinds of query there are, and what each costs. */
export function queryClassification(): Dashboard {
  return {
    name: "Query classification",
    description:
      "Kinds of query and their cost profiles. The agent classifies a question before it answers it.",
    tiles: [
      ...QUERY_TYPES.flatMap((type, at): DashboardWidget[] => {
        const filters = [ofCall("query_type", type)];
        const x = at * WIDTH;
        return [
          calls(`Calls: ${type}`, [x, 0, WIDTH, 4], [["count", "count"]], { chart: "NUMBER", filters }),
          calls(`Cost: ${type}`, [x, 4, WIDTH, 4], [["totalCost", "sum"]], { chart: "NUMBER", filters }),
          calls(`Cost over time: ${type}`, [x, 8, WIDTH, 5], [["totalCost", "sum"]], {
            chart: "BAR_TIME_SERIES",
            by: ["providedModelName"],
            filters,
          }),
        ];
      }),
      calls(
        "Cost profile of a call",
        [0, 13, 12, 6],
        [
          ["totalCost", "p50"],
          ["totalCost", "p95"],
          ["totalTokens", "avg"],
          ["latency", "p95"],
        ],
        {
          chart: "PIVOT_TABLE",
          by: ["name"],
          rows: 20,
          sortBy: "p95_totalCost",
          about: "The gateway names each call after its kind of query.",
        },
      ),
    ],
  };
}
