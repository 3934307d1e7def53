import { parse } from "csv-parse/sync";
import { definitions } from "../../litellm-config";
import { BillError, nanosOf, type Bill, type BillLine } from "./bill";

/**
 * The query whose result, saved as CSV, this reads. Columns as in
 * https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage
 */
export const VERTEX_QUERY = `SELECT usage_start_time, sku.description AS sku, currency, cost
FROM \`<project>.<dataset>.gcp_billing_export_v1_<account>\`
WHERE service.description LIKE 'Vertex AI%' AND usage_start_time >= '2026-11-01' AND usage_start_time < '2026-12-01'`;

const COLUMNS = ["usage_start_time", "sku", "currency", "cost"];

/**
 * Reads Cloud Billing's export of Vertex AI as CSV. A SKU is known by its description, which names the model in words; the longest
 * name that fits is taken.
 *
 * @throws BillError when a column is missing or an amount is not in dollars.
 */
export function readVertex(text: string): Bill {
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { bom: true, trim: true, skip_empty_lines: true, columns: true });
  } catch (error) {
    throw new BillError(`It is not CSV with a header: ${(error as Error).message}`);
  }
  const missing = COLUMNS.filter((column) => !Object.hasOwn(rows[0] ?? {}, column));
  if (missing.length > 0) {
    throw new BillError(
      `It has no rows with ${missing.join(" and ")}: save the result of this query as CSV\n${VERTEX_QUERY}`,
    );
  }
  const lines = rows.map(({ usage_start_time, sku, currency, cost }, index): BillLine => {
    const at = new Date(usage_start_time!.replace(/ UTC$/, "Z").replace(" ", "T"));
    if (Number.isNaN(at.getTime())) {
      throw new BillError(
        `line ${index + 2}: usage_start_time (is "${usage_start_time}") is not a moment such as 2026-11-01 00:00:00 UTC`,
      );
    }
    if (currency !== "USD") {
      throw new BillError(
        `line ${index + 2}: currency (is "${currency}") must be USD: divide by currency_conversion_rate in the query`,
      );
    }
    return { day: at.toISOString().slice(0, 10), model: modelOf(sku!), nanos: nanosOf(cost!) };
  });
  const days = lines.map(({ day }) => day).sort();
  return { lines, from: days[0]!, to: days.at(-1)! };
}

const MODELS = Object.entries(definitions.models)
  .filter(([, { provider }]) => provider === "vertex")
  .map(([name]) => ({ name, words: name.replace(/-preview$/, "").split("-") }))
  .sort((one, other) => other.words.length - one.words.length);

function modelOf(sku: string): string {
  const words = sku.toLowerCase().split(/[^a-z0-9.]+/);
  return MODELS.find((model) => model.words.every((word) => words.includes(word)))?.name ?? sku;
}
