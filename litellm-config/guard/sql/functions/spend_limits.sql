CREATE OR REPLACE FUNCTION ledger.day_of(p_at timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (p_at AT TIME ZONE 'UTC')::date $$;

-- Of functions that change nothing, so that a statement takes this one in.
CREATE OR REPLACE FUNCTION ledger.hour_of(p_at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT date_trunc('hour', p_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' $$;

-- The limits that a gateway names; without any (an older gateway) there are none.
CREATE OR REPLACE FUNCTION ledger.spend_limits_of(p_limits jsonb) RETURNS ledger.spend_limits
LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_populate_record(
    ROW(NULL, NULL, NULL, NULL, 10000000000000000, 10000000000000000, 100)::ledger.spend_limits, coalesce(nullif(p_limits, 'null'), '{}'))
$$;

-- A day's or an hour's limit grows with a customer's budget where that is above its plan's: an override, a grant.
CREATE OR REPLACE FUNCTION ledger.own_limit(p_limit bigint, p_cap bigint, p_plan bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_limit IS NULL THEN 10000000000000000
    WHEN p_cap <= p_plan THEN p_limit
    ELSE (p_limit::numeric * p_cap / p_plan)::bigint
  END
$$;

CREATE OR REPLACE FUNCTION ledger.fleet_used(p_at timestamptz) RETURNS bigint[]
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

-- What the fleet's calls of a day and an hour cost, or may, with the lock that keeps it true until the end of the transaction.
-- The last lock that a transaction takes.
CREATE OR REPLACE FUNCTION ledger.fleet_lock(p_at timestamptz, p_session_cap bigint, p_limits ledger.spend_limits) RETURNS bigint[]
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

-- Adds to the day and the hour of a call, where a later one has not begun.
CREATE OR REPLACE FUNCTION ledger.fleet_add(p_at timestamptz, p_nanos bigint) RETURNS void
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
