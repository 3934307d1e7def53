-- A budget month's row says when it ends, so that a reservation finds the running one by it. What period_of() looks up was a
-- statement of its own in every reservation, a tenth of what reservation and settlement take. Brakes and grants are likewise
-- looked at closely only where there is one.

-- The first day after the month. Null in a shorter month than its rule's, and in a row that no reservation has seen since this
-- migration: there the month is looked up. It never changes: a new rule begins where the running month ends.
ALTER TABLE ledger.customer_months ADD COLUMN ends date;

-- Changes a function that stands elsewhere, so that what an earlier migration made of it stays.
CREATE OR REPLACE FUNCTION pg_temp.edit(p_function regprocedure, p_old text, p_new text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_text text := pg_get_functiondef(p_function);
BEGIN
  IF array_length(string_to_array(v_text, p_old), 1) IS DISTINCT FROM 2 THEN
    RAISE EXCEPTION '% must have this text once: %', p_function, p_old;
  END IF;
  EXECUTE replace(v_text, p_old, p_new);
END
$$;

SELECT pg_temp.edit('ledger.reserve(jsonb)', 'v_month date; v_short boolean;',
  'v_month date; v_short boolean := false; v_ends date; v_paid_ends date; v_override bigint; v_granting boolean; v_braking boolean;');
SELECT pg_temp.edit('ledger.reserve(jsonb)', $old$  SELECT starts, days < whole_days INTO v_month, v_short FROM period_of(v.customer, v_now);
  -- One call$old$, $new$  -- One call$new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)', $old$  SELECT c.tier, m.tier, m.cap_nanos,$old$, $new$  SELECT c.tier, m.month, m.tier, m.cap_nanos,$new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)', $old$  INTO v_tier, v_paid_tier, v_paid_cap,$old$, $new$  INTO v_tier, v_month, v_paid_tier, v_paid_cap,$new$);
-- No month is longer than 31 days.
SELECT pg_temp.edit('ledger.reserve(jsonb)', $old$    AND m.month = v_month AND m.customer_id = v.customer
    AND f.shard$old$, $new$    AND m.customer_id = v.customer AND m.month > v_day - 31 AND m.month <= v_day AND m.ends > v_day
    AND f.shard$new$);

SELECT pg_temp.edit('ledger.reserve(jsonb)',
  $old$    SELECT starts, days < whole_days INTO v_month, v_short FROM period_of(v.customer, v_now);
    SELECT tier, cap_nanos, budget_nanos, granted_nanos, spent_nanos, held_nanos, day, day_nanos, hour, hour_nanos
    INTO v_paid_tier,$old$,
  $new$    SELECT starts, days < whole_days, CASE WHEN days = whole_days THEN ends END INTO v_month, v_short, v_ends
    FROM period_of(v.customer, v_now);
    SELECT ends, tier, cap_nanos, budget_nanos, granted_nanos, spent_nanos, held_nanos, day, day_nanos, hour, hour_nanos
    INTO v_paid_ends, v_paid_tier,$new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)',
  $old$    INSERT INTO customer_months (customer_id, month, tier, cap_nanos, budget_nanos, updated_at)
    VALUES (v.customer, v_month, v_tier,$old$,
  $new$    INSERT INTO customer_months (customer_id, month, ends, tier, cap_nanos, budget_nanos, updated_at)
    VALUES (v.customer, v_month, v_ends, v_tier,$new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)',
  $old$  ELSIF v_paid_cap <> v_cap OR$old$,
  $new$  ELSIF v_ends IS DISTINCT FROM v_paid_ends OR v_paid_cap <> v_cap OR$new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)', $old$      cap_nanos = v_cap, tier = v_tier, budget_nanos =$old$,
  $new$      ends = coalesce(v_ends, ends), cap_nanos = v_cap, tier = v_tier, budget_nanos =$new$);

SELECT pg_temp.edit('ledger.reserve(jsonb)',
  $old$    CASE WHEN v_short OR (p_reservation ->> 'prorated')::boolean
      THEN plan_budget(
        v.customer, v_now, (SELECT budget_nanos FROM overrides WHERE customer_id = v.customer AND ends_at > v_now), v_tier,
        v.tiers, v.caps, (p_reservation ->> 'prorated')::boolean)
      ELSE coalesce((SELECT budget_nanos FROM overrides WHERE customer_id = v.customer AND ends_at > v_now), v.caps[v_at])
    END,
    v_granted + CASE
      WHEN EXISTS (SELECT FROM grants WHERE customer_id = v.customer AND expires_at > v_now) THEN grants_left(v.customer, v_month)
      ELSE 0
    END
$old$,
  $new$    (SELECT budget_nanos FROM overrides WHERE customer_id = v.customer AND ends_at > v_now),
    EXISTS (SELECT FROM grants WHERE customer_id = v.customer AND expires_at > v_now)
$new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)',
  $old$    minute.used, minute.pending, minute.estimate, brake.this, brake.other, fleet.day, fleet.hour,$old$,
  $new$    minute.used, minute.pending, minute.estimate, EXISTS (SELECT FROM brakes), fleet.day, fleet.hour,$new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)', $old$v_used, v_pending, v_estimate, v_brake, v_other_brake,
    v_fleet_day, v_fleet_hour, v_budget, v_grants
$old$, $new$v_used, v_pending, v_estimate, v_braking,
    v_fleet_day, v_fleet_hour, v_override, v_granting
$new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)', $old$  ) minute, (
    SELECT coalesce(bool_or(scope <> 'route' OR value = v.routes[1]), false) AS this,
      coalesce(bool_or(scope = 'route' AND value = v.routes[v_other]), false) AS other
    FROM brakes
    WHERE scope = 'all' OR (scope = 'customer' AND value = v.customer) OR (scope = 'tier' AND value = v_tier)
      OR (scope = 'route' AND value = ANY (v.routes))
  ) brake, ($old$, $new$  ) minute, ($new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)', 'v_brake boolean;', 'v_brake boolean := false;');
SELECT pg_temp.edit('ledger.reserve(jsonb)', 'v_other_brake boolean;', 'v_other_brake boolean := false;');
SELECT pg_temp.edit('ledger.reserve(jsonb)', $old$  v_cap := v_budget + v_grants;$old$,
  $new$  IF v_braking THEN
    SELECT coalesce(bool_or(scope <> 'route' OR value = v.routes[1]), false),
      coalesce(bool_or(scope = 'route' AND value = v.routes[v_other]), false)
    INTO v_brake, v_other_brake FROM brakes
    WHERE scope = 'all' OR (scope = 'customer' AND value = v.customer) OR (scope = 'tier' AND value = v_tier)
      OR (scope = 'route' AND value = ANY (v.routes));
  END IF;
  IF v_short OR (p_reservation ->> 'prorated')::boolean THEN
    v_budget := plan_budget(
      v.customer, v_now, v_override, v_tier, v.tiers, v.caps, (p_reservation ->> 'prorated')::boolean);
  ELSE
    v_budget := coalesce(v_override, v.caps[v_at]);
  END IF;
  v_grants := v_granted;
  IF v_granting THEN
    v_grants := v_grants + grants_left(v.customer, v_month);
  END IF;
  v_cap := v_budget + v_grants;$new$);
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
