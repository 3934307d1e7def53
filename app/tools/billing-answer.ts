import { z } from "zod";
import type { Coverage } from "../billing/coverage";
import type { Cost, View } from "../billing/summary";
import { TIME_ZONE, type Period } from "../dates";
import { decimal } from "../money";
import { timeZoneOutput } from "./period";

/** What every answer from the bill says about the data that it comes from. */
export const dataOutput = {
  ...timeZoneOutput,
  data_until: z.iso
    .datetime()
    .nullable()
    .describe("When Google last added to the billing data (UTC); null when there are none"),
  unfinished_from: z.iso
    .date()
    .nullable()
    .describe("Costs of this day and of later ones may still grow; null when all days are finished"),
  notes: z.array(z.string()).describe("What a reader of the figures has to know: pass it on"),
};

/** An amount in one currency, taken apart where its parts differ. */
export const costOutput = z.object({
  currency: z.string().describe("ISO 4217 code of every amount in here"),
  total: z.string().describe("Usage view: usage after credits. Invoice view: all that the invoice charges"),
  before_credits: z.string().optional().describe("Usage before credits; absent when there are no credits"),
  credits: z.string().optional().describe("What credits take off; negative"),
  credits_by_type: z.record(z.string(), z.string()).optional().describe('As { "PROMOTION": "-12.00" }'),
  tax: z.string().optional().describe("In an invoice's total, not in usage"),
  adjustments: z
    .string()
    .optional()
    .describe("Google's corrections and goodwill: in an invoice's total, not in usage"),
  rounding: z.string().optional().describe("In an invoice's total, not in usage"),
});

/** Usage before credits and the credits, where there are any. */
export function creditParts(cost: Cost): { before_credits?: string; credits?: string } {
  return cost.hasCredits ? { before_credits: decimal(cost.usage), credits: decimal(cost.credited) } : {};
}

/** A cost as an answer shows it. */
export function describeCost(cost: Cost, view: View): z.output<typeof costOutput> {
  return {
    currency: cost.currency,
    total: decimal(cost.total(view)),
    ...creditParts(cost),
    ...(cost.hasCredits && { credits_by_type: cost.creditsByType() }),
    ...asideOf(cost),
  };
}

function asideOf(cost: Cost): { tax?: string; adjustments?: string; rounding?: string } {
  const parts = { tax: cost.of("tax"), adjustments: cost.of("adjustment"), rounding: cost.of("rounding") };
  return Object.fromEntries(
    Object.entries(parts)
      .filter(([, nanos]) => nanos !== 0n)
      .map(([name, nanos]) => [name, decimal(nanos)]),
  );
}

/** What the answer's data fields say about a period. */
export function describeData(coverage: Coverage, period: Period, notes: readonly string[] = []) {
  const unfinished = coverage.unfinishedFrom(period);
  return {
    time_zone: TIME_ZONE,
    data_until: coverage.dataUntil?.toISOString() ?? null,
    unfinished_from: unfinished,
    notes: [...notes, ...coverageNotes(coverage, period)],
  };
}

function coverageNotes(coverage: Coverage, period: Period): string[] {
  const { dataUntil, firstDay } = coverage;
  if (dataUntil === null) {
    return [
      "The billing export is still empty. Google begins to fill a new export within a few hours, and may need up to five days.",
    ];
  }
  const until = minuteOf(dataUntil);
  if (!coverage.touches(period)) {
    const begin = firstDay === null ? "" : `begin on ${firstDay} and `;
    return [
      `There is no billing data for ${nameOf(period)} (Pacific time): the data ${begin}end at ${until}.`,
    ];
  }
  const notes: string[] = [];
  if (firstDay !== null && firstDay > period.from) {
    notes.push(`The billing data begin on ${firstDay}: earlier days are missing, not free.`);
  }
  const unfinished = coverage.unfinishedFrom(period);
  if (unfinished !== null) {
    notes.push(
      `Costs from ${unfinished} on are not complete yet: the billing data end at ${until}, and Google may still add to these days.`,
    );
  }
  return notes;
}

/** What the usage view leaves to the invoice, in words; nothing when there is nothing. */
export function asideNote(totals: readonly Cost[]): string[] {
  const parts = totals.flatMap((cost) =>
    Object.entries(asideOf(cost)).map(([name, amount]) => `${name} ${amount} ${cost.currency}`),
  );
  if (parts.length === 0) return [];
  return [`These figures are usage. Not in them, but on the invoice: ${parts.join(", ")}.`];
}

/** Notes that amounts in several currencies are listed separately. */
export function currencyNote(totals: readonly { currency: string }[]): string[] {
  const codes = [...new Set(totals.map(({ currency }) => currency))];
  return codes.length > 1
    ? [`The bill is in ${codes.join(" and ")}: amounts of different currencies are not added up.`]
    : [];
}

/** The one element of a list; null of none and of several. */
export function only<T>(items: readonly T[]): T | null {
  return items.length === 1 ? items[0]! : null;
}

export function nameOf({ from, to }: Period): string {
  return from === to ? from : `${from} to ${to}`;
}

function minuteOf(moment: Date): string {
  return `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
