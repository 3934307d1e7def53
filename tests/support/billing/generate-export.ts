import type { ExportRow } from "../../../app/billing/export-row";

/** A source of numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SERVICES = ["Compute Engine", "Cloud SQL", "BigQuery", "Cloud Storage", "Support"];
const PROJECTS = ["shop-prod", "shop-staging", "shop-data", null];
const CREDITS = ["PROMOTION", "SUSTAINED_USAGE_DISCOUNT", "COMMITTED_USAGE_DISCOUNT", "FREE_TIER", null];
const RATES: Record<string, number> = { EUR: 0.9, USD: 1 };
const HOUR = 3_600_000;

/**
 * A made-up billing export of September to November 2026, in the shape that Google documents: two currencies (an account that
 * moved), hourly usage with fractions of a cent, credits, tax, corrections, roundings, lines without a project, lines around
 * both months' ends in Pacific time, late lines that are on the next month's invoice.
 */
export function generateExport(count: number, seed: number): ExportRow[] {
  const random = seeded(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const first = Date.UTC(2026, 8, 1, 7);
  const last = Date.UTC(2026, 10, 27, 18);
  const monthEnds = [Date.UTC(2026, 9, 1, 7), Date.UTC(2026, 10, 1, 7)];
  return Array.from({ length: count }, (_, i): ExportRow => {
    // A tenth of the lines within a day of a month's end.
    const start =
      i % 10 === 0
        ? pick(monthEnds) + Math.floor((random() * 48 - 24) * HOUR)
        : first + Math.floor(random() * ((last - first) / HOUR)) * HOUR;
    const late = random() < 0.05 ? 4 * 24 * HOUR : 0;
    const exported = Math.min(start + HOUR + Math.floor(random() * 12 * HOUR) + late, last);
    const kind = random();
    const cost_type =
      kind < 0.02
        ? "tax"
        : kind < 0.04
          ? "adjustment"
          : kind < 0.05
            ? "rounding_error"
            : kind < 0.06
              ? null
              : "regular";
    const sign = cost_type === "adjustment" && random() < 0.7 ? -1 : 1;
    const cost = (sign * Math.round(random() * 40_000_000)) / 1_000_000;
    const service = cost_type === "tax" ? "Invoice" : pick(SERVICES);
    const currency = random() < 0.3 ? "EUR" : "USD";
    const usage = cost_type === "regular" || cost_type === null;
    const credits = usage && random() < 0.4 ? creditsOf(cost, random, pick) : [];
    return {
      service: { description: service },
      sku: { description: `${service} sku ${Math.floor(random() * 4)}` },
      project: { id: cost_type === "tax" || service === "Support" ? null : pick(PROJECTS) },
      usage_start_time: timestamp(start),
      export_time: timestamp(exported),
      cost,
      currency,
      currency_conversion_rate: RATES[currency]!,
      credits,
      invoice: { month: invoiceMonth(late > 0 ? exported : start) },
      cost_type,
    };
  });
}

function creditsOf(cost: number, random: () => number, pick: <T>(from: readonly T[]) => T) {
  return Array.from({ length: random() < 0.3 ? 2 : 1 }, () => ({
    type: pick(CREDITS),
    amount: -Math.round(cost * random() * 500_000) / 1_000_000,
  }));
}

function timestamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** In these months Pacific time is seven hours behind until the first of November, 02:00, and eight from then on. */
function invoiceMonth(at: number): string {
  const hours = at < Date.UTC(2026, 10, 1, 9) ? 7 : 8;
  return new Date(at - hours * HOUR).toISOString().slice(0, 7).replace("-", "");
}
