/**
 * Cloud Billing's usage cost exports, by their tables' names: a standard and a detailed one for each
 * billing account; https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables
 */
const EXPORT = /^gcp_billing_export_(resource_)?v1_([0-9A-F]{6}_[0-9A-F]{6}_[0-9A-F]{6})$/;

/**
 * The tables of a dataset to read, one for each billing account: its standard export, else its detailed one, which has the
 * same columns in more rows. Reading both would count every cost twice.
 */
export function chooseExports(tables: readonly string[]): string[] {
  const byAccount = new Map<string, string>();
  for (const table of [...tables].sort()) {
    const [, detailed, account] = EXPORT.exec(table) ?? [];
    if (account === undefined) continue;
    if (!detailed || !byAccount.has(account)) byAccount.set(account, table);
  }
  return [...byAccount.values()].sort();
}
