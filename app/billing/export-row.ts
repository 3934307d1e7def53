import { addDays, dayOf, firstOfMonth, type Day } from "../dates";
import { nanosOf } from "../money";
import {
  NO_NAME,
  SPEND_FILTERS,
  type Extent,
  type LineKind,
  type SpendDimension,
  type SpendQuery,
  type SpendRow,
} from "../sources/source";

/**
 * The columns that are read of a line of Cloud Billing's usage cost export. Standard and detailed export have them alike;
 * https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage
 */
export interface ExportRow {
  service: { description: string | null };
  sku: { description: string | null };
  project: { id: string | null };
  usage_start_time: string;
  export_time: string;
  cost: number;
  currency: string;
  /** Units of the currency for one US dollar. */
  currency_conversion_rate: number | null;
  credits: ReadonlyArray<{ type: string | null; amount: number }>;
  invoice: { month: string };
  /** "regular", "tax", "adjustment" or "rounding_error"; null before the column was added. */
  cost_type: string | null;
}

/** What a line is for. A type that Google adds one day does not count as usage until it is reviewed here. */
export function kindOf(costType: string | null): LineKind {
  if (costType === null || costType === "regular") return "usage";
  if (costType === "tax") return "tax";
  return costType === "rounding_error" ? "rounding" : "adjustment";
}

/** The first day whose lines can be on an invoice of that month: late usage of the month before, with some days' margin. */
export function firstExportOf(month: string): Day {
  return addDays(firstOfMonth(`${month}-01`), -5);
}

/** A row as a query reads it. */
export interface Line {
  names: Record<SpendDimension, string>;
  /** As "2026-10". */
  invoiceMonth: string;
  currency: string;
  kind: LineKind;
  /** The cost before credits, and each credit. */
  parts: ReadonlyArray<Pick<SpendRow, "credit" | "nanos">>;
}

/** Reads a row. BigQuery's cast of a float to NUMERIC rounds to nine places as well. */
export function readRow(row: ExportRow): Line {
  const { month } = row.invoice;
  return {
    names: {
      day: dayOf(momentOf(row.usage_start_time)),
      service: row.service.description ?? NO_NAME,
      project: row.project.id ?? NO_NAME,
      sku: row.sku.description ?? NO_NAME,
    },
    invoiceMonth: `${month.slice(0, 4)}-${month.slice(4)}`,
    currency: row.currency,
    kind: kindOf(row.cost_type),
    parts: [
      { type: null, amount: row.cost },
      ...row.credits.map((c) => ({ ...c, type: c.type ?? "OTHER" })),
    ].map(({ type, amount }) => ({ credit: type, nanos: nanosOf(amount.toFixed(9)) })),
  };
}

/**
 * Answers a query from lines in memory, as `spendQuery` (sources/gcp/billing.ts) answers it in BigQuery: one meaning, held
 * together by a test that runs both over the same rows.
 */
export function spendOfLines(lines: Iterable<Line>, query: SpendQuery): SpendRow[] {
  const { filter = {}, groupBy, usageOnly } = query;
  const wanted = SPEND_FILTERS.filter((name) => filter[name] !== undefined);
  const groups = new Map<string, SpendRow>();
  for (const line of lines) {
    const { names, currency, kind } = line;
    if (wanted.some((name) => names[name] !== filter[name]) || !isAsked(query.of, line)) continue;
    if (usageOnly && kind !== "usage") continue;
    const dimensions = Object.fromEntries(groupBy.map((name) => [name, names[name]]));
    for (const { credit, nanos } of usageOnly ? line.parts.slice(0, 1) : line.parts) {
      const row = { ...dimensions, currency, kind, credit };
      const key = Object.values(row).join("\n");
      const group = groups.get(key);
      if (group) group.nanos += nanos;
      else groups.set(key, { ...row, nanos });
    }
  }
  return [...groups.values()];
}

function isAsked(of: SpendQuery["of"], { names, invoiceMonth }: Line): boolean {
  if ("days" in of) return names.day >= of.days.from && names.day <= of.days.to;
  return invoiceMonth >= of.invoices.first && invoiceMonth <= of.invoices.last;
}

/** How far rows in memory reach. */
export function extentOfRows(rows: Iterable<ExportRow>): Extent {
  let firstUsage = Infinity;
  let newestExport = -Infinity;
  const unitsPerDollar = new Map<string, number>();
  for (const row of rows) {
    firstUsage = Math.min(firstUsage, momentOf(row.usage_start_time).getTime());
    newestExport = Math.max(newestExport, momentOf(row.export_time).getTime());
    const rate = row.currency_conversion_rate ?? 1;
    unitsPerDollar.set(row.currency, Math.max(rate, unitsPerDollar.get(row.currency) ?? 0));
  }
  const known = Number.isFinite(newestExport);
  return {
    firstUsage: known ? new Date(firstUsage) : null,
    newestExport: known ? new Date(newestExport) : null,
    unitsPerDollar,
  };
}

/** BigQuery writes a TIMESTAMP as "2026-11-01 04:00:00 UTC". */
function momentOf(timestamp: string): Date {
  return new Date(timestamp.replace(" UTC", "Z").replace(" ", "T"));
}
