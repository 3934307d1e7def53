-- A customer's budget month may begin on its own day. `month`, wherever it stands, is the first day of the customer's budget month
-- (UTC): by the calendar where the customer has no rule here. A day that a month does not have is its last day, as at Stripe:
-- https://docs.stripe.com/billing/subscriptions/billing-cycle

-- The rules of a customer, the newest last. A rule begins where a budget month of the one before ends, so none is ever cut, and
-- what is spent stays where it is.
CREATE TABLE ledger.billing_anchors (
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  since date NOT NULL,
  day integer NOT NULL CHECK (day BETWEEN 1 AND 31),
  PRIMARY KEY (customer_id, since)
);

-- Which tier a customer had until when, for proration.
CREATE TABLE ledger.tier_changes (
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  at timestamptz NOT NULL,
  tier_before text NOT NULL,
  PRIMARY KEY (customer_id, at)
);

-- For reports, as ledger.tiers is: the guard takes the setting from its own configuration.
ALTER TABLE ledger.tiers ADD COLUMN prorated boolean NOT NULL DEFAULT false;

-- The day of a month (its first day) on which a budget month begins.
CREATE FUNCTION ledger.anchor_in(p_month date, p_day integer) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT least(p_month + p_day - 1, (p_month + interval '1 month')::date - 1)
$$;

-- The budget month of a customer at a moment: its first day, the first day after it, its days, and the days of a whole one. They
-- differ where a new rule begins with a shorter one.
CREATE FUNCTION ledger.period_of(p_customer text, p_at timestamptz)
RETURNS TABLE (starts date, ends date, days integer, whole_days integer)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
  SELECT starts, ends, ends - starts, whole_ends - whole_starts FROM (
    SELECT greatest(whole_starts, rule.since) AS starts, whole_starts, whole_ends,
      least(whole_ends, (SELECT min(since) FROM ledger.billing_anchors a WHERE a.customer_id = p_customer AND a.since > today.day)) AS ends
    FROM (SELECT ledger.day_of(p_at) AS day, ledger.month_of(p_at) AS month) today
    LEFT JOIN LATERAL (
      SELECT a.since, a.day FROM ledger.billing_anchors a
      WHERE a.customer_id = p_customer AND a.since <= today.day ORDER BY a.since DESC LIMIT 1
    ) rule ON true
    CROSS JOIN LATERAL (SELECT ledger.anchor_in(today.month, coalesce(rule.day, 1)) AS anchor) this
    CROSS JOIN LATERAL (
      SELECT
        CASE WHEN today.day >= anchor THEN anchor
          ELSE ledger.anchor_in((today.month - interval '1 month')::date, coalesce(rule.day, 1)) END AS whole_starts,
        CASE WHEN today.day < anchor THEN anchor
          ELSE ledger.anchor_in((today.month + interval '1 month')::date, coalesce(rule.day, 1)) END AS whole_ends
    ) whole
  ) period
$$;

-- What a customer's plan gives for its budget month at a moment, without grants. An override takes the place of the tiers' budgets. With
-- proration each tier of the month counts for the time that it held, to the second; without, the tier of now counts for all of
-- it. A shorter month gives its days' share.
CREATE FUNCTION ledger.plan_budget(
  p_customer text, p_at timestamptz, p_override bigint, p_tier text, p_tiers text[], p_budgets bigint[], p_prorated boolean
) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_period record;
  v_from timestamptz;
  v_until timestamptz;
  v_whole numeric := coalesce(p_override, p_budgets[array_position(p_tiers, p_tier)]);
BEGIN
  SELECT * INTO v_period FROM ledger.period_of(p_customer, p_at);
  IF p_prorated AND p_override IS NULL THEN
    v_from := v_period.starts::timestamp AT TIME ZONE 'UTC';
    v_until := v_period.ends::timestamp AT TIME ZONE 'UTC';
    SELECT floor(sum(
        -- A tier that is no longer defined counts as the one after it.
        coalesce(p_budgets[array_position(p_tiers, tier)], v_whole) * floor(extract(epoch FROM until - since)))
      / extract(epoch FROM v_until - v_from))
    INTO v_whole FROM (
      SELECT tier, lag(until, 1, v_from) OVER (ORDER BY until) AS since, until FROM (
        SELECT tier_before AS tier, date_trunc('second', at) AS until FROM ledger.tier_changes
        WHERE customer_id = p_customer AND at >= v_from AND at < v_until
        UNION ALL SELECT p_tier, v_until
      ) changes
    ) held;
  END IF;
  RETURN floor(v_whole * v_period.days / v_period.whole_days);
END
$$;

CREATE FUNCTION ledger.note_tier() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  INSERT INTO tier_changes (customer_id, at, tier_before) VALUES (NEW.customer_id, clock(), OLD.tier)
  -- A clock that was set back, or stands still in a test: the first tier of that moment is the one that held before.
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER note_tier AFTER UPDATE OF tier ON ledger.customers FOR EACH ROW
WHEN (OLD.tier IS DISTINCT FROM NEW.tier) EXECUTE FUNCTION ledger.note_tier();

-- Sets the day on which a customer's budget months begin. It holds from the end of the running one on, at once for a customer that has
-- not spent anything yet. Call it with the customer's row locked: reservations look after they have locked it.
CREATE FUNCTION ledger.set_anchor(p_customer text, p_day integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  v_today date := day_of(clock());
  v_ends date := (SELECT ends FROM period_of(p_customer, clock()));
BEGIN
  IF EXISTS (SELECT FROM sessions WHERE customer_id = p_customer) THEN
    -- One that has not begun yet is replaced.
    DELETE FROM billing_anchors WHERE customer_id = p_customer AND since > v_today;
    IF coalesce((SELECT day FROM billing_anchors WHERE customer_id = p_customer ORDER BY since DESC LIMIT 1), 1) <> p_day THEN
      INSERT INTO billing_anchors (customer_id, since, day) VALUES (p_customer, v_ends, p_day);
    END IF;
  ELSE
    DELETE FROM billing_anchors WHERE customer_id = p_customer;
    INSERT INTO billing_anchors (customer_id, since, day) SELECT p_customer, '-infinity', p_day WHERE p_day <> 1;
  END IF;
END
$$;

-- Changes a function that stands elsewhere, so that what an earlier migration made of it stays.
CREATE FUNCTION pg_temp.edit(p_function regprocedure, p_old text, p_new text) RETURNS void
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

-- The budget month is looked up once, after the customer's row is locked, and for the same moment in both functions.
SELECT pg_temp.edit('ledger.reserve(jsonb)', 'v_month date := month_of(clock());', 'v_now timestamptz; v_month date; v_short boolean;');
SELECT pg_temp.edit('ledger.reserve(jsonb)', $old$  IF v_at IS NULL THEN
    RETURN reserve_within(p_reservation);
  END IF;
$old$, $new$  v_now := clock();
  IF v_at IS NULL THEN
    RETURN reserve_within(p_reservation);
  END IF;
  SELECT starts, days < whole_days INTO v_month, v_short FROM period_of(v_customer, v_now);
  p_reservation := p_reservation || jsonb_build_object('month', v_month);
$new$);
SELECT pg_temp.edit('ledger.reserve(jsonb)', 'v_budget := coalesce(override_of(v_customer), v_plan);',
  $new$v_budget := coalesce(override_of(v_customer), v_plan);
  IF v_short OR (p_reservation ->> 'prorated')::boolean THEN
    v_budget := plan_budget(v_customer, v_now, override_of(v_customer), v_tier,
      ARRAY(SELECT jsonb_array_elements_text(p_reservation -> 'tiers')),
      ARRAY(SELECT jsonb_array_elements_text(p_reservation -> 'caps')::bigint), (p_reservation ->> 'prorated')::boolean);
  END IF;$new$);
SELECT pg_temp.edit('ledger.reserve_within(jsonb)', 'v_month date := month_of(v_now);',
  $new$v_month date := coalesce((p_reservation ->> 'month')::date, month_of(v_now));$new$);

SELECT pg_temp.edit('ledger.grants_left(text, date)', $old$month = (p_month - interval '1 month')::date$old$,
  $new$month = (SELECT starts FROM period_of(p_customer, p_month::timestamp AT TIME ZONE 'UTC' - interval '1 second'))$new$);

SELECT pg_temp.edit('ledger.note_crossing()', $old$'month', NEW.month, $old$, $new$'month', NEW.month,
    'month_end', (SELECT ends FROM period_of(NEW.customer_id, NEW.month::timestamp AT TIME ZONE 'UTC')), $new$);

SELECT pg_temp.edit('ledger.anonymise(text, text)', $old$    'crossings']$old$, $new$    'crossings', 'billing_anchors', 'tier_changes']$new$);

-- Calls are filed by the month in which their budget month begins.
ALTER TABLE ledger.customer_months DROP CONSTRAINT customer_months_month_check;
SELECT pg_temp.edit('ledger.file_calls(integer)', 'SELECT DISTINCT month FROM recent_calls',
  'SELECT DISTINCT date_trunc(''month'', month::timestamp)::date FROM recent_calls');
SELECT pg_temp.edit('ledger.drop_month(date, bigint, bigint, text, text)',
  'IF EXISTS (SELECT FROM recent_calls WHERE month = p_month) OR EXISTS (SELECT FROM calls_before_020 WHERE month = p_month) THEN',
  'IF EXISTS (SELECT FROM recent_calls WHERE date_trunc(''month'', month::timestamp) = p_month)
    OR EXISTS (SELECT FROM calls_before_020 WHERE month = p_month) THEN');

-- The filed months before a day of which nothing is younger: a budget month that began before it may have gone on after it. A call that
-- waited over midnight is no reason to keep its month.
CREATE FUNCTION ledger.archivable_months(p_before date) RETURNS SETOF date
LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT month FROM filed_months() m
  WHERE month < p_before AND NOT EXISTS (
    SELECT FROM filed_calls f
    WHERE f.month >= m.month AND f.month < m.month + interval '1 month'
      AND f.reserved_at >= (p_before + 1)::timestamp AT TIME ZONE 'UTC')
$$;

-- The cap as the next reservation will see it, and when the budget starts anew.
CREATE OR REPLACE VIEW ledger.customer_usage AS
SELECT
  c.customer_id,
  c.name,
  c.tier,
  this.starts AS month,
  coalesce(m.spent_nanos, 0) AS spent_nanos,
  coalesce(m.held_nanos, 0) AS held_nanos,
  CASE
    WHEN o.budget_nanos IS NULL AND g.left_nanos IS NULL AND coalesce(m.granted_nanos, 0) = 0
      -- An override or a grant that has ended, and a tier that has changed, are in the row until the next call.
      AND NOT EXISTS (SELECT FROM ledger.overrides e WHERE e.customer_id = c.customer_id)
      AND m.tier = c.tier AND m.budget_nanos IS NULL
      AND NOT EXISTS (SELECT FROM ledger.tier_changes t WHERE t.customer_id = c.customer_id AND t.at >= m.updated_at)
    THEN m.cap_nanos
    ELSE ledger.plan_budget(c.customer_id, now.at, o.budget_nanos, c.tier, plans.tiers, plans.budgets, t.prorated)
      + coalesce(g.left_nanos, 0) + coalesce(m.granted_nanos, 0)
  END AS cap_nanos,
  coalesce(m.calls, 0) AS calls,
  -- The first day after the budget month.
  this.ends AS month_end
FROM ledger.customers c
CROSS JOIN (SELECT ledger.clock() AS at OFFSET 0) now
CROSS JOIN (SELECT array_agg(tier) AS tiers, array_agg(budget_nanos) AS budgets FROM ledger.tiers) plans
CROSS JOIN LATERAL ledger.period_of(c.customer_id, now.at) this
JOIN ledger.tiers t ON t.tier = c.tier
LEFT JOIN ledger.customer_months m ON m.customer_id = c.customer_id AND m.month = this.starts
LEFT JOIN ledger.overrides o ON o.customer_id = c.customer_id AND o.ends_at > now.at
LEFT JOIN (
  SELECT customer_id, sum(amount_nanos - used_nanos)::bigint AS left_nanos FROM ledger.grants
  WHERE expires_at > ledger.clock() GROUP BY customer_id
) g ON g.customer_id = c.customer_id;

GRANT SELECT ON ledger.billing_anchors, ledger.tier_changes TO ledger_admin, ledger_agent, ledger_reader;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.anchor_in, ledger.period_of, ledger.plan_budget, ledger.day_of, ledger.month_of
  TO ledger_admin, ledger_agent, ledger_reader;
GRANT EXECUTE ON FUNCTION ledger.set_anchor TO ledger_admin;
