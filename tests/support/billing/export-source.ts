import { extentOfRows, readRow, spendOfLines, type ExportRow } from "../../../app/billing/export-row";
import type { BillingSource } from "../../../app/sources/source";

/** A billing export that a test holds in memory, with the meaning that the query in BigQuery has. */
export function exportSource(rows: readonly ExportRow[]): BillingSource {
  const lines = rows.map(readRow);
  const extent = extentOfRows(rows);
  return {
    spend: (query) => Promise.resolve(spendOfLines(lines, query)),
    extent: () => Promise.resolve(extent),
  };
}
