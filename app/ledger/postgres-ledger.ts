import { FORECAST_DAYS } from "./forecast";
import type { Customer, Ledger, RecentSpend, Usage } from "./ledger";
import { agentPool } from "./pool";

const CUSTOMER = `
  SELECT customer_id, tier, gcp_project, disabled_at IS NOT NULL AS disabled
  FROM ledger.customers WHERE customer_id = `;
const BY_KEY = `${CUSTOMER}(
  SELECT customer_id FROM ledger.customer_keys WHERE key_hash = $1 AND (ends_at IS NULL OR ends_at > now()))`;
const BY_ID = `${CUSTOMER}$1`;

const USAGE = `
  SELECT u.month::text, u.month_end::text, u.cap_nanos, u.spent_nanos, u.held_nanos, u.calls,
    coalesce(s.spent_nanos, 0) AS session_spent, coalesce(s.held_nanos, 0) AS session_held,
    coalesce(s.calls, 0) AS session_calls
  FROM ledger.customer_usage u
  LEFT JOIN ledger.sessions s ON s.customer_id = u.customer_id AND s.session_id = $2
  WHERE u.customer_id = $1`;

const FIRST_DAY = `
  SELECT (created_at AT TIME ZONE 'UTC')::date::text AS first_day FROM ledger.customers WHERE customer_id = $1`;
const DAYS = `
  SELECT day::text, spent_nanos AS nanos
  FROM ledger.daily_spend(least((now() AT TIME ZONE 'UTC')::date - ${FORECAST_DAYS},
    (SELECT month FROM ledger.customer_usage WHERE customer_id = $1)), $1)
  ORDER BY day`;
const QUERY_TYPES = `
  SELECT query_type, sum(cost_nanos) AS nanos, count(*) AS calls FROM ledger.calls
  WHERE customer_id = $1 AND state = 'posted'
    AND month = (SELECT month FROM ledger.customer_usage WHERE customer_id = $1)
  GROUP BY 1 ORDER BY 2 DESC, 1`;
const COST = `
  SELECT coalesce(sum(cost_nanos), 0) AS nanos, count(*) FILTER (WHERE state = 'pending') AS pending FROM ledger.calls
  WHERE customer_id = $1 AND session_id = $2 AND call_id = ANY($3::uuid[])`;

/**
 * The budget ledger in Postgres, read as `ledger_agent`.
 *
 * @param onError called with errors of idle connections; the pool replaces them.
 */
export function postgresLedger(url: string, onError: (error: Error) => void): Ledger {
  const pool = agentPool(url, "tollgate-agent", onError);

  async function customer(sql: string, value: string): Promise<Customer | undefined> {
    const { rows } = await pool.query(sql, [value]);
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
    customerByKeyHash: (hash) => customer(BY_KEY, hash.toString("hex")),
    customerById: (customerId) => customer(BY_ID, customerId),
    async usage(customerId, sessionId): Promise<Usage> {
      const { rows } = await pool.query(USAGE, [customerId, sessionId ?? ""]);
      const row = rows[0];
      if (!row) throw new Error("the customer is not in the ledger");
      // Postgres sends bigint as text; these amounts stay far below 2^53.
      return {
        month: row.month,
        monthEnd: row.month_end,
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
    async recentSpend(customerId): Promise<RecentSpend> {
      const [first, days, types] = await Promise.all(
        [FIRST_DAY, DAYS, QUERY_TYPES].map((query) => pool.query(query, [customerId])),
      );
      return {
        firstDay: first!.rows[0].first_day,
        days: days!.rows.map(({ day, nanos }) => ({ day, nanos: Number(nanos) })),
        queryTypes: types!.rows.map(({ query_type, nanos, calls }) => ({
          queryType: query_type,
          nanos: Number(nanos),
          calls: Number(calls),
        })),
      };
    },
    async costOf(customerId, sessionId, callIds) {
      const { rows } = await pool.query(COST, [customerId, sessionId, callIds]);
      return Number(rows[0].pending) > 0 ? null : Number(rows[0].nanos);
    },
    async ping() {
      await pool.query("SELECT 1");
    },
    close: () => pool.end(),
  };
}
