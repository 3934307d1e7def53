/**
 * Every query of the exporter, run in one read-only transaction a refresh. Each has an upper bound of rows: the rows
 * become Prometheus series, and the number of customers and sessions has none.
 */
import { PAYS } from "../../litellm-config";

/** Customers that have used over half of the month's budget, the fullest first. $1 = percent where degradation begins. */
export const CUSTOMERS_OVER_HALF = `
  SELECT usage.customer_id,
         usage.tier,
         usage.spent_nanos,
         usage.cap_nanos,
         -- As observed: a customer over the threshold whose calls since then are still allowed is not degraded.
         (usage.spent_nanos + usage.held_nanos) * 100 >= usage.cap_nanos * $1::int
           AND coalesce(months.last_decision = 'degraded' OR months.last_call_at <= crossing.crossed_at, true) AS degraded,
         usage.spent_nanos >= usage.cap_nanos
           OR coalesce(months.blocked_at > months.last_call_at, months.blocked_at IS NOT NULL) AS blocked
  FROM ledger.customer_usage AS usage
  JOIN ledger.customer_months AS months ON months.month = usage.month AND months.customer_id = usage.customer_id
  LEFT JOIN ledger.crossings AS crossing
    ON crossing.customer_id = usage.customer_id AND crossing.month = usage.month AND crossing.percent = $1::int
      AND crossing.cap_nanos = usage.cap_nanos
  WHERE usage.spent_nanos * 2 > usage.cap_nanos
  ORDER BY usage.spent_nanos::numeric / usage.cap_nanos DESC, usage.customer_id
  LIMIT 1000`;

/** Sessions of the last hour that cost more than $1 nano-dollars, with the trace of their last call. */
export const RUNAWAY_SESSIONS = `
  SELECT customer_id, session_id, spent_nanos, coalesce(last_trace_id, '') AS trace_id
  FROM ledger.sessions
  WHERE last_call_at > now() - interval '1 hour' AND spent_nanos > $1::bigint
  ORDER BY spent_nanos DESC
  LIMIT 100`;

/** Each tier's price, budget, paying customers, and their spend of the running budget months, zeros included. */
export const TIERS = `
  SELECT tiers.tier,
         tiers.price_nanos,
         tiers.budget_nanos,
         (SELECT count(*) FROM ledger.customers
          WHERE customers.tier = tiers.tier AND ${PAYS}) AS customers,
         coalesce(spent.nanos, 0) AS spent_nanos
  FROM ledger.tiers
  LEFT JOIN (SELECT tier, sum(spent_nanos) AS nanos FROM ledger.customer_usage GROUP BY tier) AS spent
    ON spent.tier = tiers.tier
  ORDER BY tiers.tier`;

/** Conversations and customers of the last quarter of an hour. */
export const ACTIVITY = `
  SELECT count(*) AS sessions, count(DISTINCT customer_id) AS customers
  FROM ledger.sessions
  WHERE last_call_at > now() - interval '15 minutes'`;

/** Money that calls in flight hold. */
export const HOLDS = `
  SELECT count(*) AS pending,
         coalesce(sum(held_nanos), 0) AS held_nanos,
         coalesce(extract(epoch FROM now() - min(reserved_at)), 0) AS oldest_seconds
  FROM ledger.recent_calls
  WHERE state = 'pending'`;

/** Connections of each database of the server. */
export const CONNECTIONS = `
  SELECT datname, numbackends FROM pg_stat_database WHERE datname IS NOT NULL ORDER BY datname`;

/** Connections that the server takes. */
export const MAX_CONNECTIONS = `SELECT current_setting('max_connections')::int AS max`;
