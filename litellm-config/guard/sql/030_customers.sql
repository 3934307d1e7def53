-- What operators do with customers: several keys at a time, a reference to the billing system, and a trail of every change.

-- Keys overlap, so that a customer can change to a new one without a gap. The key itself is nowhere.
CREATE TABLE ledger.customer_keys (
  key_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  -- SHA-256, in hex.
  key_hash text NOT NULL UNIQUE CHECK (key_hash ~ '^[0-9a-f]{64}$'),
  -- How the key begins, to tell one from another; null for keys made before this table.
  hint text,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- The key works until then; null: until it is revoked.
  ends_at timestamptz
);
CREATE INDEX customer_keys_customer ON ledger.customer_keys (customer_id);

-- customers.key_hash stays for agents of an older revision while a roll-out lasts; nothing writes keys there any more.
INSERT INTO ledger.customer_keys (customer_id, key_hash, created_at)
SELECT customer_id, key_hash, created_at FROM ledger.customers WHERE key_hash IS NOT NULL;

ALTER TABLE ledger.customers
  ADD COLUMN stripe_customer text CHECK (stripe_customer ~ '^cus_[A-Za-z0-9]{1,64}$');

-- Written in the transaction that makes the change. Nobody may change or delete a row.
CREATE TABLE ledger.audit (
  audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  -- Null where the change is not one customer's.
  customer_id text,
  before jsonb,
  after jsonb,
  reason text
);
CREATE INDEX audit_customer ON ledger.audit (customer_id, audit_id);

-- What customers spent by day (UTC, of the reservation), for forecasts.
CREATE FUNCTION ledger.daily_spend(p_from date, p_customer text DEFAULT NULL)
RETURNS TABLE (customer_id text, day date, spent_nanos bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT customer_id, day, sum(cost_nanos)::bigint FROM ledger.customer_spend
  WHERE day >= p_from AND (p_customer IS NULL OR customer_id = p_customer)
  GROUP BY 1, 2
$$;

-- Replaces a customer's id wherever it stands, and removes name, project, keys and conversations. Amounts stay, so that totals
-- do. The customer must be disabled, without a call in flight.
CREATE FUNCTION ledger.anonymise(p_customer text, p_new text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  v_name text;
BEGIN
  PERFORM FROM customers WHERE customer_id = p_customer AND disabled_at IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'customer_id (is "%"): must be a disabled customer', p_customer;
  END IF;
  PERFORM FROM recent_calls WHERE customer_id = p_customer AND state = 'pending' LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'customer_id (is "%"): has calls in flight; try again when they are settled', p_customer;
  END IF;
  INSERT INTO customers (customer_id, name, tier, created_at, disabled_at)
  SELECT p_new, p_new, tier, created_at, disabled_at FROM customers WHERE customer_id = p_customer;
  UPDATE filed_calls SET gcp_project = NULL, trace_id = NULL
  WHERE session_key IN (SELECT session_key FROM sessions WHERE customer_id = p_customer);
  FOREACH v_name IN ARRAY ARRAY['recent_calls', 'calls_before_020'] LOOP
    EXECUTE format('UPDATE %I SET gcp_project = NULL, trace_id = NULL WHERE customer_id = $1', v_name) USING p_customer;
  END LOOP;
  UPDATE sessions SET last_trace_id = NULL WHERE customer_id = p_customer;
  UPDATE refusals SET trace_id = NULL WHERE customer_id = p_customer;
  FOREACH v_name IN ARRAY ARRAY['recent_calls', 'calls_before_020', 'customer_days', 'customer_months', 'sessions', 'refusals',
    'crossings']
  LOOP
    EXECUTE format('UPDATE %I SET customer_id = $2 WHERE customer_id = $1', v_name) USING p_customer, p_new;
  END LOOP;
  UPDATE audit SET
    customer_id = p_new,
    before = before - 'customerId' - 'name' - 'gcpProject' - 'stripeCustomer',
    after = after - 'customerId' - 'name' - 'gcpProject' - 'stripeCustomer'
  WHERE customer_id = p_customer;
  FOREACH v_name IN ARRAY ARRAY['customer_keys', 'conversations', 'mcp_sessions', 'mcp_answers', 'customers']
  LOOP
    EXECUTE format('DELETE FROM %I WHERE customer_id = $1', v_name) USING p_customer;
  END LOOP;
END
$$;

GRANT SELECT ON ledger.customer_keys TO ledger_agent, ledger_admin;
GRANT INSERT, UPDATE ON ledger.customer_keys TO ledger_admin;
GRANT SELECT ON ledger.audit TO ledger_admin, ledger_reader;
GRANT INSERT ON ledger.audit TO ledger_admin;
REVOKE EXECUTE ON FUNCTION ledger.anonymise, ledger.daily_spend FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.anonymise TO ledger_admin;
GRANT EXECUTE ON FUNCTION ledger.daily_spend TO ledger_agent, ledger_admin, ledger_reader;
