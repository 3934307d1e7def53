import type { BigQuery } from "@google-cloud/bigquery";
import { firstExportOf } from "../../billing/export-row";
import { addDays, dayOf, TIME_ZONE } from "../../dates";
import { UserError } from "../../errors";
import { nanosOf } from "../../money";
import type { Telemetry } from "../../telemetry";
import {
  NO_NAME,
  SPEND_FILTERS,
  type BillingSource,
  type Extent,
  type SpendDimension,
  type SpendQuery,
  type SpendRow,
} from "../source";
import { gcpCall } from "./call";
import { chooseExports } from "./exports";

/** The most that one query may read: 10 GiB, about $0.06 on demand. BigQuery refuses what would be billed for more. */
export const MAX_BYTES_BILLED = 10 * 1024 ** 3;
const JOB_TIMEOUT_MS = 30_000;

/** How long an extent is good for: an export adds lines a few times a day. */
const EXTENT_FRESH_MS = 5 * 60_000;
/** Days before today in which the extent is looked for: more than any tool reads in one call. */
const EXTENT_DAYS = 450;

const DAY = `DATE(usage_start_time, '${TIME_ZONE}')`;
const DIMENSIONS: Record<SpendDimension, string> = {
  day: `CAST(${DAY} AS STRING)`,
  service: `IFNULL(service.description, '${NO_NAME}')`,
  project: `IFNULL(project.id, '${NO_NAME}')`,
  sku: `IFNULL(sku.description, '${NO_NAME}')`,
};
/** `kindOf` (billing/export-row.ts), in SQL. */
const KIND = `CASE IFNULL(cost_type, 'regular')
    WHEN 'regular' THEN 'usage' WHEN 'tax' THEN 'tax' WHEN 'rounding_error' THEN 'rounding' ELSE 'adjustment' END`;
/** A line's cost and its credits, so that the table is read once. */
const COST = "STRUCT(CAST(NULL AS STRING) AS credit, cost AS amount)";
const CREDITS =
  "ARRAY(SELECT AS STRUCT IFNULL(c.type, 'OTHER') AS credit, c.amount AS amount FROM UNNEST(credits) AS c)";
/** The export's amounts are floats; as NUMERIC each has nine places, and they add up exactly. */
const AMOUNT = "CAST(SUM(CAST(part.amount AS NUMERIC(38, 9))) AS STRING) AS amount";

interface Query {
  query: string;
  params: Record<string, string>;
}

/**
 * The query for a customer's spend. Values are bound as parameters; the names in it are ours, or checked by the caller.
 *
 * @param tables `project.dataset.table` of each billing account's export.
 */
export function spendQuery(
  tables: readonly string[],
  { of, groupBy, filter = {}, usageOnly }: SpendQuery,
): Query {
  const params: Record<string, string> = {};
  // The tables are partitioned by the day of export (UTC), and a line is exported on the day of its usage or later: earlier
  // partitions hold nothing of it. There is no upper bound, for corrections come months later.
  const where = ["_PARTITIONTIME >= TIMESTAMP(@since)"];
  if ("days" in of) {
    Object.assign(params, { since: of.days.from, from: of.days.from, to: of.days.to });
    where.push(
      `usage_start_time >= TIMESTAMP(@from, '${TIME_ZONE}')`,
      `usage_start_time < TIMESTAMP(DATE_ADD(DATE(@to), INTERVAL 1 DAY), '${TIME_ZONE}')`,
    );
  } else {
    const month = (text: string) => text.replace("-", "");
    const { first, last } = of.invoices;
    Object.assign(params, { since: firstExportOf(first), first: month(first), last: month(last) });
    where.push("invoice.month BETWEEN @first AND @last");
  }
  for (const name of SPEND_FILTERS) {
    const value = filter[name];
    if (value === undefined) continue;
    params[name] = value;
    where.push(`${DIMENSIONS[name]} = @${name}`);
  }
  if (usageOnly) where.push("IFNULL(cost_type, 'regular') = 'regular'");
  const parts = usageOnly ? `[${COST}]` : `ARRAY_CONCAT([${COST}], ${CREDITS})`;
  const columns = [...groupBy.map((name) => `${DIMENSIONS[name]} AS ${name}`), "currency", `${KIND} AS kind`];
  const lines = tables.map(
    (table) => `SELECT ${columns.join(", ")}, ${parts} AS parts
  FROM \`${table}\`
  WHERE ${where.join("\n    AND ")}`,
  );
  const keys = [...groupBy, "currency", "kind"].join(", ");
  const query = `SELECT ${keys}, part.credit AS credit, ${AMOUNT}
FROM (
  ${lines.join("\n  UNION ALL\n  ")}
), UNNEST(parts) AS part
GROUP BY ${keys}, credit`;
  return { query, params };
}

/** The query for how far the exports reach since a day. */
export function extentQuery(tables: readonly string[], since: string): Query {
  const lines = tables.map(
    (table) => `SELECT currency, currency_conversion_rate, usage_start_time, export_time FROM \`${table}\`
  WHERE _PARTITIONTIME >= TIMESTAMP(@since)`,
  );
  const query = `SELECT currency, MAX(currency_conversion_rate) AS rate,
  UNIX_MILLIS(MIN(usage_start_time)) AS first_usage, UNIX_MILLIS(MAX(export_time)) AS newest_export
FROM (
  ${lines.join("\n  UNION ALL\n  ")}
)
GROUP BY currency`;
  return { query, params: { since } };
}

/**
 * The billing export in the customer's own project.
 *
 * @param now the clock, for how far back the extent is looked for.
 */
export function bigqueryBilling(
  bigquery: BigQuery,
  gcpProject: string,
  dataset: string,
  telemetry: Telemetry,
  now: () => Date,
): BillingSource {
  let exports: Promise<string[]> | undefined;
  let extent: { at: number; value: Promise<Extent> } | undefined;
  const call = <T>(operation: string, request: () => Promise<T>) =>
    gcpCall(
      {
        api: "bigquery",
        operation,
        project: gcpProject,
        denied:
          `We may not read the billing export in ${gcpProject}. Grant our service account roles/bigquery.dataViewer on the ` +
          `dataset ${dataset}.`,
        missing:
          `There is no dataset ${dataset} in ${gcpProject}. In Google Cloud, open Billing, then Billing export, and turn on ` +
          `the standard usage cost export into a dataset named ${dataset}.`,
      },
      telemetry,
      request,
    );

  async function findExports(): Promise<string[]> {
    const [tables] = await call("tables.list", () =>
      bigquery.dataset(dataset, { projectId: gcpProject }).getTables(),
    );
    const chosen = chooseExports(tables.map(({ id }) => id ?? ""));
    if (chosen.length > 0) return chosen.map((table) => `${gcpProject}.${dataset}.${table}`);
    throw new UserError(
      `The dataset ${dataset} in ${gcpProject} has no usage costs in it yet. In Google Cloud, open Billing, then Billing ` +
        `export, and turn on the standard usage cost export into this dataset (the pricing export alone is not enough). ` +
        "The first data arrive within a few hours.",
    );
  }

  async function run<Row>(build: (tables: string[]) => Query): Promise<Row[]> {
    exports ??= findExports();
    const tables = await exports.catch((error: unknown) => {
      exports = undefined;
      throw error;
    });
    const job = { ...build(tables), useLegacySql: false };
    const [planned] = await call("jobs.insert (dry run)", () =>
      bigquery.createQueryJob({ ...job, dryRun: true }),
    );
    const bytes = Number(planned.metadata?.statistics?.totalBytesProcessed ?? 0);
    if (bytes > MAX_BYTES_BILLED) {
      throw new UserError(
        "That would read too much of the billing export. Ask for a shorter or more recent period.",
      );
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
    return rows as Row[];
  }

  async function readExtent(): Promise<Extent> {
    const since = addDays(dayOf(now()), -EXTENT_DAYS);
    type Found = { currency: string; rate: number | null; first_usage: number; newest_export: number };
    const found = await run<Found>((tables) => extentQuery(tables, since));
    const first = new Date(Math.min(...found.map(({ first_usage }) => Number(first_usage))));
    return {
      // Usage from the first days looked at: there is probably more before.
      firstUsage: found.length > 0 && dayOf(first) > addDays(since, 35) ? first : null,
      newestExport:
        found.length > 0
          ? new Date(Math.max(...found.map(({ newest_export }) => Number(newest_export))))
          : null,
      unitsPerDollar: new Map(found.map(({ currency, rate }) => [currency, rate ?? 1])),
    };
  }

  return {
    async spend(asked) {
      const found = await run<Omit<SpendRow, "nanos"> & { amount: string }>((tables) =>
        spendQuery(tables, asked),
      );
      return found.map(({ amount, ...row }) => ({ ...row, nanos: nanosOf(amount) }));
    },
    extent() {
      const at = now().getTime();
      if (!extent || at - extent.at > EXTENT_FRESH_MS) {
        const value = readExtent();
        extent = { at, value };
        value.catch(() => (extent = undefined));
      }
      return extent.value;
    },
  };
}
