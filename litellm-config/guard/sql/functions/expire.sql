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

-- Whether a hold is left behind. One of a later time than now was reserved before the clock was set back: its lease would be
-- longer by as much. Should its call still run, its settlement corrects the charge.
CREATE OR REPLACE FUNCTION ledger.lease_is_over(p_call ledger.recent_calls) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = ledger, pg_temp AS $$
  SELECT p_call.lease_until < clock() OR p_call.reserved_at > clock() + interval '1 minute'
$$;
