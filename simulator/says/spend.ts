import { z } from "zod";
import { kind, period, whyNot } from "./kind";
import { amounts, days, during, monthOf, money, percent, signed, table, words } from "./write";

const ROWS = 10;
const DAYS = 7;

const cost = z.object({
  currency: z.string(),
  total: z.string(),
  before_credits: z.string().optional(),
  credits: z.string().optional(),
  credits_by_type: z.record(z.string(), z.string()).optional(),
  tax: z.string().optional(),
  adjustments: z.string().optional(),
  rounding: z.string().optional(),
});
type Cost = z.output<typeof cost>;

const row = z.object({
  key: z.string(),
  currency: z.string(),
  cost: z.string(),
  before_credits: z.string().optional(),
});
type Row = z.output<typeof row>;

/** What was spent: the total, where it went, and what credits and tax did to it. */
export const spend = kind(
  z.object({
    ...period,
    view: z.enum(["usage", "invoice"]),
    totals: z.array(cost),
    rows: z.array(row),
    other: z.array(z.object({ currency: z.string(), cost: z.string() })),
    invoice: z.object({ totals: z.array(cost) }).nullable(),
    notes: z.array(z.string()),
  }),
  ({ from, to, view, totals, rows, other, invoice, notes }) => {
    const when = during(from, to);
    if (totals.length === 0) {
      const { finding, rest } = whyNot(notes, `There is no billing data ${when}.`);
      return { finding, evidence: rest, next: "name a period that the billing data cover." };
    }
    const only = totals.length === 1 ? totals[0] : undefined;
    const spent = amounts(totals.map(({ currency, total }) => money(total, currency)));
    const whole =
      view === "invoice" ? `Your invoice ${invoiceOf(from, to)} is ${spent}` : `You spent ${spent} ${when}`;
    if (rows.length === 0) {
      return {
        finding: only && Number(only.total) === 0 ? `Nothing was spent ${when}.` : `${whole}.`,
        evidence: [...totals.flatMap((each) => parts(each, view)), ...notes],
        next: "ask for another period, or for all services.",
      };
    }
    return {
      finding: only ? `${whole}; ${largestOf(rows, only)}.` : `${whole}.`,
      evidence: [
        splitTable(rows, other, only),
        ...totals.flatMap((each) => parts(each, view)),
        ...(invoice ? beside(totals, invoice.totals, from, to) : []),
        ...notes,
      ],
      next: isByDay(rows)
        ? "ask which service made the highest day."
        : "ask what changed against the period before, or for the same by project.",
    };
  },
);

function isByDay(rows: readonly Row[]): boolean {
  return rows.every(({ key }) => /^\d{4}-\d\d-\d\d$/.test(key));
}

function labelOf({ key }: Row, byDay: boolean): string {
  return byDay ? days(key, key) : key;
}

/** The largest row of a bill in one currency; its share only where no row is negative. */
function largestOf(rows: readonly Row[], { currency, total }: Cost): string {
  const byDay = isByDay(rows);
  const largest = rows.reduce((a, b) => (Number(b.cost) > Number(a.cost) ? b : a));
  const share = Number(total) > 0 ? ` (${percent((100 * Number(largest.cost)) / Number(total))})` : "";
  const name = labelOf(largest, byDay);
  if (rows.length === 1) return `all of it ${byDay ? "on" : "is"} ${name}`;
  return `${byDay ? "the highest day was" : "the largest part is"} ${name} with ${money(largest.cost, currency)}${share}`;
}

function splitTable(rows: readonly Row[], other: { currency: string; cost: string }[], only?: Cost): string {
  const byDay = isByDay(rows);
  const shown = rows.length <= ROWS ? rows : byDay ? rows.slice(-DAYS) : rows.slice(0, ROWS);
  const cut = rows.filter((each) => !shown.includes(each));
  const rests = [...new Set([...cut, ...other].map(({ currency }) => currency))].map((currency) => ({
    key: byDay ? "Other days" : "Everything else",
    currency,
    cost: [...cut, ...other]
      .filter((each) => each.currency === currency)
      .reduce((sum, each) => sum + Number(each.cost), 0)
      .toFixed(2),
  }));
  const withCredits = rows.some(({ before_credits }) => before_credits !== undefined);
  const withShare = !withCredits && only !== undefined && Number(only.total) > 0;
  const line = (each: Row, label: string) => [
    label,
    ...(withCredits ? [money(each.before_credits ?? each.cost, each.currency)] : []),
    money(each.cost, each.currency),
    ...(withShare ? [percent((100 * Number(each.cost)) / Number(only.total))] : []),
  ];
  const uncut = rests.filter((each) => Number(each.cost) !== 0);
  return table(
    [
      byDay ? "Day" : "Where it went",
      ...(withCredits ? ["Before credits", "After credits"] : ["Cost"]),
      ...(withShare ? ["Share"] : []),
    ],
    [
      ...shown.map((each) => line(each, labelOf(each, byDay))),
      // What credits took off the rest is not in the result.
      ...uncut.map((each) =>
        withCredits ? [each.key, "", money(each.cost, each.currency)] : line(each, each.key),
      ),
    ],
  );
}

/** What separates usage from the total: credits by type, and what only an invoice has. */
function parts(of: Cost, view: "usage" | "invoice"): string[] {
  const { currency, before_credits, credits } = of;
  const byType = Object.entries(of.credits_by_type ?? {}).map(
    ([type, amount]) => `${words(type)} ${money(amount, currency)}`,
  );
  const types = byType.length > 0 ? ` (${byType.join(", ")})` : "";
  const added = view === "invoice" ? aside(of) : [];
  return [
    ...(before_credits && credits
      ? [
          `Usage was ${money(before_credits, currency)} before credits of ${money(credits, currency)}${types}.`,
        ]
      : []),
    ...(added.length > 0 ? [`The invoice includes ${added.join(", ")}.`] : []),
  ];
}

function aside({ currency, tax, adjustments, rounding }: Cost): string[] {
  return Object.entries({ tax, adjustments, rounding }).flatMap(([name, amount]) =>
    amount === undefined ? [] : [`${name} of ${signed(amount, currency)}`],
  );
}

/** The invoice of the same months, where it charges something else. */
function beside(usage: readonly Cost[], invoices: readonly Cost[], from: string, to: string): string[] {
  return invoices
    .filter(({ currency, total }) => usage.find((each) => each.currency === currency)?.total !== total)
    .map((of) => {
      const added = aside(of);
      const withParts = added.length > 0 ? `, with ${added.join(", ")}` : "";
      return `The invoice ${invoiceOf(from, to)} is ${money(of.total, of.currency)}${withParts}.`;
    });
}

function invoiceOf(from: string, to: string): string {
  const [first, last] = [monthOf(from), monthOf(to)];
  return first === last ? `for ${first}` : `for ${first} to ${last}`;
}
