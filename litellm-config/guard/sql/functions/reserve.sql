-- Decides about a call and holds its upper bound, in one transaction. p_reservation: a JSON object with the fields of the type
-- reservation, spend_limits and prorated.
--
-- Rows are always locked in the order recent_calls, customers, customer_months, sessions, fleet_shards, so that no two transactions
-- wait for each other. (A reservation writes its call last: nobody else can know it before.)
--
-- What takes time in Postgres is not the rows. It is each statement; each function in SQL that is not taken into the statement
-- that calls it, because it is parsed anew in each transaction; and each expression of PL/pgSQL. docs/ledger.md has the figures.
CREATE OR REPLACE FUNCTION ledger.reserve(p_reservation jsonb) RETURNS ledger.decision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v reservation := jsonb_populate_record(NULL::reservation, p_reservation);
  v_limits spend_limits := jsonb_populate_record(
    ROW(NULL, NULL, NULL, NULL, 10000000000000000, 10000000000000000, 100)::spend_limits,
    coalesce(nullif(p_reservation -> 'spend_limits', 'null'), '{}'));
  v_answer decision;
  v_now timestamptz := clock();
  v_month date;
  -- The budget month is shorter than its rule's; otherwise it ends on v_ends.
  v_short boolean := false;
  v_ends date;
  v_day date := day_of(v_now);
  v_hour timestamptz := hour_of(v_now);
  v_shard integer := pg_backend_pid() % 16;
  v_tier text;
  v_at integer;
  -- The month's row.
  v_paid_ends date;
  v_paid_tier text;
  v_paid_cap bigint;
  v_paid_budget bigint;
  v_granted bigint;
  v_spent bigint;
  v_held bigint;
  v_paid_day date;
  v_day_nanos bigint;
  v_paid_hour timestamptz;
  v_hour_nanos bigint;
  -- The session's row.
  v_session_spent bigint;
  v_session_held bigint;
  v_session_calls integer;
  v_session_known boolean;
  v_month_known boolean := true;
  -- Whether the fleet is far from its limits, so that one shard's lock is enough.
  v_far boolean;
  -- What all calls of the fleet of this day and hour cost, or may.
  v_fleet_day bigint;
  v_fleet_hour bigint;
  -- There is a brake, which may be for other calls; there is a grant.
  v_braking boolean;
  v_granting boolean;
  v_override bigint;
  v_brake boolean := false;
  v_other_brake boolean := false;
  v_budget bigint;
  v_grants bigint;
  v_cap bigint;
  -- What is left of the month and the session.
  v_month_left bigint;
  v_session_left bigint;
  -- The limits of the customer's and the fleet's day and hour, and what is used of them.
  v_why_of text[] := '{day_budget,spend_rate,fleet_day,fleet_rate}';
  v_limit_of bigint[];
  v_used_of bigint[];
  -- What is left of the one of which least is left.
  v_room bigint;
  v_plan integer := 1;
  v_other integer;
  -- The asked plan does not fit what is left of the month, or of the session.
  v_month_short boolean := false;
  v_session_short boolean := false;
  v_threshold boolean := false;
  -- The limit that a call to the asked route is too much for, or that is nearly reached.
  v_near text;
  -- The answer is shorter than asked for, because the money does not reach.
  v_clamped boolean := false;
  v_need bigint;
  v_tokens integer;
  v_bound integer;
  v_used bigint;
  v_estimate bigint;
  v_pending boolean;
  v_reason text;
  v_wait boolean := false;
  -- A count by the providers may let the call in.
  v_count boolean;
  v_retry double precision;
BEGIN
  -- One call of a customer at a time. The month's row would not do: at midnight a new session could be begun in two months
  -- at once, with nothing there yet that both would lock. What another has changed meanwhile is read as it has left it.
  SELECT c.tier, m.month, m.tier, m.cap_nanos, m.budget_nanos, m.granted_nanos, m.spent_nanos, m.held_nanos, m.day,
    m.day_nanos, m.hour, m.hour_nanos
  INTO v_tier, v_month, v_paid_tier, v_paid_cap, v_paid_budget, v_granted, v_spent, v_held, v_paid_day, v_day_nanos, v_paid_hour,
    v_hour_nanos
  FROM customers c, customer_months m, fleet_shards f
  WHERE c.customer_id = v.customer AND c.disabled_at IS NULL
    -- No month is longer than 31 days.
    AND m.customer_id = v.customer AND m.month > v_day - 31 AND m.month <= v_day AND m.ends > v_day
    AND f.shard = v_shard
    -- As in fleet_lock().
    AND (
      SELECT v_limits.fleet_day - sum(CASE WHEN day = v_day THEN day_nanos ELSE 0 END)::bigint >= 32 * v.session_cap
        AND v_limits.fleet_hour - sum(CASE WHEN hour = v_hour THEN hour_nanos ELSE 0 END)::bigint >= 32 * v.session_cap
      FROM fleet_shards)
  FOR NO KEY UPDATE OF c, m, f;
  v_far := FOUND;
  -- The wait for the locks counts: what follows is judged by the time at which it is true.
  v_now := clock();
  IF NOT v_far THEN
    SELECT tier INTO v_tier FROM customers
    WHERE customer_id = v.customer AND disabled_at IS NULL FOR NO KEY UPDATE;
    v_at := array_position(v.tiers, v_tier);
    IF v_at IS NULL THEN
      RETURN ROW('refused', CASE WHEN v_tier IS NULL THEN 'unknown_customer' ELSE 'unknown_tier' END, v_tier,
        NULL, NULL, NULL, NULL, NULL, NULL, '{}')::decision;
    END IF;
    SELECT starts, days < whole_days, CASE WHEN days = whole_days THEN ends END INTO v_month, v_short, v_ends
    FROM period_of(v.customer, v_now);
    SELECT ends, tier, cap_nanos, budget_nanos, granted_nanos, spent_nanos, held_nanos, day, day_nanos, hour, hour_nanos
    INTO v_paid_ends, v_paid_tier, v_paid_cap, v_paid_budget, v_granted, v_spent, v_held, v_paid_day, v_day_nanos,
      v_paid_hour, v_hour_nanos
    FROM customer_months WHERE month = v_month AND customer_id = v.customer FOR NO KEY UPDATE;
    v_month_known := FOUND;
    IF NOT v_month_known THEN
      v_granted := 0;
      v_spent := 0;
      v_held := 0;
    END IF;
    v_now := clock();
    PERFORM fleet_lock(v_now, v.session_cap, v_limits);
  END IF;
  v_at := array_position(v.tiers, v_tier);
  IF v_at IS NULL THEN
    RETURN ROW('refused', 'unknown_tier', v_tier, NULL, NULL, NULL, NULL, NULL, NULL, '{}')::decision;
  END IF;
  v_other := v.tier_plans[v_at];
  IF v_now >= v_hour + interval '1 hour' OR v_now < v_hour THEN
    v_day := day_of(v_now);
    v_hour := hour_of(v_now);
  END IF;

  -- Tokens a minute: calls in flight count their bound, settled ones what they used. A prompt's bound (its bytes) is
  -- several times its tokens, so a call alone in its session may be counted by the ratio measured in the same window.
  SELECT session.calls IS NOT NULL, coalesce(session.spent_nanos, 0), coalesce(session.held_nanos, 0), coalesce(session.calls, 0),
    minute.used, minute.pending, minute.estimate, EXISTS (SELECT FROM brakes), fleet.day, fleet.hour,
    (SELECT budget_nanos FROM overrides WHERE customer_id = v.customer AND ends_at > v_now),
    EXISTS (SELECT FROM grants WHERE customer_id = v.customer AND expires_at > v_now)
  INTO v_session_known, v_session_spent, v_session_held, v_session_calls, v_used, v_pending, v_estimate, v_braking,
    v_fleet_day, v_fleet_hour, v_override, v_granting
  FROM (
    SELECT coalesce(sum(call_tokens(c)), 0)::bigint AS used, coalesce(bool_or(state = 'pending'), false) AS pending,
      coalesce(
        ceil(v.prompt_tokens * max((prompt_tokens - cached_tokens)::double precision / prompt_bound)
          FILTER (WHERE outcome = 'success' AND NOT cache_hit AND prompt_tokens > 0)),
        v.prompt_tokens / 3) AS estimate
    FROM recent_calls c
    WHERE customer_id = v.customer AND session_id = v.session AND state <> 'voided'
      -- What was reserved at a later time than now was so before the clock was set back: only what is in flight counts.
      AND (state = 'pending' OR reserved_at > v_now - interval '60 seconds' AND reserved_at <= v_now)
      AND reserved_at > v_now - greatest(60, v.lease_seconds) * interval '1 second'
  ) minute, (
    SELECT sum(CASE WHEN day = v_day THEN day_nanos ELSE 0 END)::bigint AS day,
      sum(CASE WHEN hour = v_hour THEN hour_nanos ELSE 0 END)::bigint AS hour
    FROM fleet_shards
  ) fleet
  LEFT JOIN (
    SELECT spent_nanos, held_nanos, calls FROM sessions
    WHERE customer_id = v.customer AND session_id = v.session FOR NO KEY UPDATE
  ) session ON true;
  IF v_far AND (v_limits.fleet_day - v_fleet_day < 16 * v.session_cap OR v_limits.fleet_hour - v_fleet_hour < 16 * v.session_cap)
  THEN
    -- With one shard locked already, two that lock the rest would wait for each other. The gateway asks again, as for any lock.
    RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'the fleet has come near its limit';
  END IF;

  IF v_braking THEN
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
  v_cap := v_budget + v_grants;
  IF NOT v_month_known AND NOT v_brake THEN
    INSERT INTO customer_months (customer_id, month, ends, tier, cap_nanos, budget_nanos, updated_at)
    VALUES (v.customer, v_month, v_ends, v_tier, v_cap, CASE WHEN v_grants > 0 THEN v_budget END, v_now);
  ELSIF v_ends IS DISTINCT FROM v_paid_ends OR v_paid_cap <> v_cap OR v_paid_tier <> v_tier OR (v_grants > 0 AND v_paid_budget IS DISTINCT FROM v_budget) THEN
    UPDATE customer_months SET
      ends = coalesce(v_ends, ends), cap_nanos = v_cap, tier = v_tier, budget_nanos = CASE WHEN v_grants > 0 THEN v_budget ELSE budget_nanos END
    WHERE month = v_month AND customer_id = v.customer;
  END IF;
  v_month_left := v_cap - v_spent - v_held;
  v_session_left := v.session_cap - v_session_spent - v_session_held;
  v_limit_of := ARRAY[
    own_limit(v_limits.days[v_at], v_cap, v_limits.plan_caps[v_at]),
    own_limit(v_limits.hours[v_at], v_cap, v_limits.plan_caps[v_at]),
    v_limits.fleet_day, v_limits.fleet_hour];
  v_used_of := ARRAY[
    CASE WHEN v_paid_day = v_day THEN v_day_nanos ELSE 0 END, CASE WHEN v_paid_hour = v_hour THEN v_hour_nanos ELSE 0 END,
    v_fleet_day, v_fleet_hour];
  v_room := least(v_limit_of[1] - v_used_of[1], v_limit_of[2] - v_used_of[2], v_limit_of[3] - v_used_of[3],
    v_limit_of[4] - v_used_of[4]);

  -- The plan: the tier's cheaper one from the threshold on, or where only that one still fits the month's or the session's
  -- budget. A route behind its brake is no way to degrade.
  v_need := v.prompt_nanos[1] + v.token_nanos[1] * least(v.least_tokens, v.max_tokens[1]);
  IF v_other <> 1 AND NOT v_other_brake
    AND v.prompt_nanos[v_other] + v.token_nanos[v_other] * v.max_tokens[1]
      < v.prompt_nanos[1] + v.token_nanos[1] * v.max_tokens[1]
  THEN
    v_month_short := v_cap - v_spent < v_need;
    v_session_short := v.session_cap - v_session_spent < v_need;
    v_threshold := (v_spent + v_held) * 100 >= v_cap * v.percents[array_position(v.actions, 'degrade')];
    -- Rates act early; a day's limit only when the asked route no longer fits it.
    IF v_room < v_need OR v_used_of[2] * 100 >= v_limit_of[2] * v_limits.degrade_percent
      OR v_used_of[4] * 100 >= v_limit_of[4] * v_limits.degrade_percent
    THEN
      FOR i IN 1..4 LOOP
        IF v_limit_of[i] - v_used_of[i] < v_need
          OR (i IN (2, 4) AND v_used_of[i] * 100 >= v_limit_of[i] * v_limits.degrade_percent)
        THEN
          v_near := coalesce(v_near, v_why_of[i]);
        END IF;
      END LOOP;
    END IF;
    IF v_threshold OR v_month_short OR v_session_short OR v_near IS NOT NULL THEN
      v_plan := v_other;
      v_need := v.prompt_nanos[v_plan] + v.token_nanos[v_plan] * least(v.least_tokens, v.max_tokens[v_plan]);
    END IF;
  END IF;

  IF v_brake THEN
    v_reason := 'brake';
  ELSIF v_month_left < v_need THEN
    v_wait := v_cap - v_spent >= v_need;
    v_reason := CASE WHEN v_wait THEN 'budget_held' ELSE 'month_budget' END;
  ELSIF v_session_left < v_need THEN
    v_wait := v.session_cap - v_session_spent >= v_need;
    v_reason := CASE WHEN v_wait THEN 'budget_held' ELSE 'session_budget' END;
  ELSIF v_session_calls >= v.session_calls THEN
    v_reason := 'session_calls';
  ELSIF v_room < v_need THEN
    FOR i IN REVERSE 4..1 LOOP
      IF v_limit_of[i] - v_used_of[i] < v_need THEN
        -- What a customer's calls in flight hold, they may give back; what others hold is not waited for.
        v_wait := i <= 2 AND v_limit_of[i] - v_used_of[i] + least(v_held, v_used_of[i]) >= v_need;
        v_reason := CASE WHEN v_wait THEN 'budget_held' ELSE v_why_of[i] END;
        v_retry := CASE WHEN NOT v_wait THEN greatest(1, extract(epoch FROM
          CASE WHEN i IN (1, 3) THEN v_day + 1 - v_now AT TIME ZONE 'UTC' ELSE v_hour + interval '1 hour' - v_now END))
        END;
      END IF;
    END LOOP;
  ELSE
    v_tokens := v.max_tokens[v_plan];
    IF v.token_nanos[v_plan] > 0 THEN
      v_tokens := least(
        v_tokens, (least(v_month_left, v_session_left, v_room) - v.prompt_nanos[v_plan]) / v.token_nanos[v_plan]);
    END IF;
    v_clamped := v_tokens < v.max_tokens[v_plan];
    IF v.exact THEN
      v_estimate := v.prompt_tokens;
    END IF;
    -- No answer can be longer than a minute's tokens.
    v_tokens := least(v_tokens, greatest(v.tokens_per_minute - v_estimate, v.choices) / v.choices);
    v_bound := v.prompt_tokens + v_tokens * v.choices;
    IF v_used + v_bound > v.tokens_per_minute THEN
      v_estimate := least(v_estimate, v.prompt_tokens) + v_tokens * v.choices;
      IF v_pending OR v.countable OR v_used + v_estimate > v.tokens_per_minute THEN
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
  END IF;

  v_count := v.countable AND NOT v_brake AND v_reason IS DISTINCT FROM 'session_calls'
    AND (v_reason IS NOT NULL OR v_clamped OR ((v_month_short OR v_session_short) AND NOT v_threshold));
  IF v_count OR v_reason IS NOT NULL THEN
    v_answer := ROW(
      CASE WHEN v_count THEN 'count' WHEN v_wait AND NOT v.final THEN 'wait' ELSE 'refused' END,
      coalesce(v_reason, 'ok'), v_tier, v_plan, NULL, NULL, greatest(v_month_left, 0), greatest(v_session_left, 0), v_retry, '{}');
    IF v_answer.decision = 'wait' AND (v_reason = 'budget_held' OR v_pending) THEN
      -- A call in flight may give back what it does not use at any moment.
      v_answer.retry_after_seconds := 0;
    END IF;
    IF v_answer.decision <> 'refused' OR v_brake OR v_reason LIKE 'fleet%' THEN
      -- Nothing to keep: those who wait for the same rows need not wait for the disk. And every shard may be locked: nobody should
      -- wait for the disk for a refusal.
      SET LOCAL synchronous_commit = off;
    END IF;
    IF v_answer.decision = 'refused' THEN
      INSERT INTO refusals (at, customer_id, session_id, month, reason, route, query_type, trace_id)
      VALUES (v_now, v.customer, v.session, v_month, v_reason, v.routes[1], v.query_type, v.trace_id);
      IF v_reason = 'month_budget' THEN
        UPDATE customer_months SET blocked_at = v_now WHERE month = v_month AND customer_id = v.customer;
        -- Blocked: the rest is too little for any call, so every threshold counts as reached.
        v_answer.crossed := cross_thresholds(v.customer, v_month, v_cap, v_spent, v_cap, v.percents, v.actions);
      END IF;
    END IF;
    RETURN v_answer;
  END IF;

  v_need := v.prompt_nanos[v_plan] + v.token_nanos[v_plan] * v_tokens;
  -- Degraded for the session or a day's or an hour's limit alone: the month has enough.
  v_month_short := v_threshold OR v_month_short;
  v_answer := ROW(
    CASE WHEN v_plan = 1 THEN 'allowed' ELSE 'degraded' END,
    CASE WHEN v_plan = 1 OR v_month_short THEN 'ok' WHEN v_session_short THEN 'session_budget' ELSE v_near END,
    v_tier, v_plan, v_tokens, v_need, v_month_left - v_need, v_session_left - v_need, NULL, '{}');

  IF NOT v_session_known THEN
    INSERT INTO sessions (customer_id, session_id, held_nanos, calls, started_at, last_call_at, last_trace_id)
    VALUES (v.customer, v.session, v_need, 1, v_now, v_now, v.trace_id);
  END IF;
  WITH month AS (
    UPDATE customer_months SET
      held_nanos = held_nanos + v_need, calls = calls + 1, updated_at = v_now, last_call_at = v_now,
      last_decision = v_answer.decision,
      day = v_day, day_nanos = v_used_of[1] + v_need, hour = v_hour, hour_nanos = v_used_of[2] + v_need
    WHERE month = v_month AND customer_id = v.customer
  ), session AS (
    UPDATE sessions SET
      held_nanos = held_nanos + v_need, calls = calls + 1, last_call_at = v_now,
      last_trace_id = coalesce(v.trace_id, last_trace_id)
    WHERE customer_id = v.customer AND session_id = v.session AND v_session_known
  ), fleet AS (
    -- Its day and hour may be later ones, where the clock was set back.
    UPDATE fleet_shards SET
      day_nanos = CASE WHEN day > v_day THEN day_nanos WHEN day = v_day THEN day_nanos + v_need ELSE v_need END,
      day = greatest(day, v_day),
      hour_nanos = CASE WHEN hour > v_hour THEN hour_nanos WHEN hour = v_hour THEN hour_nanos + v_need ELSE v_need END,
      hour = greatest(hour, v_hour)
    WHERE shard = v_shard
  )
  INSERT INTO recent_calls (
    call_id, customer_id, month, session_id, plan_tier, query_type, gcp_project, tools_invoked, environment, route,
    model_asked, decision, state, held_nanos, prompt_bound, held_tokens, reserved_at, lease_until, trace_id,
    cap_nanos, percents, actions
  ) VALUES (
    v.call_id, v.customer, v_month, v.session, v_tier, v.query_type, v.gcp_project, v.tools, v.environment,
    v.routes[v_plan], v.model_asked, v_answer.decision, 'pending', v_need, v.prompt_tokens, v_bound, v_now,
    v_now + v.lease_seconds * interval '1 second', v.trace_id,
    v_cap, v.percents, v.actions
  );
  IF v_plan <> 1 AND v_month_short THEN
    v_answer.crossed := cross_thresholds(
      v.customer, v_month, greatest(v_spent, (v_cap * v.percents[array_position(v.actions, 'degrade')] + 99) / 100),
      v_spent, v_cap, v.percents, v.actions);
  END IF;
  RETURN v_answer;
END
$$;

-- What a call counts in its minute: in flight its bound, settled what it used, from the cache nothing. What the provider read
-- from its own cache does not count, as in the providers' own limits.
CREATE OR REPLACE FUNCTION ledger.call_tokens(p_call ledger.recent_calls) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_call.state = 'pending' THEN p_call.held_tokens
    WHEN p_call.cache_hit OR p_call.state = 'voided' THEN 0
    ELSE p_call.prompt_tokens - p_call.cached_tokens + p_call.completion_tokens
  END::bigint
$$;
