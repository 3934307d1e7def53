import type { QueryConfig } from "pg";
import { withLedger } from "../ledger/connect";

export interface Rows {
  columns: string[];
  /** By column; whole numbers of 64 bits are text. */
  rows: Record<string, unknown>[];
}

/**
 * The rows of one statement, as role `ledger_reader` in a read-only transaction of at most a minute.
 *
 * @throws what Postgres answers; an Error with the remedy when there is no ledger to reach.
 */
export async function readLedger(sql: string): Promise<Rows> {
  return withLedger(async (client) => {
    await client.query("BEGIN READ ONLY");
    await client.query("SET LOCAL statement_timeout = '60s'");
    // This protocol takes one statement and no more.
    const statement: QueryConfig & { queryMode: string } = { text: sql, queryMode: "extended" };
    const { fields, rows } = await client.query<Record<string, unknown>>(statement);
    return { columns: fields.map(({ name }) => name), rows };
  }, "ledger-reader-url");
}
