import type { Client } from "pg";
import { definitions } from "../../../litellm-config";
import { QUERY_TYPES } from "../../../litellm-config/schema";

/** Calls that a customer of the bench has made, in sessions of ten, all of them within the last thirty days. */
const CALLS_PER_CUSTOMER = 1_000;
const CALLS_PER_SESSION = 10;
const SECONDS = 30 * 86_400;

/** How many customers a ledger of so many calls has. */
export const customersOf = (calls: number) => Math.max(10, Math.ceil(calls / CALLS_PER_CUSTOMER));

/** Adds so many customers who have not called yet. */
export async function addCustomers(owner: Client, count: number): Promise<void> {
  const tiers = Object.keys(definitions.tiers);
  await owner.query(
    `INSERT INTO ledger.customers (customer_id, name, tier, gcp_project)
     SELECT 'cust_' || lpad(n::text, 6, '0'), 'Customer ' || n, ($2::text[])[1 + n % $3], 'project-of-customer-' || n
     FROM generate_series(0, $1 - 1) n`,
    [count, tiers, tiers.length],
  );
}

/** Fills a ledger that has its customers with settled calls, spread evenly, and with the totals that filing them makes. */
export async function fill(owner: Client, calls: number): Promise<void> {
  const customers = customersOf(calls);
  const sessions = Math.ceil(calls / CALLS_PER_SESSION);
  const models = Object.keys(definitions.models);
  await owner.query("SET work_mem = '256MB'; SET synchronous_commit = off");
  await owner.query(
    `INSERT INTO ledger.sessions (customer_id, session_id, spent_nanos, calls, started_at, last_call_at, last_trace_id)
     SELECT 'cust_' || lpad((n % $2)::text, 6, '0'), 'sess_' || md5(n::text), 0, ${CALLS_PER_SESSION}, at, at + interval '9 minutes',
       md5(n::text)
     FROM (SELECT n, now() - interval '10 minutes' - make_interval(secs => ${SECONDS} * (1 - n::float / $1)) AS at
       FROM generate_series(0, $1 - 1) n) s ORDER BY n`,
    [sessions, customers],
  );
  await owner.query(
    `INSERT INTO ledger.call_kinds (digest, plan_tier, query_type, tools_invoked, environment, route, model_asked, model_used,
       decision, state, outcome, cache_hit)
     SELECT md5(row(t, q, m, h, tools)::text)::uuid, t, q, tools, 'production', 'analysis', 'analysis', m, 'allowed', 'posted',
       'success', h
     FROM unnest($1::text[]) t, unnest($3::text[]) q, unnest($2::text[]) m, unnest(ARRAY[false, true]) h,
       (VALUES (ARRAY['bigquery_billing']), (ARRAY['bigquery_billing', 'recommender_api'])) AS sets (tools)`,
    [Object.keys(definitions.tiers), models, QUERY_TYPES],
  );
  await owner.query(
    `SELECT ledger.make_month(ledger.month_of(at))
     FROM generate_series(now() - interval '31 days', now() + interval '1 day', interval '1 day') at`,
  );
  await owner.query(
    `INSERT INTO ledger.filed_calls (reserved_at, settled_at, held_nanos, cost_nanos, call_id, session_key, kind_id, month,
       prompt_bound, held_tokens, prompt_tokens, cached_tokens, completion_tokens, trace_id, gcp_project)
     SELECT at, at + interval '3 seconds', cost * 3, CASE WHEN k.cache_hit THEN 0 ELSE cost END, gen_random_uuid(), s.session_key,
       k.kind_id, ledger.month_of(at), 9000, 11000, 3000, 1000, 400, s.last_trace_id::uuid, c.gcp_project
     FROM ledger.sessions s
     JOIN ledger.customers c USING (customer_id)
     CROSS JOIN LATERAL (
       SELECT s.started_at + make_interval(secs => 54 * n) AS at, 1000000 + (random() * 20000000)::bigint AS cost,
         (random() * $1)::integer AS pick
       FROM generate_series(0, ${CALLS_PER_SESSION - 1}) n) AS call
     JOIN (SELECT *, row_number() OVER (PARTITION BY plan_tier ORDER BY cache_hit, digest) - 1 AS place FROM ledger.call_kinds) k
       ON k.plan_tier = c.tier AND k.place = call.pick
     ORDER BY s.session_key`,
    // The kinds of a tier are ordered with those of cache hits last: one call in ten is one.
    [models.length * QUERY_TYPES.length * 2 * 1.1],
  );
  await owner.query(
    `INSERT INTO ledger.spend_hours (hour, environment, plan_tier, query_type, model_used, calls, cache_hits, cost_nanos)
     SELECT date_trunc('hour', reserved_at, 'UTC'), environment, plan_tier, query_type, model_used, count(*),
       count(*) FILTER (WHERE cache_hit), sum(cost_nanos)
     FROM ledger.filed GROUP BY 1, 2, 3, 4, 5 ORDER BY 1`,
  );
  await owner.query(
    `INSERT INTO ledger.customer_days (day, customer_id, environment, plan_tier, calls, cost_nanos)
     SELECT (reserved_at AT TIME ZONE 'UTC')::date, customer_id, environment, plan_tier, count(*), sum(cost_nanos)
     FROM ledger.filed GROUP BY 1, 2, 3, 4 ORDER BY 1`,
  );
  await owner.query(
    `UPDATE ledger.sessions s SET spent_nanos = f.spent
     FROM (SELECT session_key, sum(cost_nanos) AS spent FROM ledger.filed_calls GROUP BY 1) f
     WHERE f.session_key = s.session_key`,
  );
  // In the order in which they were begun, as a ledger that has grown has them.
  await owner.query("CLUSTER ledger.sessions USING sessions_session_key_key");
  await owner.query(
    `INSERT INTO ledger.customer_months (customer_id, month, tier, cap_nanos, spent_nanos, calls, updated_at, last_call_at,
       last_decision)
     SELECT customer_id, month, min(plan_tier), max(t.budget_nanos), sum(cost_nanos), count(*), max(settled_at),
       max(reserved_at), 'allowed'
     FROM ledger.filed JOIN ledger.tiers t ON t.tier = plan_tier GROUP BY 1, 2`,
  );
  await owner.query(
    `INSERT INTO ledger.refusals (at, customer_id, session_id, month, reason, route, query_type)
     SELECT last_call_at, customer_id, session_id, ledger.month_of(last_call_at), 'session_calls', 'analysis', 'cost_analysis'
     FROM ledger.sessions WHERE session_key % 10 = 0`,
  );
  await owner.query(
    `INSERT INTO ledger.crossings (customer_id, month, percent, action, crossed_at, spent_nanos, cap_nanos)
     SELECT customer_id, month, 50, 'log', last_call_at, spent_nanos, cap_nanos FROM ledger.customer_months
     WHERE spent_nanos * 2 > cap_nanos`,
  );
  await owner.query("RESET work_mem; RESET synchronous_commit");
}
