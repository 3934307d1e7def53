-- Limits of a day and an hour (UTC), for each customer and for all of them (the fleet). A call counts in the day and the hour in
-- which it is reserved: its hold first, then its cost. So nothing has to be reset.
--
-- A customer's counters are in the row of its month, which a reservation locks anyway. The fleet's are spread over shards, so
-- that customers do not wait for each other. A reservation locks its connection's shard and then reads the sum of all of them. It
-- does not see what the holders of the other shards are about to add: at most a session's cap each. Where the sum is further from
-- the limit than that, it fits whatever they add. Nearer, a reservation locks every shard, and the sum is exact.

ALTER TABLE ledger.customer_months
  ADD COLUMN day date,
  ADD COLUMN day_nanos bigint NOT NULL DEFAULT 0,
  ADD COLUMN hour timestamptz,
  ADD COLUMN hour_nanos bigint NOT NULL DEFAULT 0;

-- A single row may be below 0: the sum of all is what counts.
CREATE TABLE ledger.fleet_shards (
  shard integer PRIMARY KEY,
  day date NOT NULL DEFAULT '-infinity',
  day_nanos bigint NOT NULL DEFAULT 0,
  hour timestamptz NOT NULL DEFAULT '-infinity',
  hour_nanos bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
INSERT INTO ledger.fleet_shards (shard) SELECT generate_series(0, 15);

CREATE TYPE ledger.spend_limits AS (
  tiers text[], plan_caps bigint[], days bigint[], hours bigint[], fleet_day bigint, fleet_hour bigint,
  -- Of an hour's limit, from which calls go to the cheaper route.
  degrade_percent integer
);

CREATE FUNCTION ledger.day_of(p_at timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (p_at AT TIME ZONE 'UTC')::date $$;

CREATE FUNCTION ledger.hour_of(p_at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT date_trunc('hour', p_at, 'UTC') $$;

-- The limits that a gateway names; without any (an older gateway) there are none.
CREATE FUNCTION ledger.spend_limits_of(p_limits jsonb) RETURNS ledger.spend_limits
LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_populate_record(
    ROW(NULL, NULL, NULL, NULL, 10000000000000000, 10000000000000000, 100)::ledger.spend_limits, coalesce(nullif(p_limits, 'null'), '{}'))
$$;

-- A day's or an hour's limit grows with a customer's budget where that is above its plan's: an override, a grant.
CREATE FUNCTION ledger.own_limit(p_limit bigint, p_cap bigint, p_plan bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_limit IS NULL THEN 10000000000000000
    WHEN p_cap <= p_plan THEN p_limit
    ELSE (p_limit::numeric * p_cap / p_plan)::bigint
  END
$$;

-- What the fleet's calls of a day and an hour cost, or may, with the lock that keeps it true until the end of the transaction.
-- The last lock that a transaction takes.
CREATE FUNCTION ledger.fleet_lock(p_at timestamptz, p_session_cap bigint, p_limits ledger.spend_limits) RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_used bigint[];
  -- What the holders of the other shards may add.
  v_unseen bigint := 16 * p_session_cap;
  v_exact boolean;
  v_shard integer := pg_backend_pid() % 16;
BEGIN
  v_used := ledger.fleet_used(p_at);
  -- Twice as far, so that what others add until the shard is locked seldom matters.
  v_exact := p_limits.fleet_day - v_used[1] < 2 * v_unseen OR p_limits.fleet_hour - v_used[2] < 2 * v_unseen;
  IF v_exact THEN
    PERFORM FROM ledger.fleet_shards ORDER BY shard FOR UPDATE;
  ELSE
    PERFORM FROM ledger.fleet_shards WHERE shard = v_shard FOR UPDATE;
  END IF;
  v_used := ledger.fleet_used(p_at);
  IF NOT v_exact AND (p_limits.fleet_day - v_used[1] < v_unseen OR p_limits.fleet_hour - v_used[2] < v_unseen) THEN
    -- One shard is locked already: two that lock the rest would wait for each other. The gateway asks again, as for any lock.
    RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'the fleet has come near its limit';
  END IF;
  RETURN v_used;
END
$$;

CREATE FUNCTION ledger.fleet_used(p_at timestamptz) RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_day date := ledger.day_of(p_at);
  v_hour timestamptz := ledger.hour_of(p_at);
  v_days bigint;
  v_hours bigint;
BEGIN
  SELECT sum(CASE WHEN day = v_day THEN day_nanos ELSE 0 END), sum(CASE WHEN hour = v_hour THEN hour_nanos ELSE 0 END)
  INTO v_days, v_hours FROM ledger.fleet_shards;
  RETURN ARRAY[v_days, v_hours];
END
$$;

-- Adds to the day and the hour of a call, where a later one has not begun.
CREATE FUNCTION ledger.fleet_add(p_at timestamptz, p_nanos bigint) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_day date := ledger.day_of(p_at);
  v_hour timestamptz := ledger.hour_of(p_at);
  v_shard integer := pg_backend_pid() % 16;
BEGIN
  UPDATE ledger.fleet_shards SET
    day_nanos = CASE WHEN day > v_day THEN day_nanos WHEN day = v_day THEN day_nanos + p_nanos ELSE p_nanos END,
    day = greatest(day, v_day),
    hour_nanos = CASE WHEN hour > v_hour THEN hour_nanos WHEN hour = v_hour THEN hour_nanos + p_nanos ELSE p_nanos END,
    hour = greatest(hour, v_hour)
  WHERE shard = v_shard;
END
$$;

-- As in 022, within the day's and the hour's limits.
CREATE OR REPLACE FUNCTION ledger.reserve_within(p_reservation jsonb) RETURNS ledger.decision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp SET enable_seqscan = off AS $$
DECLARE
  v reservation := jsonb_populate_record(NULL::reservation, p_reservation);
  v_answer decision;
  v_now timestamptz := clock();
  v_month date := month_of(v_now);
  v_degrade_at integer := v.percents[array_position(v.actions, 'degrade')];
  v_tier text;
  v_at integer;
  v_cap bigint;
  v_paid customer_months;
  v_spent bigint;
  v_held bigint;
  v_session_spent bigint;
  v_session_held bigint;
  v_session_calls integer;
  v_session_known boolean;
  v_plan integer := 1;
  v_other integer;
  -- The asked plan does not fit what is left of the month, or of the session.
  v_month_short boolean := false;
  v_session_short boolean := false;
  v_threshold boolean := false;
  -- The answer is shorter than asked for, because the money does not reach.
  v_clamped boolean := false;
  v_need bigint;
  v_left bigint;
  v_tokens integer;
  v_bound integer;
  v_used bigint;
  v_estimate bigint;
  v_pending boolean;
  v_reason text;
  v_wait boolean := false;
  v_retry double precision;
  v_limits spend_limits := spend_limits_of(p_reservation -> 'spend_limits');
  -- What the customer's and all customers' calls of this day and hour cost, or may: in that order day, hour, fleet's.
  v_used_of bigint[];
  v_limit_of bigint[];
  v_why_of text[] := ARRAY['day_budget', 'spend_rate', 'fleet_day', 'fleet_rate'];
  -- The limit that a call to the asked route is too much for, or that is nearly reached.
  v_near text;
BEGIN
  -- One call of a customer at a time. The month's row would not do: at midnight a new session could be begun in two months
  -- at once, with nothing there yet that both would lock.
  SELECT tier INTO v_tier FROM customers
  WHERE customer_id = v.customer AND disabled_at IS NULL FOR NO KEY UPDATE;
  v_at := array_position(v.tiers, v_tier);
  IF v_at IS NULL THEN
    v_answer.decision := 'refused';
    v_answer.reason := CASE WHEN v_tier IS NULL THEN 'unknown_customer' ELSE 'unknown_tier' END;
    v_answer.tier := v_tier;
    v_answer.crossed := '{}';
    RETURN v_answer;
  END IF;
  v_cap := v.caps[v_at];

  LOOP
    SELECT * INTO v_paid FROM customer_months WHERE customer_id = v.customer AND month = v_month FOR UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO customer_months (customer_id, month, tier, cap_nanos, updated_at)
    VALUES (v.customer, v_month, v_tier, v_cap, v_now) ON CONFLICT DO NOTHING;
  END LOOP;
  IF v_paid.cap_nanos <> v_cap OR v_paid.tier <> v_tier THEN
    UPDATE customer_months SET cap_nanos = v_cap, tier = v_tier WHERE customer_id = v.customer AND month = v_month;
  END IF;
  v_spent := v_paid.spent_nanos;
  v_held := v_paid.held_nanos;

  SELECT spent_nanos, held_nanos, calls INTO v_session_spent, v_session_held, v_session_calls
  FROM sessions WHERE customer_id = v.customer AND session_id = v.session FOR UPDATE;
  v_session_known := FOUND;
  IF NOT v_session_known THEN
    v_session_spent := 0;
    v_session_held := 0;
    v_session_calls := 0;
  END IF;
  -- The wait for the locks counts: what follows is judged by the time at which it is true.
  v_now := clock();
  v_limit_of := ARRAY[
    own_limit(v_limits.days[v_at], v_cap, v_limits.plan_caps[v_at]), own_limit(v_limits.hours[v_at], v_cap, v_limits.plan_caps[v_at]),
    v_limits.fleet_day, v_limits.fleet_hour];
  v_used_of := ARRAY[
    CASE WHEN v_paid.day = day_of(v_now) THEN v_paid.day_nanos ELSE 0 END,
    CASE WHEN v_paid.hour = hour_of(v_now) THEN v_paid.hour_nanos ELSE 0 END]
    || fleet_lock(v_now, v.session_cap, v_limits);

  -- The plan: the tier's cheaper one from the threshold on, or where only that one still fits the month's or the session's
  -- budget.
  v_other := v.tier_plans[v_at];
  IF v_other <> 1
    AND v.prompt_nanos[v_other] + v.token_nanos[v_other] * v.max_tokens[1]
      < v.prompt_nanos[1] + v.token_nanos[1] * v.max_tokens[1]
  THEN
    v_need := v.prompt_nanos[1] + v.token_nanos[1] * least(v.least_tokens, v.max_tokens[1]);
    v_month_short := v_cap - v_spent < v_need;
    v_session_short := v.session_cap - v_session_spent < v_need;
    v_threshold := (v_spent + v_held) * 100 >= v_cap * v_degrade_at;
    FOR i IN 1..4 LOOP
      -- Rates act early; a day's limit only when the asked route no longer fits it.
      IF v_limit_of[i] - v_used_of[i] < v_need
        OR (i IN (2, 4) AND v_used_of[i] * 100 >= v_limit_of[i] * v_limits.degrade_percent)
      THEN
        v_near := coalesce(v_near, v_why_of[i]);
      END IF;
    END LOOP;
    IF v_threshold OR v_month_short OR v_session_short OR v_near IS NOT NULL THEN
      v_plan := v_other;
    END IF;
  END IF;
  v_need := v.prompt_nanos[v_plan] + v.token_nanos[v_plan] * least(v.least_tokens, v.max_tokens[v_plan]);

  IF v_cap - v_spent - v_held < v_need THEN
    v_wait := v_cap - v_spent >= v_need;
    v_reason := CASE WHEN v_wait THEN 'budget_held' ELSE 'month_budget' END;
  ELSIF v.session_cap - v_session_spent - v_session_held < v_need THEN
    v_wait := v.session_cap - v_session_spent >= v_need;
    v_reason := CASE WHEN v_wait THEN 'budget_held' ELSE 'session_budget' END;
  ELSIF v_session_calls >= v.session_calls THEN
    v_reason := 'session_calls';
  ELSE
    FOR i IN REVERSE 4..1 LOOP
      IF v_limit_of[i] - v_used_of[i] < v_need THEN
        -- What a customer's calls in flight hold, they may give back; what others hold is not waited for.
        v_wait := i <= 2 AND v_limit_of[i] - v_used_of[i] + least(v_held, v_used_of[i]) >= v_need;
        v_reason := CASE WHEN v_wait THEN 'budget_held' ELSE v_why_of[i] END;
        v_retry := CASE WHEN NOT v_wait THEN greatest(1, extract(epoch FROM
          CASE WHEN i IN (1, 3) THEN day_of(v_now) + 1 - v_now AT TIME ZONE 'UTC' ELSE hour_of(v_now) + interval '1 hour' - v_now END))
        END;
      END IF;
    END LOOP;
  END IF;

  IF v_reason IS NULL THEN
    v_left := least(v_cap - v_spent - v_held, v.session_cap - v_session_spent - v_session_held,
      v_limit_of[1] - v_used_of[1], v_limit_of[2] - v_used_of[2], v_limit_of[3] - v_used_of[3], v_limit_of[4] - v_used_of[4]);
    v_tokens := v.max_tokens[v_plan];
    IF v.token_nanos[v_plan] > 0 THEN
      v_tokens := least(v_tokens, (v_left - v.prompt_nanos[v_plan]) / v.token_nanos[v_plan]);
    END IF;
    v_clamped := v_tokens < v.max_tokens[v_plan];

    -- Tokens a minute: calls in flight count their bound, settled ones what they used. A prompt's bound (its bytes) is
    -- several times its tokens, so a call alone in its session may be counted by the ratio measured in the same window.
    SELECT
      coalesce(sum(call_tokens(c)), 0),
      coalesce(bool_or(state = 'pending'), false),
      coalesce(
        ceil(v.prompt_tokens * max((prompt_tokens - cached_tokens)::double precision / prompt_bound)
          FILTER (WHERE outcome = 'success' AND NOT cache_hit AND prompt_tokens > 0)),
        v.prompt_tokens / 3)
    INTO v_used, v_pending, v_estimate
    FROM recent_calls c
    WHERE customer_id = v.customer AND session_id = v.session AND state <> 'voided'
      -- What was reserved at a later time than now was so before the clock was set back: only what is in flight counts.
      AND (state = 'pending' OR reserved_at > v_now - interval '60 seconds' AND reserved_at <= v_now)
      AND reserved_at > v_now - make_interval(secs => greatest(60, v.lease_seconds));
    IF v.exact THEN
      v_estimate := v.prompt_tokens;
    END IF;
    -- No answer can be longer than a minute's tokens.
    v_tokens := least(v_tokens, greatest(v.tokens_per_minute - v_estimate, v.choices) / v.choices);
    v_bound := v.prompt_tokens + v_tokens * v.choices;
    v_estimate := least(v_estimate, v.prompt_tokens) + v_tokens * v.choices;
    IF v_used + v_bound > v.tokens_per_minute
      AND (v_pending OR v.countable OR v_used + v_estimate > v.tokens_per_minute)
    THEN
      v_reason := 'tokens_per_minute';
      v_wait := true;
      -- When enough of the window has passed; calls in flight leave it a minute after they began at the latest.
      SELECT extract(epoch FROM min(free_at) - v_now) INTO v_retry FROM (
        SELECT reserved_at + interval '60 seconds' AS free_at,
          sum(call_tokens(c))
            OVER (ORDER BY reserved_at, call_id) AS freed
        FROM recent_calls c
        WHERE customer_id = v.customer AND session_id = v.session AND state <> 'voided'
          AND reserved_at > v_now - interval '60 seconds' AND reserved_at <= v_now
      ) w
      WHERE freed >= v_used + v_estimate - v.tokens_per_minute;
      v_retry := greatest(coalesce(v_retry, 60), 0.05);
    END IF;
  END IF;

  v_answer.tier := v_tier;
  v_answer.plan := v_plan;
  v_answer.month_left_nanos := greatest(v_cap - v_spent - v_held, 0);
  v_answer.session_left_nanos := greatest(v.session_cap - v_session_spent - v_session_held, 0);
  v_answer.retry_after_seconds := v_retry;
  v_answer.crossed := '{}';

  IF v.countable AND v_reason IS DISTINCT FROM 'session_calls'
    AND (v_reason IS NOT NULL OR v_clamped OR ((v_month_short OR v_session_short) AND NOT v_threshold))
  THEN
    v_answer.decision := 'count';
    v_answer.reason := coalesce(v_reason, 'ok');
    SET LOCAL synchronous_commit = off;
    RETURN v_answer;
  END IF;

  IF v_reason IS NOT NULL THEN
    v_answer.reason := v_reason;
    IF v_wait AND NOT v.final THEN
      v_answer.decision := 'wait';
      -- Nothing to keep: those who wait for the same rows need not wait for the disk.
      SET LOCAL synchronous_commit = off;
      -- A call in flight may give back what it does not use at any moment.
      IF v_reason = 'budget_held' OR v_pending THEN
        v_answer.retry_after_seconds := 0;
      END IF;
      RETURN v_answer;
    END IF;
    v_answer.decision := 'refused';
    IF v_reason LIKE 'fleet%' THEN
      -- Every shard is locked: nobody should wait for the disk for a refusal.
      SET LOCAL synchronous_commit = off;
    END IF;
    INSERT INTO refusals (at, customer_id, session_id, month, reason, route, query_type, trace_id)
    VALUES (v_now, v.customer, v.session, v_month, v_reason, v.routes[1], v.query_type, v.trace_id);
    IF v_reason = 'month_budget' THEN
      UPDATE customer_months SET blocked_at = v_now WHERE month = v_month AND customer_id = v.customer;
      -- Blocked: the rest is too little for any call, so every threshold counts as reached.
      v_answer.crossed := cross_thresholds(v.customer, v_month, v_cap, v_spent, v_cap, v.percents, v.actions);
    END IF;
    RETURN v_answer;
  END IF;

  v_answer.decision := CASE WHEN v_plan = 1 THEN 'allowed' ELSE 'degraded' END;
  -- Degraded for the session or a day's or an hour's limit alone: the month has enough.
  v_month_short := v_threshold OR v_month_short;
  v_answer.reason := CASE
    WHEN v_plan = 1 OR v_month_short THEN 'ok'
    WHEN v_session_short THEN 'session_budget'
    ELSE v_near
  END;
  v_answer.max_tokens := v_tokens;
  v_answer.held_nanos := v.prompt_nanos[v_plan] + v.token_nanos[v_plan] * v_tokens;
  v_answer.month_left_nanos := v_answer.month_left_nanos - v_answer.held_nanos;
  v_answer.session_left_nanos := v_answer.session_left_nanos - v_answer.held_nanos;

  UPDATE customer_months SET
    held_nanos = held_nanos + v_answer.held_nanos, calls = calls + 1, updated_at = v_now, last_call_at = v_now,
    last_decision = v_answer.decision,
    day = day_of(v_now), day_nanos = v_used_of[1] + v_answer.held_nanos,
    hour = hour_of(v_now), hour_nanos = v_used_of[2] + v_answer.held_nanos
  WHERE month = v_month AND customer_id = v.customer;
  IF v_session_known THEN
    UPDATE sessions SET
      held_nanos = held_nanos + v_answer.held_nanos, calls = calls + 1, last_call_at = v_now,
      last_trace_id = coalesce(v.trace_id, last_trace_id)
    WHERE customer_id = v.customer AND session_id = v.session;
  ELSE
    INSERT INTO sessions (customer_id, session_id, held_nanos, calls, started_at, last_call_at, last_trace_id)
    VALUES (v.customer, v.session, v_answer.held_nanos, 1, v_now, v_now, v.trace_id);
  END IF;
  INSERT INTO recent_calls (
    call_id, customer_id, month, session_id, plan_tier, query_type, gcp_project, tools_invoked, environment, route,
    model_asked, decision, state, held_nanos, prompt_bound, held_tokens, reserved_at, lease_until, trace_id,
    cap_nanos, percents, actions
  ) VALUES (
    v.call_id, v.customer, v_month, v.session, v_tier, v.query_type, v.gcp_project, v.tools, v.environment,
    v.routes[v_plan], v.model_asked, v_answer.decision, 'pending', v_answer.held_nanos, v.prompt_tokens, v_bound, v_now,
    v_now + make_interval(secs => v.lease_seconds), v.trace_id,
    v_cap, v.percents, v.actions
  );
  PERFORM fleet_add(v_now, v_answer.held_nanos);
  IF v_plan <> 1 AND v_month_short THEN
    v_answer.crossed := cross_thresholds(
      v.customer, v_month, greatest(v_spent, (v_cap * v_degrade_at + 99) / 100), v_spent, v_cap, v.percents, v.actions);
  END IF;
  RETURN v_answer;
END
$$;

-- As before, within the limits of the day and hour in which the call was reserved.
CREATE FUNCTION ledger.extend(p_call_id uuid, p_more bigint, p_session_cap bigint, p_limits jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp SET enable_seqscan = off AS $$
DECLARE
  v_call recent_calls;
  v_paid customer_months;
  v_limits spend_limits := spend_limits_of(p_limits);
  v_at integer;
  v_cap bigint;
  v_fleet bigint[];
BEGIN
  SELECT * INTO v_call FROM recent_calls WHERE call_id = p_call_id AND state = 'pending' FOR UPDATE;
  IF NOT FOUND OR p_more < 0 THEN
    RETURN false;
  END IF;
  SELECT * INTO v_paid FROM customer_months WHERE customer_id = v_call.customer_id AND month = v_call.month FOR UPDATE;
  v_cap := coalesce(v_call.cap_nanos, v_paid.cap_nanos);
  v_at := array_position(v_limits.tiers, v_call.plan_tier);
  IF v_cap - v_paid.spent_nanos - v_paid.held_nanos < p_more
    OR v_paid.day = day_of(v_call.reserved_at)
      AND own_limit(v_limits.days[v_at], v_cap, v_limits.plan_caps[v_at]) - v_paid.day_nanos < p_more
    OR v_paid.hour = hour_of(v_call.reserved_at)
      AND own_limit(v_limits.hours[v_at], v_cap, v_limits.plan_caps[v_at]) - v_paid.hour_nanos < p_more
  THEN
    RETURN false;
  END IF;
  PERFORM FROM sessions
  WHERE customer_id = v_call.customer_id AND session_id = v_call.session_id
    AND p_session_cap - spent_nanos - held_nanos >= p_more
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  v_fleet := fleet_lock(v_call.reserved_at, p_session_cap, v_limits);
  IF v_limits.fleet_day - v_fleet[1] < p_more OR v_limits.fleet_hour - v_fleet[2] < p_more THEN
    RETURN false;
  END IF;
  UPDATE recent_calls SET held_nanos = held_nanos + p_more WHERE call_id = p_call_id;
  UPDATE customer_months SET
    held_nanos = held_nanos + p_more,
    day_nanos = day_nanos + CASE WHEN day = day_of(v_call.reserved_at) THEN p_more ELSE 0 END,
    hour_nanos = hour_nanos + CASE WHEN hour = hour_of(v_call.reserved_at) THEN p_more ELSE 0 END
  WHERE customer_id = v_call.customer_id AND month = v_call.month;
  UPDATE sessions SET held_nanos = held_nanos + p_more
  WHERE customer_id = v_call.customer_id AND session_id = v_call.session_id;
  PERFORM fleet_add(v_call.reserved_at, p_more);
  RETURN true;
END
$$;

-- For gateways of an older revision, while a roll-out lasts.
CREATE OR REPLACE FUNCTION ledger.extend(p_call_id uuid, p_more bigint, p_session_cap bigint) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp SET enable_seqscan = off AS $$
  SELECT extend(p_call_id, p_more, p_session_cap, NULL)
$$;

-- As in 022, with the day and the hour of the reservation.
CREATE OR REPLACE FUNCTION ledger.settle(
  p_call_id uuid, p_state text, p_outcome text, p_cost bigint, p_model_used text,
  p_prompt_tokens integer, p_cached_tokens integer, p_completion_tokens integer, p_cache_hit boolean,
  p_percents integer[], p_actions text[]
) RETURNS ledger.settlement
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp SET enable_seqscan = off AS $$
DECLARE
  v_answer settlement;
  v_call recent_calls;
  v_void integer := CASE WHEN p_state = 'voided' THEN 1 ELSE 0 END;
  v_now timestamptz := clock();
  v_held bigint;
  v_booked bigint;
BEGIN
  v_answer.settled := false;
  v_answer.crossed := '{}';
  SELECT * INTO v_call FROM recent_calls WHERE call_id = p_call_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN v_answer;
  END IF;
  IF v_call.state <> 'pending' AND (v_call.outcome <> 'expired' OR p_outcome = 'expired') THEN
    RETURN v_answer;
  END IF;
  -- What the call takes from its month and its session now: its hold, or the charge of its lease.
  v_held := CASE WHEN v_call.state = 'pending' THEN v_call.held_nanos ELSE 0 END;
  v_booked := coalesce(v_call.cost_nanos, 0);
  UPDATE recent_calls SET
    state = p_state, outcome = p_outcome, cost_nanos = p_cost, model_used = p_model_used,
    prompt_tokens = p_prompt_tokens, cached_tokens = p_cached_tokens, completion_tokens = p_completion_tokens,
    cache_hit = p_cache_hit, settled_at = v_now
  WHERE call_id = p_call_id;
  UPDATE customer_months SET
    held_nanos = held_nanos - v_held, spent_nanos = spent_nanos - v_booked + p_cost, calls = calls - v_void,
    updated_at = v_now,
    day_nanos = day_nanos + CASE WHEN day = day_of(v_call.reserved_at) THEN p_cost - v_booked - v_held ELSE 0 END,
    hour_nanos = hour_nanos + CASE WHEN hour = hour_of(v_call.reserved_at) THEN p_cost - v_booked - v_held ELSE 0 END
  WHERE customer_id = v_call.customer_id AND month = v_call.month
  RETURNING spent_nanos, coalesce(v_call.cap_nanos, cap_nanos) INTO v_answer.spent_nanos, v_answer.cap_nanos;
  UPDATE sessions SET
    held_nanos = held_nanos - v_held, spent_nanos = spent_nanos - v_booked + p_cost, calls = calls - v_void
  WHERE customer_id = v_call.customer_id AND session_id = v_call.session_id;
  v_answer.settled := true;
  v_answer.held_nanos := v_call.held_nanos;
  v_answer.tier := v_call.plan_tier;
  -- Below the first threshold there is none to look for.
  IF p_cost > v_booked
    AND v_answer.spent_nanos * 100 >= v_answer.cap_nanos * (SELECT min(p) FROM unnest(coalesce(v_call.percents, p_percents)) p)
  THEN
    v_answer.crossed := cross_thresholds(
      v_call.customer_id, v_call.month, v_answer.spent_nanos, v_answer.spent_nanos, v_answer.cap_nanos,
      coalesce(v_call.percents, p_percents), coalesce(v_call.actions, p_actions));
  END IF;
  PERFORM fleet_add(v_call.reserved_at, p_cost - v_booked - v_held);
  RETURN v_answer;
END
$$;

GRANT SELECT ON ledger.fleet_shards TO ledger_admin, ledger_agent, ledger_reader;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.extend(uuid, bigint, bigint, jsonb) TO ledger_guard;
GRANT EXECUTE ON FUNCTION ledger.day_of, ledger.hour_of, ledger.fleet_used TO ledger_admin, ledger_agent, ledger_reader;
