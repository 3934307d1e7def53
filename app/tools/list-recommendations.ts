import { z } from "zod";
import { groupBy } from "../group-by";
import { decimal, sum } from "../money";
import { RECOMMENDATION_KINDS, type Recommendation } from "../sources/source";
import { currencyNote, only } from "./billing-answer";
import { defineTool, READS_CLOUD } from "./tool";

/** What Google recommends to save money, by what it saves. */
export const listRecommendations = defineTool({
  name: "list-recommendations",
  title: "List savings recommendations",
  description:
    "Google's active recommendations to save money: idle or oversized machines and databases, unattached disks, unused " +
    "addresses, with the saving a month, largest first. The total counts alternatives once. Use it for how to cut the bill.",
  annotations: READS_CLOUD,
  input: z.strictObject({
    kinds: z
      .array(z.enum(RECOMMENDATION_KINDS))
      .min(1)
      .optional()
      .describe("Only these kinds; all when absent"),
    limit: z.int().min(1).max(100).default(20).describe("Recommendations at most"),
  }),
  output: z.object({
    currency: z
      .string()
      .nullable()
      .describe("ISO 4217; null when there are none, or several currencies: then see totals"),
    total_monthly_saving: z
      .string()
      .nullable()
      .describe(
        "Of all that can be followed together, shown or not; null in several currencies: then see totals",
      ),
    totals: z.array(z.object({ currency: z.string(), monthly_saving: z.string() })),
    found: z.int(),
    recommendations: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(RECOMMENDATION_KINDS),
        resource: z.string().describe("Full resource name"),
        location: z.string(),
        description: z.string(),
        currency: z.string(),
        monthly_saving: z.string().describe("Over 30 days"),
        priority: z.string().describe("P1 (most important) to P4"),
        alternative_to: z
          .string()
          .nullable()
          .describe("The id of a larger saving that excludes this one, which is then not in the total"),
      }),
    ),
    missing: z.array(z.string()).describe("What could not be asked: the answer then lacks it"),
    notes: z.array(z.string()).describe("What a reader of the figures has to know: pass it on"),
  }),
  async execute({ kinds, limit }, { sources }) {
    const { found, missing } = await sources.recommendations(kinds ?? RECOMMENDATION_KINDS);
    const ranked = withoutAlternatives(found);
    const together = ranked.filter(({ alternativeTo }) => alternativeTo === null);
    const totals = [...groupBy(together, ({ currency }) => currency)].map(([currency, of]) => ({
      currency,
      monthly_saving: decimal(sum(of.map(({ monthlySaving }) => monthlySaving))),
    }));
    return {
      currency: only(totals)?.currency ?? null,
      total_monthly_saving: found.length === 0 ? decimal(0n) : (only(totals)?.monthly_saving ?? null),
      totals,
      found: found.length,
      recommendations: ranked
        .slice(0, limit)
        .map(({ monthlySaving, xorGroup: _, alternativeTo, ...rest }) => ({
          ...rest,
          monthly_saving: decimal(monthlySaving),
          alternative_to: alternativeTo,
        })),
      missing,
      notes: [
        ...currencyNote(totals),
        ...(missing.length > 0
          ? [
              `This is only a part: Google could not be asked for ${missing.length} of the lists, such as ${missing[0]}.`,
            ]
          : []),
      ],
    };
  },
});

type Ranked = Recommendation & { alternativeTo: string | null };

/**
 * Ranks recommendations by their saving and marks those that a larger one excludes: of alternatives (`xorGroupId`) only one
 * can be followed, and a machine that is stopped is not resized as well.
 */
function withoutAlternatives(found: readonly Recommendation[]): Ranked[] {
  const taken = new Map<string, string>();
  const bySaving = (a: Recommendation, b: Recommendation) =>
    a.monthlySaving === b.monthlySaving
      ? a.id.localeCompare(b.id)
      : a.monthlySaving < b.monthlySaving
        ? 1
        : -1;
  return [...found].sort(bySaving).map((each) => {
    const claims = [
      each.resource && `resource ${each.resource}`,
      each.xorGroup && `group ${each.xorGroup}`,
    ].filter((claim): claim is string => Boolean(claim));
    const alternativeTo = claims.map((claim) => taken.get(claim)).find((id) => id !== undefined) ?? null;
    if (alternativeTo === null) for (const claim of claims) taken.set(claim, each.id);
    return { ...each, alternativeTo };
  });
}
