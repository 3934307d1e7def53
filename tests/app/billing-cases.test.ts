import type { ExportRow } from "../../app/billing/export-row";
import { exportSource } from "../support/billing/export-source";
import { runPlainTool } from "../support/billing/run-plain-tool";
import B01 from "./cases/B01-pacific-day.json";
import B02 from "./cases/B02-tax-and-adjustment.json";
import B03 from "./cases/B03-invoice-month.json";
import B04 from "./cases/B04-unfinished-days.json";
import B05 from "./cases/B05-credits-hide-usage.json";
import B06 from "./cases/B06-no-rows-is-not-zero.json";
import B07 from "./cases/B07-none-project.json";

// Cases from public reports; each file names its sources and the right value.

interface Case {
  now: string;
  rows: unknown[];
}

function runOn({ now, rows }: Case, tool: string, input: unknown, at = now) {
  return runPlainTool(tool, input, new Date(at), exportSource(rows as ExportRow[]));
}

test(`B01: ${B01.why}`, async () => {
  for (const { tool, input, expected_total } of B01.calls) {
    const answer = await runOn(B01, tool, input);
    expect(answer).toMatchObject({ total: expected_total, time_zone: "America/Los_Angeles", view: "usage" });
  }
});

describe(`B02: ${B02.why}`, () => {
  test("a week's usage is without the adjustment, which is named", async () => {
    const week = await runOn(B02, "get-spend", { period: "last_week" });
    expect(week).toMatchObject({ total: "420.00", totals: [{ total: "420.00", adjustments: "-40.00" }] });
    expect(week.notes.join()).toContain("adjustments -40.00 USD");
  });

  test("tax is not an anomaly, nor a goodwill line a falling cost", async () => {
    expect((await runOn(B02, "list-anomalies", {})).anomalies).toEqual([]);
    const compared = await runOn(B02, "compare-periods", { period: "last_week" });
    expect(compared).toMatchObject({ change: "0.00", drivers: [] });
  });
});

describe(`B03: ${B03.why}`, () => {
  test("the invoice of October is 1000 + 30 + 85.50", async () => {
    const invoice = await runOn(B03, "get-spend", { period: "last_month", view: "invoice" });
    expect(invoice).toMatchObject({ view: "invoice", total: "1115.50", totals: [{ tax: "85.50" }] });
    expect(invoice.rows.map(({ key, cost }: { key: string; cost: string }) => [key, cost])).toEqual([
      ["Compute Engine", "1030.00"],
      ["Invoice", "85.50"],
    ]);
  });

  test("October's usage differs, and the invoice is included", async () => {
    const usage = await runOn(B03, "get-spend", { period: "last_month" });
    expect(usage).toMatchObject({
      view: "usage",
      total: "1020.00",
      invoice: { months: "2026-10", totals: [{ total: "1115.50" }] },
    });
  });

  test("the correction of October's usage is on the invoice of November, which is not final", async () => {
    const november = await runOn(B03, "get-spend", { period: "this_month", view: "invoice" });
    expect(november).toMatchObject({ total: "-130.00", totals: [{ adjustments: "-150.00" }] });
    expect(november.notes.join()).toContain("The invoice of 2026-11 is not final");
  });

  test.each([
    [{ from: "2026-10-02", to: "2026-10-31" }],
    [{ from: "2026-10-01", to: "2026-10-30" }],
    [{ period: "last_week" }],
  ])("%j has no invoice", async (input) => {
    const asked = runOn(B03, "get-spend", { ...input, view: "invoice" });
    await expect(asked).rejects.toThrow("An invoice is for whole months");
  });
});

describe(`B04: ${B04.why}`, () => {
  test("an unfinished day does not lower the cost, and the end of the data is reported", async () => {
    const compared = await runOn(B04, "compare-periods", { period: "yesterday" });
    expect(compared).toMatchObject({
      comparable: false,
      change: null,
      drivers: [],
      data_until: "2026-11-26T13:59:59.000Z",
    });
    expect(compared.notes.join(" ")).toContain("2026-11-25 is not finished");
  });

  test("with a day more of data, finished days are compared", async () => {
    const rows = [...B04.rows];
    const template = rows[0]!;
    for (let hour = 0; hour < 24; hour++) {
      const start = new Date(Date.UTC(2026, 10, 24, hour)).toISOString();
      rows.push({ ...template, usage_start_time: start, export_time: start });
    }
    // 24 November in Pacific time is 08:00 UTC to 08:00 UTC: sixteen hours of these, eight of the case's.
    const compared = await runOn({ ...B04, rows }, "compare-periods", { period: "yesterday" });
    expect(compared).toMatchObject({ current: { from: "2026-11-24", cost: "24.00" }, comparable: false });
  });

  test("a total of unfinished days says so", async () => {
    const spend = await runOn(B04, "get-spend", { period: "yesterday" });
    expect(spend).toMatchObject({ from: "2026-11-25", total: "24.00", unfinished_from: "2026-11-25" });
    expect(spend.notes.join()).toContain("the billing data end at 2026-11-26 13:59 UTC");
  });
});

describe(`B05: ${B05.why}`, () => {
  test("usage, credits by type and net are separate", async () => {
    const spend = await runOn(B05, "get-spend", { period: "this_month" });
    expect(spend).toMatchObject({
      total: "0.00",
      totals: [{ before_credits: "381.50", credits: "-381.50", credits_by_type: { PROMOTION: "-381.50" } }],
      rows: [
        { key: "BigQuery", cost: "0.00", before_credits: "180.00" },
        { key: "Compute Engine", before_credits: "201.50" },
      ],
    });
  });

  test("what a promotion pays for is an anomaly all the same", async () => {
    const { anomalies } = await runOn(B05, "list-anomalies", {});
    expect(anomalies).toMatchObject([
      { service: "BigQuery", from: "2026-11-24", to: "2026-11-24", cost: "180.00", currency: "USD" },
    ]);
  });

  test("a comparison shows the usage that credits hide", async () => {
    const input = { from: "2026-11-24", to: "2026-11-24" };
    const compared = await runOn(B05, "compare-periods", input);
    expect(compared).toMatchObject({
      change: "0.00",
      totals: [{ change_before_credits: "180.00" }],
      drivers: [{ key: "BigQuery", change: "0.00", change_before_credits: "180.00" }],
    });
  });
});

describe(`B06: ${B06.expected}`, () => {
  const none = { currency: null, total: null, totals: [], rows: [], other: [] };

  test("of an empty export", async () => {
    const spend = await runOn({ now: B05.now, rows: [] }, "get-spend", {});
    expect(spend).toMatchObject({ ...none, data_until: null });
    expect(spend.notes).toEqual([expect.stringContaining("still empty")]);
  });

  test.each([
    ["before the export began", { from: "2026-09-01", to: "2026-09-30" }],
    ["in the future", { from: "2026-12-01", to: "2026-12-31" }],
  ])("of a period %s", async (_, input) => {
    const spend = await runOn(B05, "get-spend", input);
    expect(spend).toMatchObject({ ...none, invoice: null });
    expect(spend.notes).toEqual([expect.stringContaining("There is no billing data for")]);
    const compared = await runOn(B05, "compare-periods", input);
    expect(compared).toMatchObject({ comparable: false, current: { cost: null }, change: null, totals: [] });
    expect(await runOn(B05, "list-anomalies", input)).toMatchObject({ judged: null, anomalies: [] });
  });

  test("but a service that was not used did cost nothing", async () => {
    const input = { service: "BigQuery", from: "2026-11-02", to: "2026-11-05" };
    const spend = await runOn(B05, "get-spend", input);
    expect(spend).toMatchObject({ currency: "USD", total: "0.00", rows: [] });
  });
});

test(`B07: ${B07.why}`, async () => {
  const [listed, filtered] = B07.calls;
  const { rows } = await runOn(B07, listed!.tool, listed!.input);
  expect(rows).toMatchObject([{ key: "(none)", cost: "29.00" }]);
  expect(await runOn(B07, filtered!.tool, filtered!.input)).toMatchObject({
    total: filtered!.expected_total,
    rows: [{ key: "Support" }],
  });
});
