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

const quote = (value: string | number | null) =>
  value === null ? "NULL" : typeof value === "number" ? `CAST(${value} AS FLOAT64)` : `'${value}'`;
const moment = (text: string) => `TIMESTAMP '${text.replace(" UTC", "+00")}'`;

/** Ingestion-time partitions are days of export, UTC. */
function literal(row: ExportRow): string {
  const partition = `${row.export_time.slice(0, 10)} 00:00:00 UTC`;
  const credits = row.credits.map(
    ({ type, amount }) => `STRUCT(${quote(type)} AS type, ${quote(amount)} AS amount)`,
  );
  return `(${[
    moment(partition),
    `STRUCT(${quote(row.service.description)} AS description)`,
    `STRUCT(${quote(row.sku.description)} AS description)`,
    `STRUCT(${quote(row.project.id)} AS id)`,
    moment(row.usage_start_time),
    moment(row.export_time),
    quote(row.cost),
    quote(row.currency),
    quote(row.currency_conversion_rate),
    `[${credits.join(", ")}]`,
    `STRUCT(${quote(row.invoice.month)} AS month)`,
    quote(row.cost_type),
  ].join(", ")})`;
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
    const table = `${PROJECT}.${dataset}.gcp_billing_export_v1_${ACCOUNTS[i]}`;
    await run(`CREATE TABLE \`${table}\` (${FIELDS.map((field) => field.join(" ")).join(", ")})`);
    for (let from = 0; from < rows.length; from += 500) {
      await run(
        `INSERT INTO \`${table}\` VALUES ${rows
          .slice(from, from + 500)
          .map(literal)
          .join(",\n")}`,
      );
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
    // The emulator takes INSERT statements only, at a few dozen rows a second.
    const rows = generateExport(1_000, 20_261_127);
    await compare("2026-11-27T18:00:00Z", [rows.slice(0, 600), rows.slice(600)]);
  }, 600_000);
});
