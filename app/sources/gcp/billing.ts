import type { BigQuery } from "@google-cloud/bigquery";
import { UserError } from "../../errors";
import { addDays } from "../../dates";
import type { Telemetry } from "../../telemetry";
import type { BillingSource, SpendDimension, SpendQuery, SpendRow } from "../source";
import { gcpCall } from "./call";

/** The most that one query may read: 10 GiB, about $0.06 on demand. BigQuery refuses what would be billed for more. */
export const MAX_BYTES_BILLED = 10 * 1024 ** 3;
const JOB_TIMEOUT_MS = 30_000;

/** Columns of the standard usage cost export; https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables */
const COLUMNS: Record<SpendDimension, string> = {
  day: "CAST(DATE(usage_start_time) AS STRING)",
  service: "service.description",
  project: "IFNULL(project.id, '(none)')",
  sku: "sku.description",
};

/** NUMERIC has nine decimals, so the sum of costs and credits is exact in billionths. */
const COST_NANOS = `CAST(1000000000 * SUM(
  CAST(cost AS NUMERIC) + IFNULL((SELECT SUM(CAST(c.amount AS NUMERIC)) FROM UNNEST(credits) AS c), 0)
) AS INT64)`;

/**
 * The query for a customer's spend. Values are bound as parameters; the names in it are ours, or checked by the caller.
 *
 * @param table `project.dataset.table`
 */
export function spendQuery(table: string, { period, groupBy, service, project }: SpendQuery) {
  const dimensions = groupBy.map((name) => `${COLUMNS[name]} AS ${name}`);
  const query = [
    `SELECT ${[...dimensions, "ANY_VALUE(currency) AS currency", `${COST_NANOS} AS cost_nanos`].join(", ")}`,
    `FROM \`${table}\``,
    // A day's usage arrives on that day or later: partitions from before it hold none of it.
    "WHERE _PARTITIONTIME >= TIMESTAMP(@from)",
    "AND usage_start_time >= TIMESTAMP(@from) AND usage_start_time < TIMESTAMP(@until)",
    ...(service === undefined ? [] : ["AND service.description = @service"]),
    ...(project === undefined ? [] : ["AND project.id = @project"]),
    `GROUP BY ${groupBy.join(", ")}`,
  ].join("\n");
  const params: Record<string, string> = { from: period.from, until: addDays(period.to, 1) };
  if (service !== undefined) params.service = service;
  if (project !== undefined) params.project = project;
  return { query, params };
}

/** The billing export in the customer's own project. */
export function bigqueryBilling(
  bigquery: BigQuery,
  gcpProject: string,
  dataset: string,
  telemetry: Telemetry,
): BillingSource {
  let exportTable: Promise<string> | undefined;
  const call = <T>(operation: string, request: () => Promise<T>) =>
    gcpCall(
      {
        api: "bigquery",
        operation,
        project: gcpProject,
        denied:
          `The billing export in ${gcpProject} may not be read: grant our service account roles/bigquery.dataViewer on the ` +
          `dataset ${dataset}.`,
        missing:
          `There is no dataset ${dataset} in ${gcpProject}: turn on the standard usage cost export of Cloud Billing to ` +
          "BigQuery and name the dataset so.",
      },
      telemetry,
      request,
    );

  async function findExport(): Promise<string> {
    const [tables] = await call("tables.list", () =>
      bigquery.dataset(dataset, { projectId: gcpProject }).getTables(),
    );
    const names = tables
      .map(({ id }) => id ?? "")
      .filter((id) => /^gcp_billing_export_v1_[0-9A-F_]+$/.test(id));
    if (names.length !== 1) {
      throw new UserError(
        `The dataset ${dataset} in ${gcpProject} holds ${names.length} billing exports (gcp_billing_export_v1_...): ` +
          "it must hold exactly one.",
      );
    }
    return `${gcpProject}.${dataset}.${names[0]}`;
  }

  return {
    async spend(asked) {
      exportTable ??= findExport();
      const table = await exportTable.catch((error: unknown) => {
        exportTable = undefined;
        throw error;
      });
      const job = { ...spendQuery(table, asked), useLegacySql: false };

      const [planned] = await call("jobs.insert (dry run)", () =>
        bigquery.createQueryJob({ ...job, dryRun: true }),
      );
      const bytes = Number(planned.metadata?.statistics?.totalBytesProcessed ?? 0);
      if (bytes > MAX_BYTES_BILLED) {
        throw new UserError("That would read too much of the billing export: ask for a shorter period.");
      }
      const [running] = await call("jobs.insert", () =>
        bigquery.createQueryJob({
          ...job,
          maximumBytesBilled: String(MAX_BYTES_BILLED),
          jobTimeoutMs: JOB_TIMEOUT_MS,
          labels: { app: "tollgate" },
        }),
      );
      const [rows] = await call("jobs.getQueryResults", () => running.getQueryResults());
      const named = rows as Array<
        Omit<SpendRow, "costNanos"> & { currency: string; cost_nanos: number | null }
      >;
      return {
        currency: named[0]?.currency ?? "USD",
        rows: named.map(({ currency: _, cost_nanos, ...dimensions }) => ({
          ...dimensions,
          costNanos: Number(cost_nanos ?? 0),
        })),
      };
    },
  };
}
