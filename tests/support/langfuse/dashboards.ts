import { z } from "zod";
import { Answer, now, numberedPage, refuse, type Route } from "./http";

/** Fields of the views over Langfuse's events (`packages/shared/src/features/query/dataModel.ts`, version 2). */
const FIELDS = {
  observations: {
    dimensions: [
      "environment",
      "type",
      "name",
      "level",
      "version",
      "userId",
      "sessionId",
      "tags",
      "release",
      "traceName",
      "providedModelName",
      "promptName",
      "promptVersion",
      "startTimeMonth",
      "toolNames",
      "calledToolNames",
      "costType",
      "usageType",
    ],
    measures: [
      "count",
      "uniqueUserIds",
      "uniqueSessionIds",
      "latency",
      "inputTokens",
      "outputTokens",
      "totalTokens",
      "outputTokensPerSecond",
      "tokensPerSecond",
      "inputCost",
      "outputCost",
      "totalCost",
      "timeToFirstToken",
      "toolCalls",
      "costByType",
      "usageByType",
    ],
  },
  "scores-numeric": {
    dimensions: [
      "environment",
      "name",
      "source",
      "dataType",
      "timestampMonth",
      "timestampDay",
      "sessionId",
      "traceName",
      "userId",
      "tags",
      "observationName",
      "observationModelName",
    ],
    measures: ["count", "value"],
  },
} as const;

const MEASURES_WITH_DIMENSION: Record<string, string> = { costByType: "costType", usageByType: "usageType" };

const aggregation = z.enum([
  "sum",
  "avg",
  "count",
  "max",
  "min",
  "p50",
  "p75",
  "p90",
  "p95",
  "p99",
  "histogram",
  "uniq",
]);

const filter = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("stringOptions"),
    column: z.string(),
    operator: z.enum(["any of", "none of"]),
    value: z.array(z.string()).min(1),
  }),
  z.strictObject({
    type: z.literal("arrayOptions"),
    column: z.string(),
    operator: z.enum(["any of", "none of", "all of"]),
    value: z.array(z.string()).min(1),
  }),
  // `queryBuilder.ts`: metadata is filtered by key.
  z.strictObject({
    type: z.literal("stringObject"),
    column: z.literal("metadata"),
    key: z.string().min(1),
    operator: z.enum(["=", "contains", "does not contain", "starts with", "ends with"]),
    value: z.string(),
  }),
]);

const rows = { row_limit: z.int().positive().max(1000).optional() };
const chartConfig = z.discriminatedUnion("type", [
  z.strictObject({ type: z.enum(["LINE_TIME_SERIES", "AREA_TIME_SERIES", "BAR_TIME_SERIES"]) }),
  z.strictObject({ type: z.enum(["VERTICAL_BAR", "PIE", "NUMBER"]), ...rows }),
  z.strictObject({ type: z.literal("HORIZONTAL_BAR"), show_value_labels: z.boolean().optional(), ...rows }),
  z.strictObject({ type: z.literal("HISTOGRAM"), bins: z.int().min(1).max(100).default(10), ...rows }),
  z.strictObject({
    type: z.literal("PIVOT_TABLE"),
    defaultSort: z.strictObject({ column: z.string(), order: z.enum(["ASC", "DESC"]) }).optional(),
    ...rows,
  }),
]);

const widget = z
  .strictObject({
    name: z.string().min(1),
    description: z.string().default(""),
    view: z.enum(["observations", "scores-numeric"]),
    dimensions: z.array(z.strictObject({ field: z.string() })),
    metrics: z.array(z.strictObject({ measure: z.string(), agg: aggregation })).min(1),
    filters: z.array(filter),
    chartType: z.string(),
    chartConfig,
  })
  .superRefine(({ view, dimensions, metrics, filters, chartType, chartConfig: config }, context) => {
    const { dimensions: known, measures } = FIELDS[view] as {
      dimensions: readonly string[];
      measures: readonly string[];
    };
    const problem = (text: string) => context.addIssue({ code: "custom", message: text });
    for (const { field } of dimensions)
      if (!known.includes(field)) problem(`no dimension ${field} in ${view}`);
    for (const { column } of filters) if (!known.includes(column)) problem(`no column ${column} in ${view}`);
    for (const { measure } of metrics) {
      if (!measures.includes(measure)) problem(`no measure ${measure} in ${view}`);
      const needs = MEASURES_WITH_DIMENSION[measure];
      if (needs && !dimensions.some(({ field }) => field === needs)) problem(`${measure} needs ${needs}`);
    }
    if (config.type !== chartType) problem("chartConfig.type is not chartType");
    if (config.type === "PIVOT_TABLE" && config.defaultSort) {
      const columns = metrics.map(({ agg, measure }) => `${agg}_${measure}`);
      if (!columns.includes(config.defaultSort.column))
        problem(`no column ${config.defaultSort.column} to sort by`);
    }
  });

const placement = z.strictObject({
  type: z.literal("widget"),
  id: z.string().min(1),
  widgetId: z.string(),
  x: z.int().min(0).max(11),
  y: z.int().min(0),
  width: z.int().min(1).max(12),
  height: z.int().min(1),
});

const dashboard = z.strictObject({
  name: z.string().min(1),
  description: z.string().default(""),
  definition: z.strictObject({ widgets: z.array(placement) }).default({ widgets: [] }),
  filters: z.array(filter).default([]),
});

export interface Dashboards {
  widgets: (z.infer<typeof widget> & { id: string })[];
  dashboards: (z.infer<typeof dashboard> & { id: string })[];
}

/** Dashboards and widgets, the unstable part. */
export function dashboardRoutes({ widgets, dashboards }: Dashboards): Route[] {
  const unknownWidget = ({ definition }: z.infer<typeof dashboard>) =>
    definition.widgets.find(({ widgetId }) => !widgets.some(({ id }) => id === widgetId));
  const shown = (each: object) => ({ createdAt: now(), updatedAt: now(), ...each });

  return [
    {
      method: "GET",
      path: /^\/api\/public\/unstable\/dashboard-widgets$/,
      answer: ({ query }) => numberedPage(widgets.map(shown), query),
    },
    {
      method: "POST",
      path: /^\/api\/public\/unstable\/dashboard-widgets$/,
      answer: ({ body }) => {
        const made = { id: `widget-${widgets.length + 1}`, ...widget.parse(body) };
        widgets.push(made);
        return new Answer(200, shown(made));
      },
    },
    {
      method: "PATCH",
      path: /^\/api\/public\/unstable\/dashboard-widgets\/([^/]+)$/,
      answer: ({ params: [id], body }) => {
        const existing = widgets.find((each) => each.id === id);
        if (!existing) return refuse(404, "resource_not_found", `no widget ${id}`);
        Object.assign(existing, widget.parse(body));
        return new Answer(200, shown(existing));
      },
    },
    {
      method: "GET",
      path: /^\/api\/public\/unstable\/dashboards$/,
      answer: ({ query }) => numberedPage(dashboards.map(shown), query),
    },
    {
      method: "POST",
      path: /^\/api\/public\/unstable\/dashboards$/,
      answer: ({ body }) => {
        const request = dashboard.parse(body);
        if (unknownWidget(request)) return refuse(404, "resource_not_found", "Dashboard widget not found");
        const made = { id: `dashboard-${dashboards.length + 1}`, ...request };
        dashboards.push(made);
        return new Answer(200, shown(made));
      },
    },
    {
      method: "PATCH",
      path: /^\/api\/public\/unstable\/dashboards\/([^/]+)$/,
      answer: ({ params: [id], body }) => {
        const existing = dashboards.find((each) => each.id === id);
        if (!existing) return refuse(404, "resource_not_found", `no dashboard ${id}`);
        const request = dashboard.parse(body);
        if (unknownWidget(request)) return refuse(404, "resource_not_found", "Dashboard widget not found");
        Object.assign(existing, request);
        return new Answer(200, shown(existing));
      },
    },
  ];
}
