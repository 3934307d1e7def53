import { z } from "zod";
import { decimal } from "../money";
import { RECOMMENDATION_KINDS } from "../sources/source";
import { defineTool, READS_CLOUD } from "./tool";

/** What Google recommends to save money, by what it saves. */
export const listRecommendations = defineTool({
  name: "list-recommendations",
  title: "List savings recommendations",
  description:
    "Google's active recommendations to save money: idle or oversized machines and databases, unattached disks, unused " +
    "addresses, with the saving a month, largest first. Use it for how to cut the bill.",
  annotations: READS_CLOUD,
  input: z.object({
    kinds: z
      .array(z.enum(RECOMMENDATION_KINDS))
      .min(1)
      .optional()
      .describe("Only these kinds; all when absent"),
    limit: z.int().min(1).max(100).default(20).describe("Recommendations at most"),
  }),
  output: z.object({
    currency: z.string().nullable().describe("ISO 4217 code of every amount; null when there are none"),
    total_monthly_saving: z.string().describe("Of all that were found, shown or not"),
    found: z.int(),
    recommendations: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(RECOMMENDATION_KINDS),
        resource: z.string().describe("Full resource name"),
        location: z.string(),
        description: z.string(),
        monthly_saving: z.string(),
        priority: z.string().describe("P1 (most important) to P4"),
      }),
    ),
  }),
  async execute({ kinds, limit }, { sources }) {
    const found = await sources.recommendations(kinds ?? RECOMMENDATION_KINDS);
    found.sort((a, b) => b.monthlySavingNanos - a.monthlySavingNanos || a.id.localeCompare(b.id));
    return {
      currency: found[0]?.currency ?? null,
      total_monthly_saving: decimal(found.reduce((sum, each) => sum + each.monthlySavingNanos, 0)),
      found: found.length,
      recommendations: found.slice(0, limit).map(({ monthlySavingNanos, currency: _, ...rest }) => ({
        ...rest,
        monthly_saving: decimal(monthlySavingNanos),
      })),
    };
  },
});
