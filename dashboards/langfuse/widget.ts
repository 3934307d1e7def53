import type { WidgetFilter, WidgetRequest } from "./api";

/** A widget and its place on the dashboard's twelve columns. */
export interface DashboardWidget {
  title: string;
  place: { x: number; y: number; width: number; height: number };
  query: Omit<WidgetRequest, "name">;
}

export interface Dashboard {
  name: string;
  description: string;
  tiles: DashboardWidget[];
}

type Aggregation = WidgetRequest["metrics"][number]["agg"];
type Chart = WidgetRequest["chartType"];

export interface WidgetOptions {
  chart: Chart;
  /** What to split by: a dimension of the view. */
  by?: string[];
  filters?: WidgetFilter[];
  rows?: number;
  bins?: number;
  /** A pivot table's first order, the largest first: `sum_totalCost`. */
  sortBy?: string;
  about?: string;
}

type Place = [x: number, y: number, width: number, height: number];

/** Calls to models, each once: Langfuse traces its judges' calls too, as the gateway does. */
const generations: WidgetFilter[] = [
  { type: "stringOptions", column: "type", operator: "any of", value: ["GENERATION"] },
  {
    type: "stringOptions",
    column: "environment",
    operator: "none of",
    value: ["langfuse-llm-as-a-judge"],
  },
];

/** A tag of a call. The gateway writes it as metadata of the call: Langfuse's tags are those of the whole trace. */
export function ofCall(tag: "plan_tier" | "query_type", value: string): WidgetFilter {
  return { type: "stringObject", column: "metadata", key: tag, operator: "=", value };
}

/** A tag of a trace, for scores and counts of its root. */
export function ofTrace(tag: "model_used", value: string): WidgetFilter {
  return { type: "arrayOptions", column: "tags", operator: "any of", value: [`${tag}:${value}`] };
}

export function models(names: string[]): WidgetFilter {
  return { type: "stringOptions", column: "providedModelName", operator: "any of", value: names };
}

export function scored(names: string[]): WidgetFilter {
  return { type: "stringOptions", column: "name", operator: "any of", value: names };
}

/** A tile over the calls to models. */
export function calls(
  title: string,
  place: Place,
  metrics: [string, Aggregation][],
  look: WidgetOptions,
): DashboardWidget {
  return tile("observations", title, place, metrics, {
    ...look,
    filters: [...generations, ...(look.filters ?? [])],
  });
}

/** A tile over numeric scores. */
export function scores(title: string, place: Place, agg: Aggregation, look: WidgetOptions): DashboardWidget {
  return tile("scores-numeric", title, place, [["value", agg]], look);
}

function tile(
  view: WidgetRequest["view"],
  title: string,
  [x, y, width, height]: Place,
  metrics: [string, Aggregation][],
  { chart, by = [], filters = [], rows, bins, sortBy, about = "" }: WidgetOptions,
): DashboardWidget {
  return {
    title,
    place: { x, y, width, height },
    query: {
      description: about,
      view,
      dimensions: by.map((field) => ({ field })),
      metrics: metrics.map(([measure, agg]) => ({ measure, agg })),
      filters,
      chartType: chart,
      chartConfig: {
        type: chart,
        ...(rows ? { row_limit: rows } : {}),
        ...(bins ? { bins } : {}),
        ...(sortBy ? { defaultSort: { column: sortBy, order: "DESC" as const } } : {}),
      },
    },
  };
}
