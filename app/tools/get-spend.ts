import { z } from "zod";
import { Coverage } from "../billing/coverage";
import { Cost, groupSpend, totalSpend, VIEWS, type Group, type View } from "../billing/summary";
import { addDays, dayOf, firstOfMonth, isWholeMonths, type Period } from "../dates";
import { UserError } from "../errors";
import { groupBy } from "../group-by";
import { decimal, sum } from "../money";
import { SPEND_DIMENSIONS, type Extent, type SpendDimension, type SpendRow } from "../sources/source";
import {
  asideNote,
  costOutput,
  creditParts,
  currencyNote,
  dataOutput,
  describeCost,
  describeData,
  nameOf,
  only,
} from "./billing-answer";
import { nameInput, spendByName } from "./names";
import { periodInput, periodOutput, resolvePeriod } from "./period";
import { defineTool, READS_CLOUD } from "./tool";

/** Days after a month's end in which Google may still change the month's invoice. */
const INVOICE_OPEN_DAYS = 5;

/** What was spent in a period, by service, project, SKU or day. */
export const getSpend = defineTool({
  name: "get-spend",
  title: "Get cloud spend",
  description:
    "Google Cloud spend in a period, split by service, project, sku or day, largest first (days in order). view=usage: what " +
    "was used on these days, after credits, without tax and corrections, as in Google's cost reports; for whole months the " +
    "invoice is included. view=invoice: what is on the invoices of whole months, with tax and corrections: use it for " +
    '"my bill" or "my invoice". To learn what changed use compare-periods; to look for unusual days use list-anomalies.',
  annotations: READS_CLOUD,
  input: z.strictObject({
    ...periodInput("last_30_days"),
    view: z
      .enum(VIEWS)
      .default("usage")
      .describe("What was used on these days, or what is on the months' invoices"),
    group_by: z.enum(SPEND_DIMENSIONS).default("service").describe("What to split the spend by"),
    ...nameInput,
    limit: z.int().min(1).max(400).default(25).describe("Rows at most; the rest is added up in other"),
  }),
  output: z.object({
    ...periodOutput,
    view: z.enum(VIEWS),
    currency: z
      .string()
      .nullable()
      .describe("ISO 4217; null when there is no data, or several currencies: then see totals"),
    total: z
      .string()
      .nullable()
      .describe("Null when there is no data, or several currencies: then see totals"),
    totals: z.array(costOutput).describe("One for each currency; empty when there is no data"),
    rows: z.array(
      z.object({
        key: z.string(),
        currency: z.string(),
        cost: z.string(),
        before_credits: z.string().optional(),
        credits: z.string().optional(),
      }),
    ),
    other: z
      .array(z.object({ currency: z.string(), groups: z.int(), cost: z.string() }))
      .describe("Groups beyond limit"),
    invoice: z
      .object({ months: z.string(), totals: z.array(costOutput) })
      .nullable()
      .describe(
        "In the usage view of whole months: what their invoices charge, tax and corrections included",
      ),
    ...dataOutput,
  }),
  async execute({ view, group_by, service, project, sku, limit, ...named }, { sources, now }) {
    const period = resolvePeriod(named, now());
    const months = invoiceMonths(period, now());
    if (view === "invoice" && months === null) {
      throw new UserError(
        `An invoice is for whole months, and ${nameOf(period)} is not: ask for last_month, or from the first to the last day of a month.`,
      );
    }
    const of = view === "invoice" ? { invoices: months! } : { days: period };
    const [extent, found] = await Promise.all([
      sources.extent(),
      spendByName(sources, { of, groupBy: [group_by] }, { service, project, sku }, now()),
    ]);
    const coverage = new Coverage(extent);
    const totals =
      found.rows.length > 0 ? totalSpend(found.rows) : nothingSpent(extent, coverage.touches(period));
    const beside =
      view === "usage" && isWholeMonths(period)
        ? await sources.spend({ of: { invoices: months! }, groupBy: [], filter: found.filter })
        : [];
    const { shown, other } = cutAt(limit, inOrder(found.rows, group_by, view), view);
    return {
      ...period,
      view,
      currency: only(totals)?.currency ?? null,
      total: only(totals.map((cost) => decimal(cost.total(view)))),
      totals: totals.map((cost) => describeCost(cost, view)),
      rows: shown.map(({ key, cost }) => ({
        key,
        currency: cost.currency,
        cost: decimal(cost.total(view)),
        ...creditParts(cost),
      })),
      other,
      invoice: beside.length > 0 ? describeInvoice(months!, beside) : null,
      ...describeData(coverage, period, [
        ...found.notes,
        ...currencyNote(totals),
        ...(view === "usage" ? asideNote(totals) : openInvoiceNote(period, now())),
      ]),
    };
  },
});

/** The months whose invoices cover a period; null when it is not made of whole months, the current one up to now included. */
function invoiceMonths({ from, to }: Period, now: Date): { first: string; last: string } | null {
  const current = dayOf(now).slice(0, 7);
  const ends = isWholeMonths({ from: firstOfMonth(to), to }) || to.startsWith(current);
  return from === firstOfMonth(from) && ends ? { first: from.slice(0, 7), last: to.slice(0, 7) } : null;
}

/** Zero where there are data but no cost for what was asked; nothing where there are no data. */
function nothingSpent({ unitsPerDollar }: Extent, hasData: boolean): Cost[] {
  const currency = only([...unitsPerDollar.keys()]);
  return hasData && currency !== null ? [new Cost(currency)] : [];
}

function inOrder(rows: readonly SpendRow[], by: SpendDimension, view: View): Group[] {
  const groups = groupSpend(rows, (row) => row[by] ?? "").filter(({ cost }) => cost.isIn(view));
  const byKey = (a: Group, b: Group) => a.key.localeCompare(b.key);
  const bySize = (a: Group, b: Group) => {
    const [x, y] = [a.cost.total(view), b.cost.total(view)];
    return x === y ? byKey(a, b) : x < y ? 1 : -1;
  };
  return groups.sort(by === "day" ? byKey : bySize);
}

function cutAt(limit: number, groups: Group[], view: View) {
  const rest = groupBy(groups.slice(limit), ({ cost }) => cost.currency);
  const other = [...rest].map(([currency, of]) => ({
    currency,
    groups: of.length,
    cost: decimal(sum(of.map(({ cost }) => cost.total(view)))),
  }));
  return { shown: groups.slice(0, limit), other };
}

function describeInvoice({ first, last }: { first: string; last: string }, rows: readonly SpendRow[]) {
  return {
    months: first === last ? first : `${first} to ${last}`,
    totals: totalSpend(rows).map((cost) => describeCost(cost, "invoice")),
  };
}

function openInvoiceNote({ to }: Period, now: Date): string[] {
  const closed = addDays(firstOfMonth(to, 1), INVOICE_OPEN_DAYS);
  if (dayOf(now) >= closed) return [];
  return [
    `The invoice of ${to.slice(0, 7)} is not final: Google closes it in the first days of the next month.`,
  ];
}
