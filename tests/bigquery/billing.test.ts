import type { ExportRow } from "../../app/billing/export-row";
import type { GcpClients } from "../../app/sources/gcp";
import { bigqueryBilling } from "../../app/sources/gcp/billing";
import type { BillingSource, SpendQuery, SpendRow } from "../../app/sources/source";
import { createLog, createMetrics } from "../../app/telemetry";
import B01 from "../app/cases/B01-pacific-day.json";
import B02 from "../app/cases/B02-tax-and-adjustment.json";
import B03 from "../app/cases/B03-invoice-month.json";
import B04 from "../app/cases/B04-unfinished-days.json";
import B05 from "../app/cases/B05-credits-hide-usage.json";
import B07 from "../app/cases/B07-none-project.json";
import { exportSource } from "../support/billing/export-source";
import { generateExport } from "../support/billing/generate-export";
import { describeWithBigQuery, Emulator } from "./emulator";

// The agent's queries, run by an emulator of BigQuery, against the meaning that every other test of the bill relies on.

const PROJECT = "shop-prod";
const ACCOUNTS = ["01A2B3_C4D5E6_F70819", "FFFFFF_C4D5E6_F70819"];
const FIELDS = [
  ["pt_", "TIMESTAMP"],
  ["service", "STRUCT<description STRING>"],
  ["sku", "STRUCT<description STRING>"],
  ["project", "STRUCT<id STRING>"],
  ["usage_start_time", "TIMESTAMP"],
  ["export_time", "TIMESTAMP"],
  ["cost", "FLOAT64"],
  ["currency", "STRING"],
  ["currency_conversion_rate", "FLOAT64"],
  ["credits", "ARRAY<STRUCT<type STRING, amount FLOAT64>>"],
  ["invoice", "STRUCT<month STRING>"],
  ["cost_type", "STRING"],
];

const emulator = new Emulator(PROJECT);
const telemetry = { log: createLog({ level: "error", environment: "local" }), metrics: createMetrics() };
let datasets = 0;

/** A row as `tabledata.insertAll` takes it. Ingestion-time partitions are days of export, UTC. */
function toInsert(row: ExportRow) {
  return {
    pt_: `${row.export_time.slice(0, 10)} 00:00:00 UTC`,
    service: { description: row.service.description },
    sku: { description: row.sku.description },
    project: { id: row.project.id },
    usage_start_time: row.usage_start_time,
    export_time: row.export_time,
    cost: row.cost,
    currency: row.currency,
    currency_conversion_rate: row.currency_conversion_rate,
    credits: row.credits.map(({ type, amount }) => ({ type, amount })),
    invoice: { month: row.invoice.month },
    cost_type: row.cost_type,
  };
}

async function run(query: string): Promise<unknown[]> {
  const [job] = await emulator.bigquery.createQueryJob({ query });
  const [rows] = await job.getQueryResults();
  return rows;
}

/** Puts rows into exports, one table for each billing account, and reads them as the agent does. */
async function exportInBigQuery(now: string, accounts: ExportRow[][]): Promise<BillingSource> {
  const dataset = `billing_${++datasets}`;
  await emulator.bigquery.createDataset(dataset);
  for (const [i, rows] of accounts.entries()) {
    const table = `gcp_billing_export_v1_${ACCOUNTS[i]}`;
    await run(
      `CREATE TABLE \`${PROJECT}.${dataset}.${table}\` (${FIELDS.map((field) => field.join(" ")).join(", ")})`,
    );
    for (let from = 0; from < rows.length; from += 500) {
      const inserted = rows.slice(from, from + 500).map(toInsert);
      await emulator.bigquery.dataset(dataset).table(table).insert(inserted);
    }
  }
  const client: GcpClients["bigquery"] = emulator.bigquery;
  return bigqueryBilling(client, PROJECT, dataset, telemetry, () => new Date(now));
}

const sorted = (rows: SpendRow[]) =>
  rows
    .map((row) => ({ ...row, nanos: String(row.nanos) }))
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

const QUERIES: SpendQuery[] = [
  { of: { days: { from: "2026-10-01", to: "2026-10-31" } }, groupBy: ["service"] },
  { of: { days: { from: "2026-11-01", to: "2026-11-01" } }, groupBy: ["project"] },
  { of: { days: { from: "2026-10-31", to: "2026-11-26" } }, groupBy: ["day", "service", "sku", "project"] },
  { of: { days: { from: "2026-10-01", to: "2026-11-26" } }, groupBy: ["day", "service"], usageOnly: true },
  { of: { days: { from: "2026-09-01", to: "2026-11-30" } }, groupBy: ["sku"], filter: { project: "(none)" } },
  {
    of: { days: { from: "2026-09-01", to: "2026-11-30" } },
    groupBy: [],
    filter: { service: "BigQuery", project: "shop-data" },
  },
  { of: { invoices: { first: "2026-10", last: "2026-10" } }, groupBy: ["service"] },
  { of: { invoices: { first: "2026-09", last: "2026-11" } }, groupBy: [] },
];

const withBigQuery = describeWithBigQuery();

withBigQuery("the billing queries on a BigQuery emulator", () => {
  beforeAll(() => emulator.start(), 120_000);
  afterAll(() => emulator.stop());

  const compare = async (now: string, accounts: ExportRow[][]) => {
    const [inBigQuery, memory] = [await exportInBigQuery(now, accounts), exportSource(accounts.flat())];
    for (const query of QUERIES) {
      expect({ query, rows: sorted(await inBigQuery.spend(query)) }).toEqual({
        query,
        rows: sorted(await memory.spend(query)),
      });
    }
    expect(await inBigQuery.extent()).toEqual(await memory.extent());
  };

  test.each([B01, B02, B03, B04, B05, B07])(
    "mean the same for $id",
    ({ now, rows }) => compare(now, [rows as ExportRow[]]),
    120_000,
  );

  test("mean the same for a generated export of two billing accounts", async () => {
    const rows = generateExport(10_000, 20_261_127);
    await compare("2026-11-27T18:00:00Z", [rows.slice(0, 6_000), rows.slice(6_000)]);
  }, 600_000);
});
