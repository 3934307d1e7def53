-- A view of its own, so that the latest of many calls can be read in the order of the index.
CREATE OR REPLACE VIEW ledger.filed AS
SELECT f.call_id, s.customer_id, f.month, s.session_id, k.plan_tier, k.query_type, f.gcp_project, k.tools_invoked,
  k.environment, k.route, k.model_asked, k.model_used, k.decision, k.state, k.outcome, f.held_nanos, f.cost_nanos,
  f.prompt_bound, f.held_tokens, f.prompt_tokens, f.cached_tokens, f.completion_tokens, k.cache_hit, f.reserved_at,
  NULL::timestamptz AS lease_until, f.settled_at, replace(f.trace_id::text, '-', '') AS trace_id
FROM ledger.filed_calls f
JOIN ledger.sessions s ON s.session_key = f.session_key
JOIN ledger.call_kinds k ON k.kind_id = f.kind_id;

CREATE OR REPLACE VIEW ledger.calls AS
SELECT call_id, customer_id, month, session_id, plan_tier, query_type, gcp_project, tools_invoked, environment, route,
  model_asked, model_used, decision, state, outcome, held_nanos, cost_nanos, prompt_bound, held_tokens, prompt_tokens,
  cached_tokens, completion_tokens, cache_hit, reserved_at, lease_until, settled_at, trace_id
FROM ledger.recent_calls
UNION ALL
SELECT call_id, customer_id, month, session_id, plan_tier, query_type, gcp_project, tools_invoked, environment, route,
  model_asked, model_used, decision, state, outcome, held_nanos, cost_nanos, prompt_bound, held_tokens, prompt_tokens,
  cached_tokens, completion_tokens, cache_hit, reserved_at, lease_until, settled_at, trace_id
FROM ledger.calls_before_020
UNION ALL
SELECT * FROM ledger.filed;

-- Spend by hour. Dashboards choose customers by `scope IN (...)`: the ids of some, or, for all of them, the column
-- `customer_id`, which is '' in each row. So all customers are read from the totals and a few from their calls.
CREATE OR REPLACE VIEW ledger.spend AS
SELECT '' AS scope, '' AS customer_id, hour, environment, plan_tier, query_type, model_used, calls, cache_hits, cost_nanos
FROM ledger.spend_hours
UNION ALL
SELECT '', '', date_trunc('hour', reserved_at, 'UTC'), environment, plan_tier, query_type, coalesce(model_used, ''), 1,
  cache_hit::integer, cost_nanos
FROM ledger.recent_calls WHERE state = 'posted'
UNION ALL
SELECT customer_id, '', date_trunc('hour', reserved_at, 'UTC'), environment, plan_tier, query_type, coalesce(model_used, ''),
  1, cache_hit::integer, cost_nanos
FROM ledger.calls WHERE state = 'posted';

-- Spend by customer and day, by UTC's calendar.
CREATE OR REPLACE VIEW ledger.customer_spend AS
SELECT day, customer_id, environment, plan_tier, calls, cost_nanos FROM ledger.customer_days
UNION ALL
SELECT (reserved_at AT TIME ZONE 'UTC')::date, customer_id, environment, plan_tier, 1, cost_nanos
FROM ledger.recent_calls WHERE state = 'posted';

-- The view of 060 with each customer's month and cap worked out once: Postgres had copied both expressions into every place that
-- names them, six times in the exporter's query. OFFSET 0 keeps them apart, and still lets `customer_id = ...` find its row. The
-- function that knows proration is asked only where a tier has changed.
CREATE OR REPLACE VIEW ledger.customer_usage AS
SELECT
  c.customer_id,
  c.name,
  c.tier,
  this.starts AS month,
  coalesce(m.spent_nanos, 0) AS spent_nanos,
  coalesce(m.held_nanos, 0) AS held_nanos,
  cap.nanos AS cap_nanos,
  coalesce(m.calls, 0) AS calls,
  -- The first day after the budget month.
  this.ends AS month_end
FROM ledger.customers c
CROSS JOIN (
  SELECT at, ledger.month_of(at) AS starts, (ledger.month_of(at) + interval '1 month')::date AS ends
  FROM (SELECT ledger.clock() AS at OFFSET 0) clock OFFSET 0
) now
CROSS JOIN (SELECT array_agg(tier) AS tiers, array_agg(budget_nanos) AS budgets FROM ledger.tiers) plans
-- Without a rule of its own a customer's month is the calendar's.
LEFT JOIN (SELECT DISTINCT customer_id FROM ledger.billing_anchors) a ON a.customer_id = c.customer_id
CROSS JOIN LATERAL (
  SELECT now.starts, now.ends, 1 AS days, 1 AS whole_days WHERE a.customer_id IS NULL
  UNION ALL
  SELECT p.starts, p.ends, p.days, p.whole_days FROM ledger.period_of(a.customer_id, now.at) p WHERE a.customer_id IS NOT NULL
) this
JOIN ledger.tiers t ON t.tier = c.tier
LEFT JOIN ledger.customer_months m ON m.customer_id = c.customer_id AND m.month = this.starts
LEFT JOIN ledger.overrides o ON o.customer_id = c.customer_id
LEFT JOIN (SELECT customer_id, max(at) AS at FROM ledger.tier_changes GROUP BY customer_id) moved ON moved.customer_id = c.customer_id
LEFT JOIN (
  SELECT customer_id, sum(amount_nanos - used_nanos)::bigint AS left_nanos FROM ledger.grants
  WHERE expires_at > ledger.clock() GROUP BY customer_id
) g ON g.customer_id = c.customer_id
CROSS JOIN LATERAL (
  SELECT CASE
    -- An override or a grant that has ended, and a tier that has changed, are in the row until the next call.
    WHEN o.customer_id IS NULL AND g.left_nanos IS NULL AND coalesce(m.granted_nanos, 0) = 0
      AND m.tier = c.tier AND m.budget_nanos IS NULL AND (moved.at >= m.updated_at) IS NOT TRUE
    THEN m.cap_nanos
    ELSE coalesce(g.left_nanos, 0) + coalesce(m.granted_nanos, 0) + CASE
      WHEN t.prorated AND moved.at >= this.starts::timestamp AT TIME ZONE 'UTC' THEN ledger.plan_budget(
        c.customer_id, now.at, active.budget_nanos, c.tier, plans.tiers, plans.budgets, true)
      ELSE floor(coalesce(active.budget_nanos, t.budget_nanos)::numeric * this.days / this.whole_days)::bigint
    END
  END AS nanos
  FROM (SELECT CASE WHEN o.ends_at > now.at THEN o.budget_nanos END AS budget_nanos) active OFFSET 0
) cap;
