import { stringify } from "csv-stringify/sync";
import type { ClientBase } from "pg";
import { readCharges, type Charge, type Grain, type MonthTotals } from "../ledger/charges";
import { FORMATS } from "./formats";

/** What the export cannot write: the message says which customers, and the remedy. */
export class ExportError extends Error {}

/**
 * Writes a month's charges.
 *
 * @param month As "2026-11".
 * @param write Gets the text in pieces.
 * @throws ExportError where Stripe would not know a customer.
 */
export async function exportMonth(
  ledger: ClientBase,
  { month, format, grain }: { month: string; format: string; grain?: Grain },
  write: (text: string) => void | Promise<void>,
): Promise<MonthTotals> {
  const { columns, json, ...chosen } = FORMATS[format]!;
  const unknown = new Set<string>();
  if (columns) await write(stringify([columns.map(({ name }) => name)]));
  const totals = await readCharges(ledger, month, grain ?? chosen.grain, async (charges: Charge[]) => {
    if (columns) return write(stringify(charges.map((charge) => columns.map(({ value }) => value(charge)))));
    for (const { customerId, stripeCustomer, costNanos } of charges) {
      if (stripeCustomer === null && costNanos > 0) unknown.add(customerId);
    }
    if (unknown.size > 0) return;
    const lines = charges.map((charge) => json!(charge)).filter((line) => line !== null);
    return write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  });
  if (unknown.size > 0) {
    throw new ExportError(
      `Customers without a Stripe id: ${[...unknown].join(", ")}. Set it with \`tollgate customers stripe <customer-id> cus_...\``,
    );
  }
  return totals;
}
