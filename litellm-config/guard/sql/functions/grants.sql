-- What a customer's grants still have, less what calls of the month before hold of them.
CREATE OR REPLACE FUNCTION ledger.grants_left(p_customer text, p_month date) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT greatest(0,
    coalesce((SELECT sum(amount_nanos - used_nanos) FROM grants WHERE customer_id = p_customer AND expires_at > clock()), 0)
    - coalesce((SELECT greatest(0, spent_nanos + held_nanos - budget_nanos - granted_nanos) FROM customer_months
        WHERE customer_id = p_customer AND month = (SELECT starts FROM period_of(p_customer, p_month::timestamp AT TIME ZONE 'UTC' - interval '1 second')) AND held_nanos > 0), 0))::bigint
$$;

-- Keeps grants true whatever changes what a month has spent: a settlement, an expired hold, a correction.
CREATE OR REPLACE FUNCTION ledger.draw_grants() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  v_change bigint := greatest(0, NEW.spent_nanos - NEW.budget_nanos) - OLD.granted_nanos;
  v_grant grants;
  v_part bigint;
BEGIN
  IF v_change > 0 THEN
    FOR v_grant IN
      SELECT * FROM grants
      WHERE customer_id = NEW.customer_id AND used_nanos < amount_nanos
        -- A call may be settled some time after it was allowed.
        AND expires_at > clock() - interval '3 hours'
      ORDER BY expires_at, grant_id FOR UPDATE
    LOOP
      v_part := least(v_change, v_grant.amount_nanos - v_grant.used_nanos);
      UPDATE grants SET used_nanos = used_nanos + v_part WHERE grant_id = v_grant.grant_id;
      NEW.granted_nanos := NEW.granted_nanos + v_part;
      v_change := v_change - v_part;
      IF v_grant.used_nanos + v_part = v_grant.amount_nanos THEN
        INSERT INTO events (type, customer_id, data) VALUES ('grant.used', NEW.customer_id, jsonb_build_object(
          'customer_id', NEW.customer_id, 'grant_id', v_grant.grant_id, 'amount_nanos', v_grant.amount_nanos));
      END IF;
      EXIT WHEN v_change = 0;
    END LOOP;
  ELSIF v_change < 0 THEN
    FOR v_grant IN
      SELECT * FROM grants WHERE customer_id = NEW.customer_id AND used_nanos > 0
      ORDER BY expires_at DESC, grant_id DESC FOR UPDATE
    LOOP
      v_part := least(-v_change, v_grant.used_nanos);
      UPDATE grants SET used_nanos = used_nanos - v_part WHERE grant_id = v_grant.grant_id;
      NEW.granted_nanos := NEW.granted_nanos - v_part;
      v_change := v_change + v_part;
      EXIT WHEN v_change = 0;
    END LOOP;
  END IF;
  RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER draw_grants BEFORE UPDATE OF spent_nanos ON ledger.customer_months FOR EACH ROW
WHEN (NEW.budget_nanos IS NOT NULL AND (NEW.spent_nanos > NEW.budget_nanos OR OLD.granted_nanos > 0))
EXECUTE FUNCTION ledger.draw_grants();
