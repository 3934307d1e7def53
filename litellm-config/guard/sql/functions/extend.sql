-- Holds more for a call in flight, where its month, its session, and the limits of the day and hour in which it was reserved have it;
-- false, and nothing is changed, where they have not.
CREATE OR REPLACE FUNCTION ledger.extend(p_call_id uuid, p_more bigint, p_session_cap bigint, p_limits jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp SET enable_seqscan = off SET jit = off AS $$
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
