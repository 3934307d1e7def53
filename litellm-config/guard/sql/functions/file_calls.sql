-- Moves calls that nothing changes any more to filed_calls and the totals, at most p_limit of them; how many it moved.
CREATE OR REPLACE FUNCTION ledger.file_calls(p_limit integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  v_now timestamptz := clock();
  v_ids uuid[];
  v_month date;
  v_filed integer;
  v_deleted integer;
BEGIN
  -- One at a time; the others come back in a moment.
  IF NOT pg_try_advisory_xact_lock(hashtext('ledger.file_calls')) THEN
    RETURN 0;
  END IF;
  WITH moved AS (
    DELETE FROM calls_before_020
    WHERE call_id = ANY (ARRAY(SELECT call_id FROM calls_before_020 ORDER BY reserved_at DESC LIMIT p_limit))
    RETURNING *
  )
  INSERT INTO recent_calls SELECT * FROM moved;

  v_ids := ARRAY(
    SELECT call_id FROM recent_calls
    WHERE state <> 'pending'
      -- The last minute decides about tokens; and the settlement of an expired hold may come for an hour.
      AND (reserved_at < v_now - interval '60 seconds' OR reserved_at > v_now + interval '60 seconds')
      AND (outcome IS DISTINCT FROM 'expired' OR settled_at < v_now - interval '2 hours')
    LIMIT p_limit FOR UPDATE SKIP LOCKED);

  FOR v_month IN SELECT DISTINCT date_trunc('month', month::timestamp)::date FROM recent_calls WHERE call_id = ANY (v_ids) LOOP
    PERFORM make_month(v_month);
  END LOOP;
  WITH batch AS MATERIALIZED (SELECT *, digest_of(r) AS digest FROM recent_calls r WHERE call_id = ANY (v_ids))
  INSERT INTO call_kinds (
    digest, plan_tier, query_type, tools_invoked, environment, route, model_asked, model_used, decision, state, outcome,
    cache_hit)
  SELECT DISTINCT ON (r.digest) r.digest, plan_tier, query_type, tools_invoked, environment, route, model_asked, model_used,
    decision, state, outcome, cache_hit
  FROM batch r
  WHERE NOT EXISTS (SELECT FROM call_kinds k WHERE k.digest = r.digest);

  WITH batch AS MATERIALIZED (SELECT *, digest_of(r) AS digest FROM recent_calls r WHERE call_id = ANY (v_ids))
  INSERT INTO filed_calls (
    reserved_at, settled_at, held_nanos, cost_nanos, call_id, session_key, kind_id, month, prompt_bound, held_tokens,
    prompt_tokens, cached_tokens, completion_tokens, trace_id, gcp_project)
  SELECT r.reserved_at, r.settled_at, r.held_nanos, r.cost_nanos, r.call_id, s.session_key, k.kind_id, r.month,
    r.prompt_bound, r.held_tokens, r.prompt_tokens, r.cached_tokens, r.completion_tokens, 
    CASE WHEN r.trace_id ~ '^[0-9a-f]{32}$' THEN r.trace_id::uuid END, r.gcp_project
  FROM batch r
  JOIN sessions s ON s.customer_id = r.customer_id AND s.session_id = r.session_id
  JOIN call_kinds k ON k.digest = r.digest
  ORDER BY r.reserved_at;
  GET DIAGNOSTICS v_filed = ROW_COUNT;

  INSERT INTO spend_hours AS t (hour, environment, plan_tier, query_type, model_used, calls, cache_hits, cost_nanos)
  SELECT date_trunc('hour', reserved_at, 'UTC'), environment, plan_tier, query_type, coalesce(model_used, ''), count(*),
    count(*) FILTER (WHERE cache_hit), sum(cost_nanos)
  FROM recent_calls WHERE call_id = ANY (v_ids) AND state = 'posted' GROUP BY 1, 2, 3, 4, 5
  ON CONFLICT (hour, environment, plan_tier, query_type, model_used) DO UPDATE
  SET calls = t.calls + excluded.calls, cache_hits = t.cache_hits + excluded.cache_hits,
    cost_nanos = t.cost_nanos + excluded.cost_nanos;

  INSERT INTO customer_days AS t (day, customer_id, environment, plan_tier, calls, cost_nanos)
  SELECT (reserved_at AT TIME ZONE 'UTC')::date, customer_id, environment, plan_tier, count(*), sum(cost_nanos)
  FROM recent_calls WHERE call_id = ANY (v_ids) AND state = 'posted' GROUP BY 1, 2, 3, 4
  ON CONFLICT (day, customer_id, environment, plan_tier) DO UPDATE
  SET calls = t.calls + excluded.calls, cost_nanos = t.cost_nanos + excluded.cost_nanos;

  DELETE FROM recent_calls WHERE call_id = ANY (v_ids);
  GET DIAGNOSTICS v_deleted = ROW_COUNT;
  IF v_filed <> v_deleted THEN
    RAISE EXCEPTION 'ledger.file_calls: % calls were filed of %', v_filed, v_deleted;
  END IF;
  RETURN v_filed;
END
$$;

CREATE OR REPLACE FUNCTION ledger.digest_of(p_call ledger.recent_calls) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
  SELECT md5(ROW(p_call.plan_tier, p_call.query_type, p_call.tools_invoked, p_call.environment, p_call.route,
    p_call.model_asked, p_call.model_used, p_call.decision, p_call.state, p_call.outcome, p_call.cache_hit)::text)::uuid
$$;

-- Makes the partition of a month where it is missing.
CREATE OR REPLACE FUNCTION ledger.make_month(p_month date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = ledger, pg_temp AS $$
DECLARE
  v_name text := 'filed_calls_' || to_char(p_month, 'YYYY_MM');
BEGIN
  IF to_regclass('ledger.' || v_name) IS NULL THEN
    EXECUTE format(
      'CREATE TABLE ledger.%I PARTITION OF ledger.filed_calls FOR VALUES FROM (%L) TO (%L)',
      v_name, p_month, p_month + interval '1 month');
  END IF;
END
$$;
