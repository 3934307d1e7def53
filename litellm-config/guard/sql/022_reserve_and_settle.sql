-- What the guard calls, over the tables of 020. A call takes seven statements for its reservation and four for its settlement,
-- all by an index on rows of its own customer, session and call.
--
-- Rows are always locked in the order recent_calls, customers, customer_months, sessions, so that no two transactions wait for
-- each other. (A reservation writes its call last: nobody else can know it before.)

-- What a call counts in its minute: in flight its bound, settled what it used, from the cache nothing. What the provider read
-- from its own cache does not count, as in the providers' own limits.
CREATE FUNCTION ledger.call_tokens(p_call ledger.recent_calls) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_call.state = 'pending' THEN p_call.held_tokens
    WHEN p_call.cache_hit OR p_call.state = 'voided' THEN 0
    ELSE p_call.prompt_tokens - p_call.cached_tokens + p_call.completion_tokens
  END::bigint
$$;

-- Whether a hold is left behind. One of a later time than now was reserved before the clock was set back: its lease would be
-- longer by as much. Should its call still run, its settlement corrects the charge.
CREATE FUNCTION ledger.lease_is_over(p_call ledger.recent_calls) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = ledger, pg_temp AS $$
  SELECT p_call.lease_until < clock() OR p_call.reserved_at > clock() + interval '1 minute'
$$;

-- Decides about a call and holds its upper bound, in one transaction. p_reservation: a JSON object with the fields of the type.
CREATE OR REPLACE FUNCTION ledger.reserve(p_reservation jsonb) RETURNS ledger.decision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
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
    IF v_threshold OR v_month_short OR v_session_short THEN
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
    v_left := least(v_cap - v_spent - v_held, v.session_cap - v_session_spent - v_session_held);
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
  -- Degraded for the session alone: the month has enough.
  v_session_short := v_plan <> 1 AND NOT v_threshold AND NOT v_month_short;
  v_answer.reason := CASE WHEN v_session_short THEN 'session_budget' ELSE 'ok' END;
  v_answer.max_tokens := v_tokens;
  v_answer.held_nanos := v.prompt_nanos[v_plan] + v.token_nanos[v_plan] * v_tokens;
  v_answer.month_left_nanos := v_answer.month_left_nanos - v_answer.held_nanos;
  v_answer.session_left_nanos := v_answer.session_left_nanos - v_answer.held_nanos;

  UPDATE customer_months SET
    held_nanos = held_nanos + v_answer.held_nanos, calls = calls + 1, updated_at = v_now, last_call_at = v_now,
    last_decision = v_answer.decision
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
  IF v_plan <> 1 AND NOT v_session_short THEN
    v_answer.crossed := cross_thresholds(
      v.customer, v_month, greatest(v_spent, (v_cap * v_degrade_at + 99) / 100), v_spent, v_cap, v.percents, v.actions);
  END IF;
  RETURN v_answer;
END
$$;

-- For gateways of version 0.1, while a roll-out lasts.
CREATE OR REPLACE FUNCTION ledger.reserve(
  p_call_id uuid, p_customer text, p_session text, p_query_type text, p_gcp_project text, p_tools text[],
  p_environment text, p_trace_id text, p_model_asked text,
  p_routes text[], p_prompt_tokens integer, p_prompt_nanos bigint[], p_token_nanos bigint[],
  p_max_tokens integer[], p_choices integer, p_least_tokens integer,
  p_tiers text[], p_caps bigint[], p_tier_plans integer[],
  p_session_cap bigint, p_session_calls integer, p_tokens_per_minute integer,
  p_percents integer[], p_actions text[], p_lease_seconds integer, p_final boolean
) RETURNS ledger.decision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  RETURN reserve(to_jsonb(ROW(
    p_call_id, p_customer, p_session, p_query_type, p_gcp_project, p_tools, p_environment, p_trace_id, p_model_asked,
    p_routes, p_prompt_nanos, p_token_nanos, p_max_tokens, p_prompt_tokens, p_choices, p_least_tokens,
    p_tiers, p_caps, p_tier_plans, p_session_cap, p_session_calls, p_tokens_per_minute,
    p_percents, p_actions, p_lease_seconds, p_final, false, false)::reservation));
END
$$;

-- Holds more for a call in flight, for what its request turned out to be or for a further attempt. False when it is not there.
CREATE OR REPLACE FUNCTION ledger.extend(p_call_id uuid, p_more bigint, p_session_cap bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  v_call recent_calls;
BEGIN
  SELECT * INTO v_call FROM recent_calls WHERE call_id = p_call_id AND state = 'pending' FOR UPDATE;
  IF NOT FOUND OR p_more < 0 THEN
    RETURN false;
  END IF;
  PERFORM FROM customer_months
  WHERE customer_id = v_call.customer_id AND month = v_call.month
    AND coalesce(v_call.cap_nanos, cap_nanos) - spent_nanos - held_nanos >= p_more
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM FROM sessions
  WHERE customer_id = v_call.customer_id AND session_id = v_call.session_id
    AND p_session_cap - spent_nanos - held_nanos >= p_more
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE recent_calls SET held_nanos = held_nanos + p_more WHERE call_id = p_call_id;
  UPDATE customer_months SET held_nanos = held_nanos + p_more
  WHERE customer_id = v_call.customer_id AND month = v_call.month;
  UPDATE sessions SET held_nanos = held_nanos + p_more
  WHERE customer_id = v_call.customer_id AND session_id = v_call.session_id;
  RETURN true;
END
$$;

-- Turns a hold into what the call cost, in the month of the reservation, once. A voided call never reached a provider: it
-- costs nothing and does not count in its session. A hold that was charged by its lease is corrected.
CREATE OR REPLACE FUNCTION ledger.settle(
  p_call_id uuid, p_state text, p_outcome text, p_cost bigint, p_model_used text,
  p_prompt_tokens integer, p_cached_tokens integer, p_completion_tokens integer, p_cache_hit boolean,
  p_percents integer[], p_actions text[]
) RETURNS ledger.settlement
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
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
    updated_at = v_now
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
  RETURN v_answer;
END
$$;

-- Charges the holds whose lease has run out: their gateway died, and what the provider billed cannot be known. Those of one
-- customer's month at a time (which keeps to the order of locks): call it until it returns nothing.
CREATE OR REPLACE FUNCTION ledger.expire_holds(p_percents integer[], p_actions text[])
RETURNS TABLE (
  call_id uuid, customer_id text, session_id text, tier text, query_type text, route text, held_nanos bigint,
  crossed integer[], spent_nanos bigint, cap_nanos bigint, trace_id text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_call recent_calls;
  v_ids uuid[];
  v_settled settlement;
BEGIN
  -- One sweeper is enough; the others come back in a moment.
  IF NOT pg_try_advisory_xact_lock(hashtext('ledger.expire_holds')) THEN
    RETURN;
  END IF;
  -- All of them before the month that they share, to keep to the order of locks; one that is being settled is not left behind.
  v_ids := ARRAY(
    SELECT c.call_id FROM recent_calls c
    JOIN (
      SELECT o.customer_id, o.month FROM recent_calls o
      WHERE o.state = 'pending' AND lease_is_over(o) ORDER BY o.lease_until LIMIT 1
    ) oldest ON oldest.customer_id = c.customer_id AND oldest.month = c.month
    WHERE c.state = 'pending' AND lease_is_over(c)
    FOR UPDATE OF c SKIP LOCKED);
  FOR v_call IN SELECT c.* FROM recent_calls c WHERE c.call_id = ANY (v_ids) LOOP
    v_settled := settle(
      v_call.call_id, 'posted', 'expired', v_call.held_nanos, v_call.model_used, v_call.prompt_bound, 0,
      v_call.held_tokens - v_call.prompt_bound, false, p_percents, p_actions);
    IF v_settled.settled THEN
      call_id := v_call.call_id;
      customer_id := v_call.customer_id;
      session_id := v_call.session_id;
      tier := v_call.plan_tier;
      query_type := v_call.query_type;
      route := v_call.route;
      held_nanos := v_settled.held_nanos;
      crossed := v_settled.crossed;
      spent_nanos := v_settled.spent_nanos;
      cap_nanos := v_settled.cap_nanos;
      trace_id := v_call.trace_id;
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.file_calls(integer) TO ledger_guard;
