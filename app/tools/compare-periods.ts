import { z } from "zod";
import type { NanoDollars } from "../../litellm-config";
import { decimal } from "../money";
import type { Spend } from "../sources/source";
import { periodBefore, periodInput, periodOutput, resolvePeriod } from "./period";
import { defineTool, READS_CLOUD } from "./tool";

const amounts = z.object({ ...periodOutput, cost: z.string() });

/** What changed from one period to the next, and what drove it. */
export const comparePeriods = defineTool({
  name: "compare-periods",
  title: "Compare two periods",
  description:
    "Compares spend in a period with the one before it (same length; a whole month with the month before) and lists what " +
    "changed most, by service, project or sku. Use it for why costs went up or down: first by service, then by sku with " +
    "that service.",
  annotations: READS_CLOUD,
  input: z.object({
    ...periodInput("last_week"),
    group_by: z
      .enum(["service", "project", "sku"])
      .default("service")
      .describe("What to look for drivers in"),
    service: z.string().min(1).max(200).optional().describe("Only this service"),
    limit: z.int().min(1).max(100).default(10).describe("Drivers at most, largest change first"),
  }),
  output: z.object({
    currency: z.string().describe("ISO 4217 code of every amount"),
    current: amounts,
    previous: amounts,
    change: z.string().describe("current - previous"),
    change_percent: z.number().nullable().describe("Of previous; null when that was nothing"),
    drivers: z.array(
      z.object({ key: z.string(), current: z.string(), previous: z.string(), change: z.string() }),
    ),
  }),
  async execute({ group_by, service, limit, ...named }, { sources, now }) {
    const period = resolvePeriod(named, now());
    const before = periodBefore(period);
    const [current, previous] = (await Promise.all(
      [period, before].map((each) => sources.spend({ period: each, groupBy: [group_by], service })),
    )) as [Spend, Spend];
    const byKey = (spend: Spend) =>
      new Map(spend.rows.map((row) => [row[group_by] ?? "", row.costNanos] as const));
    const after = byKey(current);
    const earlier = byKey(previous);
    const drivers = [...new Set([...after.keys(), ...earlier.keys()])]
      .map((key) => ({ key, current: after.get(key) ?? 0, previous: earlier.get(key) ?? 0 }))
      .map((row) => ({ ...row, change: row.current - row.previous }))
      .filter(({ change }) => change !== 0)
      .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || a.key.localeCompare(b.key));
    const totals = [total(after), total(earlier)] as const;
    return {
      currency: current.currency,
      current: { ...period, cost: decimal(totals[0]) },
      previous: { ...before, cost: decimal(totals[1]) },
      change: decimal(totals[0] - totals[1]),
      change_percent: totals[1] > 0 ? Math.round(((totals[0] - totals[1]) * 1_000) / totals[1]) / 10 : null,
      drivers: drivers.slice(0, limit).map((row) => ({
        key: row.key,
        current: decimal(row.current),
        previous: decimal(row.previous),
        change: decimal(row.change),
      })),
    };
  },
});

function total(costs: Map<string, NanoDollars>): NanoDollars {
  return [...costs.values()].reduce((sum, cost) => sum + cost, 0);
}
