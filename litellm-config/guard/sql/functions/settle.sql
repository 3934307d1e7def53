-- Turns a hold into what the call cost, in the month of the reservation, once. A voided call never reached a provider: it
-- costs nothing and does not count in its session. A hold that was charged by its lease is corrected.
CREATE OR REPLACE FUNCTION ledger.settle(
  p_call_id uuid, p_state text, p_outcome text, p_cost bigint, p_model_used text,
  p_prompt_tokens integer, p_cached_tokens integer, p_completion_tokens integer, p_cache_hit boolean,
  p_percents integer[], p_actions text[]
) RETURNS ledger.settlement
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_call recent_calls;
  v_now timestamptz := clock();
  v_day date;
  v_hour timestamptz;
  v_void integer := CASE WHEN p_state = 'voided' THEN 1 ELSE 0 END;
  -- The hold that its month and session get back, and what they pay more: the cost, less what its lease was charged.
  v_freed bigint;
  v_more bigint;
  v_spent bigint;
  v_cap bigint;
  v_crosses boolean;
  v_crossed integer[] := '{}';
BEGIN
  IF num_nulls(p_state, p_outcome, p_cost) > 0 OR p_state NOT IN ('posted', 'voided') OR p_cost < 0
    OR (p_state = 'voided' AND p_cost > 0)
    OR p_outcome NOT IN ('success', 'failure', 'timeout', 'disconnected', 'expired', 'refused_by_provider')
  THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = format(
      'call %s cannot be settled: state %s, outcome %s, cost %s', p_call_id, p_state, p_outcome, p_cost);
  END IF;
  SELECT * INTO v_call FROM recent_calls
  WHERE call_id = p_call_id AND (state = 'pending' OR (outcome = 'expired' AND p_outcome <> 'expired'))
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN ROW(false, NULL, NULL, '{}', NULL, NULL)::settlement;
  END IF;
  v_day := day_of(v_call.reserved_at);
  v_hour := hour_of(v_call.reserved_at);
  v_freed := CASE WHEN v_call.state = 'pending' THEN v_call.held_nanos ELSE 0 END;
  v_more := p_cost - coalesce(v_call.cost_nanos, 0);
  -- Postgres carries out the statement's own update, which locks the month's row, before those in its WITH.
  WITH call AS (
    UPDATE recent_calls SET
      state = p_state, outcome = p_outcome, cost_nanos = p_cost, model_used = p_model_used,
      prompt_tokens = p_prompt_tokens, cached_tokens = p_cached_tokens, completion_tokens = p_completion_tokens,
      cache_hit = p_cache_hit, settled_at = v_now
    WHERE call_id = p_call_id
  ), session AS (
    UPDATE sessions SET held_nanos = held_nanos - v_freed, spent_nanos = spent_nanos + v_more, calls = calls - v_void
    WHERE customer_id = v_call.customer_id AND session_id = v_call.session_id
  ), fleet AS (
    UPDATE fleet_shards SET
      day_nanos = CASE
        WHEN day > v_day THEN day_nanos WHEN day = v_day THEN day_nanos + v_more - v_freed ELSE v_more - v_freed
      END,
      day = greatest(day, v_day),
      hour_nanos = CASE
        WHEN hour > v_hour THEN hour_nanos WHEN hour = v_hour THEN hour_nanos + v_more - v_freed ELSE v_more - v_freed
      END,
      hour = greatest(hour, v_hour)
    WHERE shard = pg_backend_pid() % 16
  )
  UPDATE customer_months SET
    held_nanos = held_nanos - v_freed, spent_nanos = spent_nanos + v_more, calls = calls - v_void, updated_at = v_now,
    day_nanos = day_nanos + CASE WHEN day = v_day THEN v_more - v_freed ELSE 0 END,
    hour_nanos = hour_nanos + CASE WHEN hour = v_hour THEN v_more - v_freed ELSE 0 END
  WHERE month = v_call.month AND customer_id = v_call.customer_id
  RETURNING spent_nanos, coalesce(v_call.cap_nanos, cap_nanos),
    -- Below the first threshold there is none to look for.
    v_more > 0
      AND spent_nanos * 100 >= coalesce(v_call.cap_nanos, cap_nanos)
        * (SELECT min(p) FROM unnest(coalesce(v_call.percents, p_percents)) p)
  INTO v_spent, v_cap, v_crosses;
  IF v_crosses THEN
    v_crossed := cross_thresholds(
      v_call.customer_id, v_call.month, v_spent, v_spent, v_cap, coalesce(v_call.percents, p_percents),
      coalesce(v_call.actions, p_actions));
  END IF;
  RETURN ROW(true, v_call.held_nanos, v_call.plan_tier, v_crossed, v_spent, v_cap)::settlement;
END
$$;

-- Writes the thresholds that `p_used` of the cap has reached and that were not written yet. Of these, returns those.
CREATE OR REPLACE FUNCTION ledger.cross_thresholds(
  p_customer text, p_month date, p_used bigint, p_spent bigint, p_cap bigint,
  p_percents integer[], p_actions text[]
) RETURNS integer[]
LANGUAGE sql VOLATILE SET search_path = ledger, pg_temp AS $$
  WITH written AS (
    INSERT INTO crossings (customer_id, month, percent, action, crossed_at, spent_nanos, cap_nanos)
    SELECT p_customer, p_month, t.percent, t.action, clock(), p_spent, p_cap
    FROM unnest(p_percents, p_actions) AS t (percent, action)
    WHERE p_used * 100 >= p_cap * t.percent
    ON CONFLICT DO NOTHING
    RETURNING percent
  )
  SELECT coalesce(array_agg(percent ORDER BY percent), '{}') FROM written
$$;
