-- A ledger that does not slow down with age. A call lives in two places, one after the other:
--   recent_calls  in flight, or settled a moment ago: small, and all that a reservation or a settlement touches;
--   filed_calls   settled for good: a compact row, written once and never changed, in a partition for each month.
-- file_calls() moves calls from the first to the second and adds them to the totals in the same transaction. The view `calls`
-- has both, so every query of calls sees a call exactly once.

DROP FUNCTION ledger.call_tokens(ledger.calls);
DROP FUNCTION ledger.lease_is_over(ledger.calls);

-- Calls from before this migration. file_calls() empties the table, the newest first; until then `calls` includes it.
ALTER TABLE ledger.calls RENAME TO calls_before_020;
ALTER TABLE ledger.calls_before_020 DROP CONSTRAINT calls_customer_id_month_fkey, DROP CONSTRAINT calls_customer_id_session_id_fkey;

-- An update here must stay on its page (HOT): room on each page, and no index on a column that a settlement changes.
CREATE TABLE ledger.recent_calls (LIKE ledger.calls_before_020 INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (call_id))
WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX recent_calls_session ON ledger.recent_calls (customer_id, session_id, reserved_at);

-- The session's number stands for its customer and its id in filed_calls.
ALTER TABLE ledger.sessions SET (fillfactor = 80);
ALTER TABLE ledger.sessions
  ADD COLUMN session_key integer GENERATED ALWAYS AS IDENTITY UNIQUE,
  ADD COLUMN last_trace_id text;
DROP INDEX ledger.sessions_last_call_at;
-- BRIN: an update of the column stays HOT.
CREATE INDEX sessions_last_call_at ON ledger.sessions USING brin (last_call_at) WITH (pages_per_range = 16, autosummarize = on);

ALTER TABLE ledger.customer_months SET (fillfactor = 50);
ALTER TABLE ledger.customer_months
  DROP CONSTRAINT customer_months_pkey,
  ADD PRIMARY KEY (month, customer_id),
  -- The latest call of the month, and the latest refusal because the month's budget was used up.
  ADD COLUMN last_call_at timestamptz,
  ADD COLUMN last_decision text,
  ADD COLUMN blocked_at timestamptz;

-- What many calls have in common.
CREATE TABLE ledger.call_kinds (
  kind_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest uuid NOT NULL UNIQUE,
  plan_tier text NOT NULL,
  query_type text NOT NULL,
  tools_invoked text[] NOT NULL,
  environment text NOT NULL,
  route text NOT NULL,
  model_asked text NOT NULL,
  model_used text,
  decision text NOT NULL,
  state text NOT NULL,
  outcome text,
  cache_hit boolean NOT NULL
);

-- No constraint checks what the functions guarantee; no index on call_id, which would cost 40 bytes a call.
CREATE TABLE ledger.filed_calls (
  reserved_at timestamptz NOT NULL,
  settled_at timestamptz NOT NULL,
  held_nanos bigint NOT NULL,
  cost_nanos bigint NOT NULL,
  call_id uuid NOT NULL,
  session_key integer NOT NULL,
  kind_id integer NOT NULL,
  month date NOT NULL,
  prompt_bound integer NOT NULL,
  held_tokens integer NOT NULL,
  prompt_tokens integer,
  cached_tokens integer,
  completion_tokens integer,
  trace_id uuid,
  gcp_project text
) PARTITION BY RANGE (month);
CREATE INDEX filed_calls_session ON ledger.filed_calls (session_key);
CREATE INDEX filed_calls_reserved_at ON ledger.filed_calls (reserved_at);

-- Totals of posted calls, for dashboards. `model_used` is '' where no model has answered.
CREATE TABLE ledger.spend_hours (
  hour timestamptz NOT NULL,
  environment text NOT NULL,
  plan_tier text NOT NULL,
  query_type text NOT NULL,
  model_used text NOT NULL,
  calls integer NOT NULL,
  cache_hits integer NOT NULL,
  cost_nanos bigint NOT NULL,
  PRIMARY KEY (hour, environment, plan_tier, query_type, model_used)
);

CREATE TABLE ledger.customer_days (
  day date NOT NULL,
  customer_id text NOT NULL,
  environment text NOT NULL,
  plan_tier text NOT NULL,
  calls integer NOT NULL,
  cost_nanos bigint NOT NULL,
  PRIMARY KEY (day, customer_id, environment, plan_tier)
);

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

-- What is in flight, counts in the last minute, or may still be corrected goes on in recent_calls.
INSERT INTO ledger.recent_calls
SELECT * FROM ledger.calls_before_020
WHERE state = 'pending' OR reserved_at > ledger.clock() - interval '2 minutes'
  OR (outcome = 'expired' AND settled_at > ledger.clock() - interval '2 hours');
DELETE FROM ledger.calls_before_020 b USING ledger.recent_calls r WHERE b.call_id = r.call_id;

UPDATE ledger.customer_months m SET last_call_at = c.reserved_at, last_decision = c.decision
FROM (
  SELECT DISTINCT ON (customer_id) customer_id, month, reserved_at, decision
  FROM (SELECT * FROM ledger.calls_before_020 UNION ALL SELECT * FROM ledger.recent_calls) every_call
  WHERE month = ledger.month_of(ledger.clock())
  ORDER BY customer_id, reserved_at DESC
) c WHERE c.customer_id = m.customer_id AND c.month = m.month;

UPDATE ledger.customer_months m SET blocked_at = r.at
FROM (
  SELECT customer_id, month, max(at) AS at FROM ledger.refusals
  WHERE reason = 'month_budget' AND month = ledger.month_of(ledger.clock()) GROUP BY 1, 2
) r WHERE r.customer_id = m.customer_id AND r.month = m.month;

-- Sessions of the last day only: dashboards link the older ones without their last trace.
UPDATE ledger.sessions s SET last_trace_id = c.trace_id
FROM (
  SELECT DISTINCT ON (customer_id, session_id) customer_id, session_id, trace_id
  FROM (SELECT * FROM ledger.calls_before_020 UNION ALL SELECT * FROM ledger.recent_calls) every_call
  WHERE trace_id IS NOT NULL AND reserved_at > ledger.clock() - interval '1 day'
  ORDER BY customer_id, session_id, reserved_at DESC
) c WHERE c.customer_id = s.customer_id AND c.session_id = s.session_id;
