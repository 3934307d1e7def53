-- The day of a month (its first day) on which a budget month begins.
CREATE OR REPLACE FUNCTION ledger.anchor_in(p_month date, p_day integer) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT least(p_month + p_day - 1, (p_month + interval '1 month')::date - 1)
$$;

-- The budget month of a customer at a moment: its first day, the first day after it, its days, and the days of a whole one. They
-- differ where a new rule begins with a shorter one.
CREATE OR REPLACE FUNCTION ledger.period_of(p_customer text, p_at timestamptz)
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
CREATE OR REPLACE FUNCTION ledger.plan_budget(
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

-- Sets the day on which a customer's budget months begin. It holds from the end of the running one on, at once for a customer that has
-- not spent anything yet. Call it with the customer's row locked: reservations look after they have locked it.
CREATE OR REPLACE FUNCTION ledger.set_anchor(p_customer text, p_day integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  v_today date := day_of(clock());
  v_ends date := (SELECT ends FROM period_of(p_customer, clock()));
BEGIN
  IF EXISTS (SELECT FROM customer_months WHERE customer_id = p_customer) THEN
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

CREATE OR REPLACE FUNCTION ledger.note_tier() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  INSERT INTO tier_changes (customer_id, at, tier_before) VALUES (NEW.customer_id, clock(), OLD.tier)
  -- A clock that was set back, or stands still in a test: the first tier of that moment is the one that held before.
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER note_tier AFTER UPDATE OF tier ON ledger.customers FOR EACH ROW
WHEN (OLD.tier IS DISTINCT FROM NEW.tier) EXECUTE FUNCTION ledger.note_tier();
