import { z } from "zod";
import { decimal } from "../money";
import { SPEND_DIMENSIONS, type SpendRow } from "../sources/source";
import { periodInput, periodOutput, resolvePeriod } from "./period";
import { defineTool, READS_CLOUD } from "./tool";

/** What was spent in a period, by service, project, SKU or day. */
export const getSpend = defineTool({
  name: "get-spend",
  title: "Get cloud spend",
  description:
    "Net Google Cloud spend (after credits) in a period, split by service, project, sku or day, largest first (days in " +
    "order). Use it for how much was spent and on what. To learn what changed between two periods use compare-periods; " +
    "to look for unusual days use list-anomalies.",
  annotations: READS_CLOUD,
  input: z.object({
    ...periodInput("last_30_days"),
    group_by: z.enum(SPEND_DIMENSIONS).default("service").describe("What to split the spend by"),
    service: z.string().min(1).max(200).optional().describe('Only this service, as "Compute Engine"'),
    project: z.string().min(1).max(200).optional().describe("Only this project id"),
    limit: z.int().min(1).max(400).default(25).describe("Rows at most; the rest is summed up in other"),
  }),
  output: z.object({
    ...periodOutput,
    currency: z.string().describe("ISO 4217 code of every amount"),
    total: z.string().describe("Decimal amount"),
    rows: z.array(z.object({ key: z.string(), cost: z.string() })),
    other: z.string().nullable().describe("Spend of the groups beyond limit; null when there are none"),
  }),
  async execute({ group_by, service, project, limit, ...named }, { sources, now }) {
    const period = resolvePeriod(named, now());
    const { currency, rows } = await sources.spend({ period, groupBy: [group_by], service, project });
    const keyOf = (row: SpendRow) => row[group_by] ?? "";
    const inOrder =
      group_by === "day"
        ? [...rows].sort((a, b) => keyOf(a).localeCompare(keyOf(b)))
        : [...rows].sort((a, b) => b.costNanos - a.costNanos || keyOf(a).localeCompare(keyOf(b)));
    const sum = (some: SpendRow[]) => decimal(some.reduce((total, row) => total + row.costNanos, 0));
    const rest = inOrder.slice(limit);
    return {
      ...period,
      currency,
      total: sum(rows),
      rows: inOrder.slice(0, limit).map((row) => ({ key: keyOf(row), cost: decimal(row.costNanos) })),
      other: rest.length > 0 ? sum(rest) : null,
    };
  },
});
