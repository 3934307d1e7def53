-- The months that have filed calls, the oldest first.
CREATE OR REPLACE FUNCTION ledger.filed_months() RETURNS TABLE (month date, partition regclass)
LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT to_date(right(c.relname, 7), 'YYYY_MM'), c.oid::regclass
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'ledger.filed_calls'::regclass
  ORDER BY 1
$$;

-- The filed months before a day of which nothing is younger: a budget month that began before it may have gone on after it. A call that
-- waited over midnight is no reason to keep its month.
CREATE OR REPLACE FUNCTION ledger.archivable_months(p_before date) RETURNS SETOF date
LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT month FROM filed_months() m
  WHERE month < p_before AND NOT EXISTS (
    SELECT FROM filed_calls f
    WHERE f.month >= m.month AND f.month < m.month + interval '1 month'
      AND f.reserved_at >= (p_before + 1)::timestamp AT TIME ZONE 'UTC')
$$;

-- Drops a month whose object in the archive was read again and holds so many calls of so many nano-dollars; an error, and nothing
-- is dropped, where the ledger has another number or sum, or may still file calls of that month.
CREATE OR REPLACE FUNCTION ledger.drop_month(p_month date, p_calls bigint, p_cost bigint, p_object text, p_sha256 text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = ledger, pg_temp AS $$
DECLARE
  v_partition regclass := (SELECT partition FROM filed_months() WHERE month = p_month);
  v_calls bigint;
  v_cost bigint;
BEGIN
  -- Nobody files while this looks.
  PERFORM pg_advisory_xact_lock(hashtext('ledger.file_calls'));
  IF v_partition IS NULL THEN
    RAISE EXCEPTION 'month % has no filed calls', p_month;
  END IF;
  IF EXISTS (SELECT FROM recent_calls WHERE date_trunc('month', month::timestamp) = p_month)
    OR EXISTS (SELECT FROM calls_before_020 WHERE month = p_month) THEN
    RAISE EXCEPTION 'month % has calls that are not filed yet: let the gateway run, and try again', p_month;
  END IF;
  EXECUTE format('SELECT count(*), coalesce(sum(cost_nanos), 0) FROM %s', v_partition) INTO v_calls, v_cost;
  IF (v_calls, v_cost) IS DISTINCT FROM (p_calls, p_cost) THEN
    RAISE EXCEPTION 'month % has % calls of % nano-dollars, and its archive % of %', p_month, v_calls, v_cost, p_calls, p_cost;
  END IF;
  INSERT INTO archived_months (object, month, calls, cost_nanos, sha256)
  VALUES (p_object, p_month, p_calls, p_cost, p_sha256);
  EXECUTE format('DROP TABLE %s', v_partition);
END
$$;

-- Deletes at most so many rows of each, so that no lock is held for long; how many it has deleted.
CREATE OR REPLACE FUNCTION ledger.prune(p_before date, p_most integer, OUT sessions bigint, OUT refusals bigint)
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
