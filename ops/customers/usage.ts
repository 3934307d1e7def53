import type { ClientBase } from "pg";
import { readOutlook, type Usage } from "../ledger/outlook";
import { unknown } from "./customer";

/** One customer's usage. @throws CustomerError when there is no customer of that id. */
export async function usageOf(ledger: ClientBase, customerId: string): Promise<Usage> {
  const { customers } = await readOutlook(ledger, customerId);
  return customers[0] ?? unknown(customerId);
}
