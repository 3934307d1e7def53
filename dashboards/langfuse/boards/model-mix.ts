import type { Definitions } from "../../../litellm-config";
import { calls, models, scored, scores, ofTrace, type Dashboard } from "../widget";

/** Routes whose models are the cheap ones; every other model that answers in text is expensive. */
const CHEAP_ROUTES = ["simple", "economy"];

/** The share of cheap and expensive models, and what each delivers for its cost. */
export function modelMix({ routes, models: priced }: Definitions): Dashboard {
  const cheap = new Set(
    Object.entries(routes)
      .filter(([name]) => CHEAP_ROUTES.includes(name))
      .flatMap(([, { variants, fallbacks }]) => [...variants.map(({ model }) => model), ...fallbacks]),
  );
  const expensive = Object.keys(priced).filter((name) => !cheap.has(name) && !priced[name]!.embedding);
  const compared = [
    ...new Set(
      Object.values(routes)
        .filter(({ variants }) => variants.length > 1)
        .flatMap(({ variants }) => variants.map(({ model }) => model)),
    ),
  ];
  const width = Math.floor(6 / Math.max(1, compared.length));
  return {
    name: "Model usage mix",
    description: `Cheap models: ${[...cheap].join(", ")}. Expensive ones: ${expensive.join(", ")}.`,
    tiles: [
      calls("Calls to cheap models", [0, 0, 3, 4], [["count", "count"]], {
        chart: "NUMBER",
        filters: [models([...cheap])],
      }),
      calls("Calls to expensive models", [3, 0, 3, 4], [["count", "count"]], {
        chart: "NUMBER",
        filters: [models(expensive)],
      }),
      calls("Cost of cheap models", [6, 0, 3, 4], [["totalCost", "sum"]], {
        chart: "NUMBER",
        filters: [models([...cheap])],
      }),
      calls("Cost of expensive models", [9, 0, 3, 4], [["totalCost", "sum"]], {
        chart: "NUMBER",
        filters: [models(expensive)],
      }),
      calls("Calls by model", [0, 4, 6, 6], [["count", "count"]], {
        chart: "AREA_TIME_SERIES",
        by: ["providedModelName"],
      }),
      calls("Cost by model", [6, 4, 6, 6], [["totalCost", "sum"]], {
        chart: "AREA_TIME_SERIES",
        by: ["providedModelName"],
      }),
      calls(
        "Models in numbers",
        [0, 10, 6, 6],
        [
          ["count", "count"],
          ["totalCost", "sum"],
          ["latency", "p95"],
          ["timeToFirstToken", "p95"],
        ],
        { chart: "PIVOT_TABLE", by: ["providedModelName"], rows: 50, sortBy: "sum_totalCost" },
      ),
      ...compared.map((model, at) =>
        scores(`Question answered: ${model}`, [6 + at * width, 10, width, 6], "avg", {
          chart: "NUMBER",
          filters: [scored(["question-answered"]), ofTrace("model_used", model)],
          about: "The judge's average. These models share a route, so they answer the same kind of query.",
        }),
      ),
    ],
  };
}
