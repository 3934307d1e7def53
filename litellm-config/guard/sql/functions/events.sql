-- A threshold of a month's budget was crossed.
CREATE OR REPLACE FUNCTION ledger.note_crossing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  INSERT INTO events (type, customer_id, data) VALUES ('budget.crossed', NEW.customer_id, jsonb_build_object(
    'customer_id', NEW.customer_id, 'month', NEW.month,
    'month_end', (SELECT ends FROM period_of(NEW.customer_id, NEW.month::timestamp AT TIME ZONE 'UTC')),
    'percent', NEW.percent, 'action', NEW.action, 'spent_nanos', NEW.spent_nanos, 'cap_nanos', NEW.cap_nanos));
  RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER note_crossing AFTER INSERT ON ledger.crossings
FOR EACH ROW EXECUTE FUNCTION ledger.note_crossing();

-- Takes events that are due, to deliver them: nobody else gets them for a minute. Removes events older than a month.
CREATE OR REPLACE FUNCTION ledger.take_events(p_limit integer) RETURNS SETOF ledger.events
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  DELETE FROM events WHERE at < now() - interval '30 days' AND (delivered_at IS NOT NULL OR attempts = 0);
  RETURN QUERY
    UPDATE events SET attempts = attempts + 1, next_attempt_at = now() + interval '1 minute'
    WHERE event_id IN (
      SELECT event_id FROM events WHERE next_attempt_at <= now() ORDER BY next_attempt_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING *;
END
$$;
