-- Deletes what is older than the ledger's months: sessions whose last call was before that, and refusals. Totals stay in
-- customer_months, customer_days and spend_hours. A session that comes back after that begins anew.

-- Deletes at most so many rows of each, so that no lock is held for long; how many it has deleted.
CREATE FUNCTION ledger.prune(p_before date, p_most integer, OUT sessions bigint, OUT refusals bigint)
LANGUAGE plpgsql VOLATILE SET search_path = ledger, pg_temp AS $$
DECLARE
  v_before timestamptz := p_before::timestamp AT TIME ZONE 'UTC';
BEGIN
  -- A filed call names its session by the session's row.
  PERFORM pg_advisory_xact_lock(hashtext('ledger.file_calls'));
  IF EXISTS (SELECT FROM filed_months() WHERE month < p_before) THEN
    RAISE EXCEPTION 'calls before % are not archived yet: archive them first', p_before;
  END IF;
  WITH old AS (
    SELECT s.session_key FROM sessions s
    WHERE s.last_call_at < v_before AND s.held_nanos = 0
      AND NOT EXISTS (SELECT FROM recent_calls r WHERE r.customer_id = s.customer_id AND r.session_id = s.session_id)
      AND NOT EXISTS (SELECT FROM calls_before_020 c WHERE c.customer_id = s.customer_id AND c.session_id = s.session_id)
    LIMIT p_most
    FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM sessions s USING old WHERE s.session_key = old.session_key RETURNING 1
  )
  SELECT count(*) INTO sessions FROM gone;
  WITH old AS (
    SELECT refusal_id FROM refusals r WHERE r.at < v_before ORDER BY r.at LIMIT p_most FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM refusals r USING old WHERE r.refusal_id = old.refusal_id RETURNING 1
  )
  SELECT count(*) INTO refusals FROM gone;
END
$$;

REVOKE EXECUTE ON FUNCTION ledger.prune(date, integer) FROM PUBLIC;
