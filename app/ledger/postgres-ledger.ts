import { Pool } from "pg";
import type { Customer, Ledger, Usage } from "./ledger";

const CUSTOMER = `
  SELECT customer_id, tier, gcp_project, disabled_at IS NOT NULL AS disabled
  FROM ledger.customers WHERE `;

const USAGE = `
  SELECT u.month::text, u.cap_nanos, u.spent_nanos, u.held_nanos, u.calls,
    coalesce(s.spent_nanos, 0) AS session_spent, coalesce(s.held_nanos, 0) AS session_held,
    coalesce(s.calls, 0) AS session_calls
  FROM ledger.customer_usage u
  LEFT JOIN ledger.sessions s ON s.customer_id = u.customer_id AND s.session_id = $2
  WHERE u.customer_id = $1`;

/**
 * The budget ledger in Postgres, read as `ledger_agent`.
 *
 * @param onError called with errors of idle connections; the pool replaces them.
 */
export function postgresLedger(url: string, onError: (error: Error) => void): Ledger {
  const pool = new Pool({
    connectionString: url,
    max: 5,
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: 3_000,
    application_name: "tollgate-agent",
  });
  pool.on("error", onError);

  async function customer(column: "key_hash" | "customer_id", value: string): Promise<Customer | undefined> {
    const { rows } = await pool.query(`${CUSTOMER}${column} = $1`, [value]);
    const row = rows[0];
    return (
      row && {
        customerId: row.customer_id,
        tier: row.tier,
        gcpProject: row.gcp_project,
        disabled: row.disabled,
      }
    );
  }

  return {
    customerByKeyHash: (hash) => customer("key_hash", hash.toString("hex")),
    customerById: (customerId) => customer("customer_id", customerId),
    async usage(customerId, sessionId): Promise<Usage> {
      const { rows } = await pool.query(USAGE, [customerId, sessionId ?? ""]);
      const row = rows[0];
      if (!row) throw new Error("the customer is not in the ledger");
      // Postgres sends bigint as text; these amounts stay far below 2^53.
      return {
        month: row.month,
        capNanos: Number(row.cap_nanos),
        spentNanos: Number(row.spent_nanos),
        heldNanos: Number(row.held_nanos),
        calls: Number(row.calls),
        session: {
          spentNanos: Number(row.session_spent),
          heldNanos: Number(row.session_held),
          calls: Number(row.session_calls),
        },
      };
    },
    async ping() {
      await pool.query("SELECT 1");
    },
    close: () => pool.end(),
  };
}
