import { gcpSources } from "../../app/sources/gcp";
import { extentQuery, MAX_BYTES_BILLED, spendQuery } from "../../app/sources/gcp/billing";
import { chooseExports } from "../../app/sources/gcp/exports";
import type { SpendQuery } from "../../app/sources/source";
import { error, type Handler } from "../support/google/stand-in";
import B10 from "./cases/B10-detailed-export-only.json";
import { PROJECT, useGoogle } from "./google-sources";

const TABLE = "gcp_billing_export_v1_0123AB_4567CD_89EF01";
const used = useGoogle();
const { google } = used;

type Answer = { fields: Array<[name: string, type: string]>; rows: unknown[][] };

const SPEND: Answer["fields"] = [
  ["day", "STRING"],
  ["service", "STRING"],
  ["currency", "STRING"],
  ["kind", "STRING"],
  ["credit", "STRING"],
  ["amount", "STRING"],
];
const EXTENT: Answer["fields"] = [
  ["currency", "STRING"],
  ["rate", "FLOAT"],
  ["first_usage", "INTEGER"],
  ["newest_export", "INTEGER"],
];

/** BigQuery v2: tables.list, jobs.insert, jobs.getQueryResults. */
function bigquery({
  tables = [TABLE],
  bytes = 1_000,
  answer = { fields: SPEND, rows: [] } as Answer,
} = {}): Handler {
  return ({ method, path, body }) => {
    if (path === `/bigquery/v2/projects/${PROJECT}/datasets/billing_export/tables`) {
      const listed = tables.map((tableId) => ({
        id: `${PROJECT}:billing_export.${tableId}`,
        tableReference: { projectId: PROJECT, datasetId: "billing_export", tableId },
      }));
      return { body: { tables: listed, totalItems: listed.length } };
    }
    if (method === "POST" && path === "/bigquery/v2/projects/agent-project/jobs") {
      return {
        body: {
          jobReference: { ...body.jobReference, location: "US" },
          configuration: body.configuration,
          status: { state: "DONE" },
          statistics: { totalBytesProcessed: String(bytes) },
        },
      };
    }
    if (path.startsWith("/bigquery/v2/projects/agent-project/queries/")) {
      const fields = answer.fields.map(([name, type]) => ({ name, type }));
      const rows = answer.rows.map((row) => ({ f: row.map((v) => ({ v })) }));
      return { body: { jobComplete: true, schema: { fields }, rows, totalRows: String(rows.length) } };
    }
    return undefined;
  };
}

/** The jobs that BigQuery was asked to run. */
const jobs = () =>
  google.calls.filter(({ path }) => path.endsWith("/jobs")).map(({ body }) => body.configuration);
const paramsOf = (job: ReturnType<typeof jobs>[number]) =>
  Object.fromEntries(
    job.query.queryParameters.map((p: { name: string; parameterValue: { value: string } }) => [
      p.name,
      p.parameterValue.value,
    ]),
  );

describe("the billing export in BigQuery", () => {
  const asked: SpendQuery = {
    of: { days: { from: "2026-11-16", to: "2026-11-22" } },
    groupBy: ["day", "service"],
    filter: { service: "BigQuery' OR TRUE --", project: "(none)" },
  };

  test("is read with bound parameters, dry-run first, bytes billed capped, in the customer's dataset only", async () => {
    const rows = [
      ["2026-11-17", "BigQuery", "IDR", "usage", null, "99999999999999.123456789"],
      ["2026-11-17", "BigQuery", "IDR", "usage", "PROMOTION", "-0.5"],
    ];
    google.handler = bigquery({ answer: { fields: SPEND, rows } });
    const group = { day: "2026-11-17", service: "BigQuery", currency: "IDR", kind: "usage" };
    expect(await used.sources.spend(asked)).toEqual([
      // More than a number could hold exactly.
      { ...group, credit: null, nanos: 99_999_999_999_999_123_456_789n },
      { ...group, credit: "PROMOTION", nanos: -500_000_000n },
    ]);

    expect(jobs().map(({ dryRun }) => dryRun ?? false)).toEqual([true, false]);
    const [planned, run] = jobs();
    expect(run.query.query).toBe(planned.query.query);
    expect(run.query.query).toContain(`FROM \`${PROJECT}.billing_export.${TABLE}\``);
    expect(run.query.query).not.toContain("OR TRUE");
    expect(run.query.useLegacySql).toBe(false);
    expect(run.query.maximumBytesBilled).toBe(String(MAX_BYTES_BILLED));
    expect(paramsOf(run)).toEqual({
      since: "2026-11-16",
      from: "2026-11-16",
      to: "2026-11-22",
      service: "BigQuery' OR TRUE --",
      project: "(none)",
    });
  });

  test("counts days in Pacific time, exact decimals and credits apart, in one read of few partitions", () => {
    const { query } = spendQuery(["p.d.t"], asked);
    expect(query.match(/FROM `p\.d\.t`/g)).toHaveLength(1);
    expect(query).toContain("_PARTITIONTIME >= TIMESTAMP(@since)");
    expect(query).toContain("usage_start_time >= TIMESTAMP(@from, 'America/Los_Angeles')");
    expect(query).toContain("CAST(DATE(usage_start_time, 'America/Los_Angeles') AS STRING) AS day");
    expect(query).toContain("SUM(CAST(part.amount AS NUMERIC(38, 9)))");
    expect(query).toContain("GROUP BY day, service, currency, kind, credit");
  });

  test("finds the lines of an invoice by its month, whenever they were used", () => {
    const { query, params } = spendQuery(["p.d.t"], {
      of: { invoices: { first: "2026-09", last: "2026-10" } },
      groupBy: [],
    });
    expect(query).toContain("invoice.month BETWEEN @first AND @last");
    expect(query).not.toContain("usage_start_time >=");
    expect(params).toEqual({ first: "202609", last: "202610", since: "2026-08-27" });
  });

  test("reads several billing accounts side by side", () => {
    const { query } = spendQuery(["p.d.one", "p.d.two"], asked);
    expect(query.match(/UNION ALL/g)).toHaveLength(1);
    expect(query.match(/_PARTITIONTIME >= TIMESTAMP\(@since\)/g)).toHaveLength(2);
    expect(extentQuery(["p.d.one", "p.d.two"], "2026-01-01").query.match(/_PARTITIONTIME/g)).toHaveLength(2);
  });

  test("says how far it reaches, and is asked again only after a while", async () => {
    const [first, newest] = [Date.UTC(2026, 9, 1, 7), Date.UTC(2026, 10, 24, 3)];
    const rows = [
      ["EUR", 0.9, String(first + 5), String(newest)],
      ["USD", 1, String(first), String(newest - 5)],
    ];
    google.handler = bigquery({ answer: { fields: EXTENT, rows } });
    expect(await used.sources.extent()).toEqual({
      firstUsage: new Date(first),
      newestExport: new Date(newest),
      unitsPerDollar: new Map([
        ["EUR", 0.9],
        ["USD", 1],
      ]),
    });
    await used.sources.extent();
    expect(jobs()).toHaveLength(2);
    expect(paramsOf(jobs()[0])).toEqual({ since: "2025-08-31" });
  });

  test("claims no first day when it reaches back further than was looked", async () => {
    const rows = [["USD", 1, String(Date.UTC(2025, 8, 1)), String(Date.UTC(2026, 10, 24))]];
    google.handler = bigquery({ answer: { fields: EXTENT, rows } });
    expect(await used.sources.extent()).toMatchObject({ firstUsage: null });
    google.handler = bigquery({ answer: { fields: EXTENT, rows: [] } });
    const empty = gcpSources(
      { dataset: "billing_export", clients: google.clients() },
      used.telemetry,
    )(PROJECT);
    expect(await empty.extent()).toMatchObject({ firstUsage: null, newestExport: null });
  });

  test("is not run when the dry run says that it reads too much", async () => {
    google.handler = bigquery({ bytes: MAX_BYTES_BILLED + 1 });
    await expect(used.sources.spend(asked)).rejects.toThrow("Ask for a shorter or more recent period");
    expect(jobs().filter(({ dryRun }) => !dryRun)).toEqual([]);
  });

  test("is looked for once", async () => {
    google.handler = bigquery();
    await used.sources.spend(asked);
    await used.sources.spend(asked);
    expect(google.calls.filter(({ path }) => path.endsWith("/tables"))).toHaveLength(1);
  });

  test.each([
    ["no export", bigquery({ tables: ["other"] }), "turn on the standard usage cost export"],
    ["the pricing export only", bigquery({ tables: ["cloud_pricing_export"] }), "the pricing export alone"],
    ["no access", () => error(403, "accessDenied"), "Grant our service account roles/bigquery.dataViewer"],
    ["no dataset", () => error(404, "notFound"), "There is no dataset billing_export in shop-prod"],
  ])("says what to do about %s", async (_, handler, remedy) => {
    google.handler = handler;
    await expect(used.sources.spend(asked)).rejects.toThrow(remedy);
    // Once fixed, the next question finds it.
    google.handler = bigquery();
    await expect(used.sources.spend(asked)).resolves.toEqual([]);
  });

  test(`B10: ${B10.expected}`, async () => {
    google.handler = bigquery({ tables: B10.tables });
    await used.sources.spend(asked);
    expect(jobs()[0].query.query).toContain(`FROM \`${PROJECT}.billing_export.${B10.tables[0]}\``);
  });

  test("counts no account twice that has both exports", () => {
    const detailed = (table: string) => table.replace("_v1", "_resource_v1");
    const other = TABLE.replace("0123AB", "FFFFFF");
    expect(chooseExports([detailed(TABLE), TABLE, detailed(other), "x", `${TABLE}_copy`])).toEqual([
      detailed(other),
      TABLE,
    ]);
  });
});
