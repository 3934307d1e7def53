import { randomUUID } from "node:crypto";
import { Pool, types } from "pg";
import { definitions, type NanoDollars } from "../../../litellm-config";

// Money is bigint in the ledger and far below 2^53.
types.setTypeParser(types.builtins.INT8, Number);

export interface CallRow {
  call_id: string;
  customer_id: string;
  month: Date;
  session_id: string;
  plan_tier: string;
  query_type: string;
  gcp_project: string | null;
  tools_invoked: string[];
  environment: string;
  route: string;
  model_asked: string;
  model_used: string | null;
  decision: "allowed" | "degraded";
  state: "pending" | "posted" | "voided";
  outcome: string | null;
  held_nanos: NanoDollars;
  cost_nanos: NanoDollars | null;
  prompt_bound: number;
  held_tokens: number;
  prompt_tokens: number | null;
  cached_tokens: number | null;
  completion_tokens: number | null;
  cache_hit: boolean;
  reserved_at: Date;
  settled_at: Date | null;
  trace_id: string | null;
}

/** The trace id of the calls that {@link LedgerProbe.spendBefore} writes. */
const SPENT_BEFORE = "5e".repeat(16);

export interface Balance {
  spent_nanos: NanoDollars;
  held_nanos: NanoDollars;
  calls: number;
}

/** The ledger as a test reads it, past the guard, as Postgres' superuser. */
export class LedgerProbe {
  private readonly pool: Pool;

  constructor(url: string) {
    this.pool = new Pool({ connectionString: url, max: 4 });
    // A test may stop Postgres under the pool.
    this.pool.on("error", () => undefined);
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  async query<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, values)).rows;
  }

  async addCustomer(customerId: string, tier: string): Promise<void> {
    await this.query(
      "INSERT INTO ledger.customers (customer_id, name, tier, gcp_project) VALUES ($1, $1, $2, $3)",
      [customerId, tier, `project-of-${customerId}`],
    );
  }

  /** The calls that went through the gateway, in their order. */
  calls(customerId: string): Promise<CallRow[]> {
    return this.query(
      "SELECT * FROM ledger.calls WHERE customer_id = $1 AND trace_id IS DISTINCT FROM $2 ORDER BY reserved_at",
      [customerId, SPENT_BEFORE],
    );
  }

  async month(customerId: string): Promise<Balance & { cap_nanos: NanoDollars }> {
    const [row] = await this.query<Balance & { cap_nanos: NanoDollars }>(
      "SELECT * FROM ledger.customer_months WHERE customer_id = $1 AND month = ledger.month_of(ledger.clock())",
      [customerId],
    );
    return row ?? { spent_nanos: 0, held_nanos: 0, calls: 0, cap_nanos: 0 };
  }

  async session(customerId: string, sessionId: string): Promise<Balance> {
    const [row] = await this.query<Balance>(
      "SELECT * FROM ledger.sessions WHERE customer_id = $1 AND session_id = $2",
      [customerId, sessionId],
    );
    return row ?? { spent_nanos: 0, held_nanos: 0, calls: 0 };
  }

  /**
   * Writes a settled call of the past, with the balances it left behind, an hour ago so that it is out of the last
   * minute's tokens.
   */
  async spendBefore(customerId: string, sessionId: string, nanos: NanoDollars): Promise<void> {
    await this.query(
      `WITH customer AS (SELECT tier FROM ledger.customers WHERE customer_id = $1),
       month AS (
         INSERT INTO ledger.customer_months AS m
           (customer_id, month, tier, cap_nanos, spent_nanos, calls, updated_at)
         SELECT $1, ledger.month_of(ledger.clock()), tier, $4, $3, 1, ledger.clock() FROM customer
         ON CONFLICT (customer_id, month) DO UPDATE
           SET spent_nanos = m.spent_nanos + $3, calls = m.calls + 1
         RETURNING month),
       session AS (
         INSERT INTO ledger.sessions AS s
           (customer_id, session_id, spent_nanos, calls, started_at, last_call_at)
         VALUES ($1, $2, $3, 1, ledger.clock() - interval '1 hour', ledger.clock() - interval '1 hour')
         ON CONFLICT (customer_id, session_id) DO UPDATE
           SET spent_nanos = s.spent_nanos + $3, calls = s.calls + 1
         RETURNING session_id)
       INSERT INTO ledger.recent_calls
         (call_id, customer_id, month, session_id, plan_tier, query_type, tools_invoked, environment, route,
          model_asked, model_used, decision, state, outcome, held_nanos, cost_nanos, prompt_bound, held_tokens,
          reserved_at, lease_until, settled_at, trace_id)
       SELECT $5, $1, month.month, $2, customer.tier, 'action', '{}', 'local', 'deep', 'deep', 'claude-opus-5-5',
          'allowed', 'posted', 'success', $3, $3, 0, 0, ledger.clock() - interval '1 hour',
          ledger.clock() - interval '55 minutes', ledger.clock() - interval '59 minutes', $6
       FROM month, customer, session`,
      [customerId, sessionId, nanos, await this.capOf(customerId), randomUUID(), SPENT_BEFORE],
    );
  }

  /** What {@link spendBefore} wrote into a session. */
  async spentBefore(customerId: string, sessionId: string): Promise<NanoDollars> {
    const [row] = await this.query<{ spent: NanoDollars }>(
      `SELECT coalesce(sum(cost_nanos), 0)::bigint AS spent FROM ledger.calls
       WHERE customer_id = $1 AND session_id = $2 AND trace_id = $3`,
      [customerId, sessionId, SPENT_BEFORE],
    );
    return row?.spent ?? 0;
  }

  private async capOf(customerId: string): Promise<NanoDollars> {
    const [customer] = await this.query<{ tier: string }>(
      "SELECT tier FROM ledger.customers WHERE customer_id = $1",
      [customerId],
    );
    return definitions.tiers[customer?.tier ?? ""]?.monthlyBudget ?? 0;
  }

  /**
   * Where a customer's rows contradict each other; empty when the books balance: what is held is the sum of the pending
   * calls, what is spent that of the posted ones, and the month that of its sessions.
   */
  async contradictions(customerId: string): Promise<string[]> {
    const rows = await this.query<{ what: string; booked: number; counted: number }>(
      `WITH sums AS (
         SELECT session_id, month,
           coalesce(sum(cost_nanos) FILTER (WHERE state = 'posted'), 0)::bigint AS spent,
           coalesce(sum(held_nanos) FILTER (WHERE state = 'pending'), 0)::bigint AS held
         FROM ledger.calls WHERE customer_id = $1 GROUP BY session_id, month),
       months AS (SELECT month, sum(spent)::bigint AS spent, sum(held)::bigint AS held FROM sums GROUP BY month),
       sessions AS (SELECT session_id, sum(spent)::bigint AS spent, sum(held)::bigint AS held FROM sums GROUP BY session_id),
       booked AS (
         SELECT 'month ' || m.month || ' spent' AS what, m.spent_nanos AS booked, coalesce(c.spent, 0) AS counted
         FROM ledger.customer_months m LEFT JOIN months c USING (month) WHERE m.customer_id = $1
         UNION ALL SELECT 'month ' || m.month || ' held', m.held_nanos, coalesce(c.held, 0)
         FROM ledger.customer_months m LEFT JOIN months c USING (month) WHERE m.customer_id = $1
         UNION ALL SELECT 'session ' || s.session_id || ' spent', s.spent_nanos, coalesce(c.spent, 0)
         FROM ledger.sessions s LEFT JOIN sessions c USING (session_id) WHERE s.customer_id = $1
         UNION ALL SELECT 'session ' || s.session_id || ' held', s.held_nanos, coalesce(c.held, 0)
         FROM ledger.sessions s LEFT JOIN sessions c USING (session_id) WHERE s.customer_id = $1
         UNION ALL SELECT 'all months and all sessions, spent',
           (SELECT coalesce(sum(spent_nanos), 0)::bigint FROM ledger.customer_months WHERE customer_id = $1),
           (SELECT coalesce(sum(spent_nanos), 0)::bigint FROM ledger.sessions WHERE customer_id = $1))
       SELECT * FROM booked WHERE booked <> counted`,
      [customerId],
    );
    return rows.map(({ what, booked, counted }) => `${what}: ${booked} booked, ${counted} counted`);
  }
}
