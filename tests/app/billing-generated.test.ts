import type { ExportRow } from "../../app/billing/export-row";
import { exportSource } from "../support/billing/export-source";
import { generateExport } from "../support/billing/generate-export";
import { runPlainTool } from "../support/billing/run-plain-tool";

// Ten thousand lines, and every figure computed a second time here, by other means: millionths, and a fixed table of Pacific
// time for these months.

const NOW = new Date("2026-11-27T18:00:00Z");
const ROWS = generateExport(10_000, 20_261_127);
const run = (tool: string, input: unknown) => runPlainTool(tool, input, NOW, exportSource(ROWS));

/** Summer time ends on 1 November 2026 at 02:00 in the Pacific zone: 09:00 UTC. */
function pacificDay(row: ExportRow): string {
  const at = Date.parse(row.usage_start_time.replace(" UTC", "Z"));
  return new Date(at - (at < Date.UTC(2026, 10, 1, 9) ? 7 : 8) * 3_600_000).toISOString().slice(0, 10);
}

const isUsage = (row: ExportRow) => row.cost_type === "regular" || row.cost_type === null;
const millionths = (amount: number) => Math.round(amount * 1e6);
const credited = (row: ExportRow) => row.credits.reduce((sum, { amount }) => sum + millionths(amount), 0);
const add = (rows: ExportRow[], of: (row: ExportRow) => number) =>
  rows.reduce((sum, row) => sum + of(row), 0);

/** Millionths as an answer writes them. */
function text(amount: number): string {
  const cents = Math.floor(Math.abs(amount) / 10_000 + 0.5);
  return `${amount < 0 && cents > 0 ? "-" : ""}${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}

function expectedTotal(rows: ExportRow[], view: "usage" | "invoice", currency: string) {
  const own = rows.filter((row) => row.currency === currency);
  const usage = own.filter(isUsage);
  const of = (type: string) =>
    add(
      own.filter((row) => row.cost_type === type),
      (row) => millionths(row.cost),
    );
  const [before, credits] = [add(usage, (row) => millionths(row.cost)), add(usage, credited)];
  const aside = of("tax") + of("adjustment") + of("rounding_error");
  return {
    currency,
    total: text(before + credits + (view === "invoice" ? aside : 0)),
    before_credits: text(before),
    credits: text(credits),
    tax: text(of("tax")),
    adjustments: text(of("adjustment")),
    rounding: text(of("rounding_error")),
  };
}

const BY: Record<string, (row: ExportRow) => string> = {
  day: pacificDay,
  service: (row) => row.service.description!,
  project: (row) => row.project.id ?? "(none)",
  sku: (row) => row.sku.description!,
};

describe.each([
  ["2026-09-01", "2026-09-30"],
  ["2026-10-01", "2026-10-31"],
  ["2026-10-31", "2026-11-01"],
  ["2026-09-15", "2026-11-20"],
])("usage from %s to %s", (from, to) => {
  const rows = ROWS.filter((row) => pacificDay(row) >= from && pacificDay(row) <= to);

  test.each(Object.keys(BY))("by %s", async (group_by) => {
    const answer = await run("get-spend", { from, to, group_by, limit: 400 });
    expect(answer).toMatchObject({ currency: null, total: null });
    expect(answer.totals).toMatchObject(["EUR", "USD"].map((code) => expectedTotal(rows, "usage", code)));
    const groups = new Map<string, number>();
    for (const row of rows.filter(isUsage)) {
      const key = `${BY[group_by]!(row)} ${row.currency}`;
      groups.set(key, (groups.get(key) ?? 0) + millionths(row.cost) + credited(row));
    }
    const found = answer.rows.map((row: { key: string; currency: string; cost: string }) => [
      `${row.key} ${row.currency}`,
      row.cost,
    ]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries([...groups].map(([key, amount]) => [key, text(amount)])),
    );
  });
});

test.each(["service", "project", "sku"])("every %s that is listed can be asked for", async (group_by) => {
  const period = { from: "2026-10-31", to: "2026-11-01" };
  const { rows: listed } = await run("get-spend", { ...period, group_by });
  for (const { key, currency, cost } of listed) {
    const { totals } = await run("get-spend", { ...period, [group_by]: key });
    expect(totals.find((total: { currency: string }) => total.currency === currency).total).toBe(cost);
  }
});

test.each([
  ["2026-09-01", "2026-09-30", ["202609"]],
  ["2026-10-01", "2026-10-31", ["202610"]],
  ["2026-09-01", "2026-10-31", ["202609", "202610"]],
])("the invoices of %s to %s", async (from, to, months) => {
  const rows = ROWS.filter((row) => months.includes(row.invoice.month));
  const expected = ["EUR", "USD"].map((code) => expectedTotal(rows, "invoice", code));
  expect((await run("get-spend", { from, to, view: "invoice" })).totals).toMatchObject(expected);
  // Usage and invoice differ by late lines alone, and both are reported.
  expect((await run("get-spend", { from, to })).invoice.totals).toMatchObject(expected);
});

test("a comparison of months, before credits and after", async () => {
  const of = (month: string, code: string) =>
    expectedTotal(
      ROWS.filter((row) => pacificDay(row).startsWith(month)),
      "usage",
      code,
    );
  const { totals, currency, change } = await run("compare-periods", { from: "2026-10-01", to: "2026-10-31" });
  expect({ currency, change }).toEqual({ currency: null, change: null });
  for (const each of totals) {
    const [october, september] = [of("2026-10", each.currency), of("2026-09", each.currency)];
    expect(each.current).toMatchObject({ cost: october.total, before_credits: october.before_credits });
    expect(each.previous).toMatchObject({ cost: september.total, before_credits: september.before_credits });
  }
});
