-- What customers spent by day (UTC, of the reservation), for forecasts.
CREATE OR REPLACE FUNCTION ledger.daily_spend(p_from date, p_customer text DEFAULT NULL)
RETURNS TABLE (customer_id text, day date, spent_nanos bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT customer_id, day, sum(cost_nanos)::bigint FROM ledger.customer_spend
  WHERE day >= p_from AND (p_customer IS NULL OR customer_id = p_customer)
  GROUP BY 1, 2
$$;

-- Replaces a customer's id wherever it stands, and removes name, project, keys and conversations. Amounts stay, so that totals
-- do. The customer must be disabled, without a call in flight.
CREATE OR REPLACE FUNCTION ledger.anonymise(p_customer text, p_new text) RETURNS void
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
    'crossings', 'billing_anchors', 'tier_changes']
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

-- What an operator removes with a customer.
CREATE OR REPLACE FUNCTION ledger.forget_budgets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  DELETE FROM overrides WHERE customer_id = OLD.customer_id;
  DELETE FROM grants WHERE customer_id = OLD.customer_id;
  DELETE FROM events WHERE customer_id = OLD.customer_id;
  DELETE FROM brakes WHERE scope = 'customer' AND value = OLD.customer_id;
  RETURN OLD;
END
$$;
CREATE OR REPLACE TRIGGER forget_budgets BEFORE DELETE ON ledger.customers
FOR EACH ROW EXECUTE FUNCTION ledger.forget_budgets();
