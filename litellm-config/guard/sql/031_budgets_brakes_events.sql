-- What operators decide about money while the gateway runs: a budget of a customer's own, grants beside the plan, and brakes.
-- A reservation obeys them from the next call on. And what others should hear of goes to an outbox, in the transaction in
-- which it happens.

-- Takes the place of the tier's budget until it ends.
CREATE TABLE ledger.overrides (
  customer_id text PRIMARY KEY REFERENCES ledger.customers (customer_id),
  budget_nanos bigint NOT NULL CHECK (budget_nanos > 0),
  ends_at timestamptz NOT NULL
);

-- Money beside the budget. It is used only when a month's budget is used up, the grant that expires first first.
CREATE TABLE ledger.grants (
  grant_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  amount_nanos bigint NOT NULL CHECK (amount_nanos > 0),
  used_nanos bigint NOT NULL DEFAULT 0 CHECK (used_nanos BETWEEN 0 AND amount_nanos),
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX grants_customer ON ledger.grants (customer_id, expires_at);

-- While a row is here, the calls that it names are refused. `value` is '' for all calls.
CREATE TABLE ledger.brakes (
  scope text NOT NULL CHECK (scope IN ('all', 'tier', 'route', 'customer')),
  value text NOT NULL CHECK ((scope = 'all') = (value = '')),
  since timestamptz NOT NULL DEFAULT now(),
  reason text NOT NULL,
  PRIMARY KEY (scope, value)
);

ALTER TABLE ledger.customer_months
  -- The budget without grants; null while the customer has none. cap_nanos is the budget and the grants.
  ADD COLUMN budget_nanos bigint,
  -- What of spent_nanos was paid from grants.
  ADD COLUMN granted_nanos bigint NOT NULL DEFAULT 0;

-- What has happened, for receivers elsewhere. Delivered at least once; `event_id` tells a second delivery from a second event.
CREATE TABLE ledger.events (
  event_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL DEFAULT now(),
  type text NOT NULL,
  customer_id text,
  data jsonb NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  -- Null once it is delivered, or given up.
  next_attempt_at timestamptz DEFAULT now(),
  delivered_at timestamptz,
  last_error text
);
CREATE INDEX events_due ON ledger.events (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX events_at ON ledger.events (at);

CREATE FUNCTION ledger.note_crossing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  INSERT INTO events (type, customer_id, data) VALUES ('budget.crossed', NEW.customer_id, jsonb_build_object(
    'customer_id', NEW.customer_id, 'month', NEW.month, 'percent', NEW.percent, 'action', NEW.action,
    'spent_nanos', NEW.spent_nanos, 'cap_nanos', NEW.cap_nanos));
  RETURN NULL;
END
$$;
CREATE TRIGGER note_crossing AFTER INSERT ON ledger.crossings FOR EACH ROW EXECUTE FUNCTION ledger.note_crossing();

-- Keeps grants true whatever changes what a month has spent: a settlement, an expired hold, a correction.
CREATE FUNCTION ledger.draw_grants() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  v_change bigint := greatest(0, NEW.spent_nanos - NEW.budget_nanos) - OLD.granted_nanos;
  v_grant grants;
  v_part bigint;
BEGIN
  IF v_change > 0 THEN
    FOR v_grant IN
      SELECT * FROM grants
      WHERE customer_id = NEW.customer_id AND used_nanos < amount_nanos
        -- A call may be settled some time after it was allowed.
        AND expires_at > clock() - interval '3 hours'
      ORDER BY expires_at, grant_id FOR UPDATE
    LOOP
      v_part := least(v_change, v_grant.amount_nanos - v_grant.used_nanos);
      UPDATE grants SET used_nanos = used_nanos + v_part WHERE grant_id = v_grant.grant_id;
      NEW.granted_nanos := NEW.granted_nanos + v_part;
      v_change := v_change - v_part;
      IF v_grant.used_nanos + v_part = v_grant.amount_nanos THEN
        INSERT INTO events (type, customer_id, data) VALUES ('grant.used', NEW.customer_id, jsonb_build_object(
          'customer_id', NEW.customer_id, 'grant_id', v_grant.grant_id, 'amount_nanos', v_grant.amount_nanos));
      END IF;
      EXIT WHEN v_change = 0;
    END LOOP;
  ELSIF v_change < 0 THEN
    FOR v_grant IN
      SELECT * FROM grants WHERE customer_id = NEW.customer_id AND used_nanos > 0
      ORDER BY expires_at DESC, grant_id DESC FOR UPDATE
    LOOP
      v_part := least(-v_change, v_grant.used_nanos);
      UPDATE grants SET used_nanos = used_nanos - v_part WHERE grant_id = v_grant.grant_id;
      NEW.granted_nanos := NEW.granted_nanos - v_part;
      v_change := v_change + v_part;
      EXIT WHEN v_change = 0;
    END LOOP;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER draw_grants BEFORE UPDATE OF spent_nanos ON ledger.customer_months FOR EACH ROW
WHEN (NEW.budget_nanos IS NOT NULL AND (NEW.spent_nanos > NEW.budget_nanos OR OLD.granted_nanos > 0))
EXECUTE FUNCTION ledger.draw_grants();

-- What a customer's grants still have, less what calls of the month before hold of them.
CREATE FUNCTION ledger.grants_left(p_customer text, p_month date) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT greatest(0,
    coalesce((SELECT sum(amount_nanos - used_nanos) FROM grants WHERE customer_id = p_customer AND expires_at > clock()), 0)
    - coalesce((SELECT greatest(0, spent_nanos + held_nanos - budget_nanos - granted_nanos) FROM customer_months
        WHERE customer_id = p_customer AND month = (p_month - interval '1 month')::date AND held_nanos > 0), 0))::bigint
$$;

-- The override of a customer that holds now, or null.
CREATE FUNCTION ledger.override_of(p_customer text) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT budget_nanos FROM overrides WHERE customer_id = p_customer AND ends_at > clock()
$$;

-- Decides with the tier's budget, as the guard's configuration has it.
ALTER FUNCTION ledger.reserve(jsonb) RENAME TO reserve_within;

-- Decides about a call and holds its upper bound, in one transaction: brakes first, then the customer's own cap. The row of the
-- customer is locked first, as reserve_within does, so that calls at the same moment see each other.
CREATE FUNCTION ledger.reserve(p_reservation jsonb) RETURNS ledger.decision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  v_customer text := p_reservation ->> 'customer';
  v_month date := month_of(clock());
  v_answer decision;
  v_tier text;
  v_at integer;
  v_plan bigint;
  v_budget bigint;
  v_grants bigint;
  v_granted bigint;
BEGIN
  SELECT tier INTO v_tier FROM customers
  WHERE customer_id = v_customer AND disabled_at IS NULL FOR NO KEY UPDATE;
  SELECT place - 1 INTO v_at
  FROM jsonb_array_elements_text(p_reservation -> 'tiers') WITH ORDINALITY AS t (tier, place) WHERE tier = v_tier;
  IF v_at IS NULL THEN
    RETURN reserve_within(p_reservation);
  END IF;

  PERFORM FROM brakes
  WHERE scope = 'all' OR (scope = 'customer' AND value = v_customer) OR (scope = 'tier' AND value = v_tier)
    OR (scope = 'route' AND value = p_reservation -> 'routes' ->> 0);
  IF FOUND THEN
    v_answer.decision := 'refused';
    v_answer.reason := 'brake';
    v_answer.tier := v_tier;
    v_answer.crossed := '{}';
    SELECT greatest(0, cap_nanos - spent_nanos - held_nanos) INTO v_answer.month_left_nanos
    FROM customer_months WHERE customer_id = v_customer AND month = v_month;
    v_answer.month_left_nanos := coalesce(v_answer.month_left_nanos, (p_reservation -> 'caps' ->> v_at)::bigint);
    SELECT greatest(0, (p_reservation ->> 'session_cap')::bigint - spent_nanos - held_nanos) INTO v_answer.session_left_nanos
    FROM sessions WHERE customer_id = v_customer AND session_id = p_reservation ->> 'session';
    v_answer.session_left_nanos := coalesce(v_answer.session_left_nanos, (p_reservation ->> 'session_cap')::bigint);
    INSERT INTO refusals (at, customer_id, session_id, month, reason, route, query_type, trace_id)
    VALUES (clock(), v_customer, p_reservation ->> 'session', v_month, 'brake', p_reservation -> 'routes' ->> 0,
      p_reservation ->> 'query_type', p_reservation ->> 'trace_id');
    RETURN v_answer;
  END IF;
  -- A route behind its brake is no way to degrade.
  PERFORM FROM brakes
  WHERE scope = 'route'
    AND value = p_reservation -> 'routes' ->> ((p_reservation -> 'tier_plans' ->> v_at)::integer - 1);
  IF FOUND THEN
    p_reservation := jsonb_set(p_reservation, ARRAY['tier_plans', v_at::text], '1');
  END IF;

  v_plan := (p_reservation -> 'caps' ->> v_at)::bigint;
  v_budget := coalesce(override_of(v_customer), v_plan);
  v_grants := grants_left(v_customer, v_month);
  SELECT granted_nanos INTO v_granted FROM customer_months WHERE customer_id = v_customer AND month = v_month;
  v_grants := v_grants + coalesce(v_granted, 0);
  IF v_budget + v_grants <> v_plan THEN
    p_reservation := jsonb_set(p_reservation, ARRAY['caps', v_at::text], to_jsonb(v_budget + v_grants));
  END IF;
  v_answer := reserve_within(p_reservation);
  IF v_grants > 0 THEN
    UPDATE customer_months SET budget_nanos = v_budget
    WHERE customer_id = v_customer AND month = v_month AND budget_nanos IS DISTINCT FROM v_budget;
  END IF;
  RETURN v_answer;
END
$$;

-- The cap as the next reservation will see it.
CREATE OR REPLACE VIEW ledger.customer_usage AS
SELECT
  c.customer_id,
  c.name,
  c.tier,
  this.month,
  coalesce(m.spent_nanos, 0) AS spent_nanos,
  coalesce(m.held_nanos, 0) AS held_nanos,
  CASE
    WHEN o.budget_nanos IS NULL AND g.left_nanos IS NULL AND coalesce(m.granted_nanos, 0) = 0
      -- An override or a grant that has ended is in the row until the next call.
      AND NOT EXISTS (SELECT FROM ledger.overrides e WHERE e.customer_id = c.customer_id)
      AND m.tier = c.tier AND m.budget_nanos IS NULL
    THEN m.cap_nanos
    ELSE coalesce(o.budget_nanos, t.budget_nanos) + coalesce(g.left_nanos, 0) + coalesce(m.granted_nanos, 0)
  END AS cap_nanos,
  coalesce(m.calls, 0) AS calls
FROM ledger.customers c
CROSS JOIN (SELECT ledger.month_of(ledger.clock()) AS month, ledger.clock() AS now) this
JOIN ledger.tiers t ON t.tier = c.tier
LEFT JOIN ledger.customer_months m ON m.customer_id = c.customer_id AND m.month = this.month
LEFT JOIN ledger.overrides o ON o.customer_id = c.customer_id AND o.ends_at > this.now
LEFT JOIN (
  SELECT customer_id, sum(amount_nanos - used_nanos)::bigint AS left_nanos FROM ledger.grants
  WHERE expires_at > ledger.clock() GROUP BY customer_id
) g ON g.customer_id = c.customer_id;

-- Events that are due, for whoever delivers them: they are his for a minute. Older ones than a month are removed.
CREATE FUNCTION ledger.take_events(p_limit integer) RETURNS SETOF ledger.events
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  DELETE FROM events WHERE at < now() - interval '30 days' AND (delivered_at IS NOT NULL OR attempts = 0);
  RETURN QUERY
    UPDATE events SET attempts = attempts + 1, next_attempt_at = now() + interval '1 minute'
    WHERE event_id IN (
      SELECT event_id FROM events WHERE next_attempt_at <= now() ORDER BY next_attempt_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING *;
END
$$;

-- What an operator removes with a customer.
CREATE FUNCTION ledger.forget_budgets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  DELETE FROM overrides WHERE customer_id = OLD.customer_id;
  DELETE FROM grants WHERE customer_id = OLD.customer_id;
  DELETE FROM events WHERE customer_id = OLD.customer_id;
  DELETE FROM brakes WHERE scope = 'customer' AND value = OLD.customer_id;
  RETURN OLD;
END
$$;
CREATE TRIGGER forget_budgets BEFORE DELETE ON ledger.customers FOR EACH ROW EXECUTE FUNCTION ledger.forget_budgets();

GRANT SELECT ON ledger.overrides, ledger.grants, ledger.brakes, ledger.events TO ledger_admin, ledger_agent, ledger_reader;
GRANT INSERT, UPDATE, DELETE ON ledger.overrides, ledger.brakes TO ledger_admin;
GRANT INSERT, UPDATE ON ledger.grants, ledger.events TO ledger_admin;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger.reserve_within FROM ledger_guard;
GRANT EXECUTE ON FUNCTION ledger.reserve(jsonb) TO ledger_guard;
GRANT EXECUTE ON FUNCTION ledger.take_events TO ledger_admin;
