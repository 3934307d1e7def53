import { PAYS } from "../../../litellm-config";
import { TIERS } from "../../ledger-exporter/sql";
import { withLedgerAt } from "../../ledger/connect";
import type { CustomerMoney, TierMoney } from "./scores";

/** Paying customers who have spent this month, the largest spend first; the bound keeps Langfuse's lists readable. */
const SPENDERS = `
  SELECT usage.customer_id, usage.spent_nanos, tiers.price_nanos
  FROM ledger.customer_usage AS usage
  JOIN ledger.tiers ON tiers.tier = usage.tier
  WHERE usage.spent_nanos > 0 AND usage.customer_id IN (SELECT customer_id FROM ledger.customers WHERE ${PAYS})
  ORDER BY usage.spent_nanos DESC, usage.customer_id
  LIMIT 1000`;

/**
 * Revenue and cost of this month, in one transaction, so that the numbers agree with each other.
 *
 * @param url The ledger as role `ledger_reader`.
 * @throws what Postgres answers; an Error with the remedy when the ledger cannot be reached.
 */
export async function readMoney(url: string): Promise<{ tiers: TierMoney[]; customers: CustomerMoney[] }> {
  return withLedgerAt(url, async (client) => {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await client.query("SET LOCAL statement_timeout = '10s'");
    const tiers = await client.query<{
      tier: string;
      price_nanos: string;
      customers: string;
      spent_nanos: string;
    }>(TIERS);
    const customers = await client.query<{ customer_id: string; spent_nanos: string; price_nanos: string }>(
      SPENDERS,
    );
    return {
      tiers: tiers.rows.map((row) => ({
        tier: row.tier,
        price: Number(row.price_nanos),
        customers: Number(row.customers),
        spent: Number(row.spent_nanos),
      })),
      customers: customers.rows.map((row) => ({
        customer: row.customer_id,
        price: Number(row.price_nanos),
        spent: Number(row.spent_nanos),
      })),
    };
  });
}
