-- Months that have left the ledger for the archive. Their totals stay: customer_months, sessions, spend_hours, customer_days.
CREATE TABLE ledger.archived_months (
  object text PRIMARY KEY,
  month date NOT NULL,
  calls bigint NOT NULL,
  cost_nanos bigint NOT NULL,
  -- Of the object as it is in the archive, in hex.
  sha256 text NOT NULL,
  archived_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON ledger.archived_months TO ledger_admin, ledger_reader;

-- The months that have filed calls, the oldest first.
CREATE FUNCTION ledger.filed_months() RETURNS TABLE (month date, partition regclass)
LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT to_date(right(c.relname, 7), 'YYYY_MM'), c.oid::regclass
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'ledger.filed_calls'::regclass
  ORDER BY 1
$$;

-- Drops a month whose object in the archive was read again and holds so many calls of so many nano-dollars; an error, and nothing
-- is dropped, where the ledger has another number or sum, or may still file calls of that month.
CREATE FUNCTION ledger.drop_month(p_month date, p_calls bigint, p_cost bigint, p_object text, p_sha256 text) RETURNS void
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
  IF EXISTS (SELECT FROM recent_calls WHERE month = p_month) OR EXISTS (SELECT FROM calls_before_020 WHERE month = p_month) THEN
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

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
