-- The ledger: who may spend, what is spent and held, and one row a call.
-- Money is integer nano-dollars (bigint); a month is its first day, by UTC's calendar.

-- A target normally makes the roles beforehand, with a password each. One that is missing is made here, without a login.
DO $$
DECLARE
  v_role text;
BEGIN
  FOREACH v_role IN ARRAY ARRAY['ledger_guard', 'ledger_agent', 'ledger_admin', 'ledger_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
    END IF;
  END LOOP;
END
$$;

-- For reports. The guard takes caps from its own configuration, so that an old revision keeps its old budgets.
CREATE TABLE ledger.tiers (
  tier text PRIMARY KEY,
  price_nanos bigint NOT NULL CHECK (price_nanos > 0),
  budget_nanos bigint NOT NULL CHECK (budget_nanos > 0)
);

CREATE TABLE ledger.customers (
  customer_id text PRIMARY KEY CHECK (customer_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  name text NOT NULL,
  tier text NOT NULL REFERENCES ledger.tiers (tier),
  gcp_project text,
  -- SHA-256 of the customer's key, in hex; the key itself is nowhere.
  key_hash text UNIQUE CHECK (key_hash ~ '^[0-9a-f]{64}$'),
  created_at timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz
);

CREATE TABLE ledger.customer_months (
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  tier text NOT NULL,
  cap_nanos bigint NOT NULL,
  spent_nanos bigint NOT NULL DEFAULT 0 CHECK (spent_nanos >= 0),
  held_nanos bigint NOT NULL DEFAULT 0 CHECK (held_nanos >= 0),
  calls integer NOT NULL DEFAULT 0 CHECK (calls >= 0),
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (customer_id, month)
);

-- Keyed by customer and session: two customers may use the same session id.
CREATE TABLE ledger.sessions (
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  session_id text NOT NULL,
  spent_nanos bigint NOT NULL DEFAULT 0 CHECK (spent_nanos >= 0),
  held_nanos bigint NOT NULL DEFAULT 0 CHECK (held_nanos >= 0),
  calls integer NOT NULL DEFAULT 0 CHECK (calls >= 0),
  started_at timestamptz NOT NULL,
  last_call_at timestamptz NOT NULL,
  PRIMARY KEY (customer_id, session_id)
);
CREATE INDEX sessions_last_call_at ON ledger.sessions (last_call_at);

CREATE TABLE ledger.calls (
  call_id uuid PRIMARY KEY,
  customer_id text NOT NULL,
  -- The month of the reservation: a call in flight at month end is paid from the month it began in.
  month date NOT NULL,
  session_id text NOT NULL,
  plan_tier text NOT NULL,
  query_type text NOT NULL,
  gcp_project text,
  tools_invoked text[] NOT NULL,
  environment text NOT NULL,
  route text NOT NULL,
  model_asked text NOT NULL,
  -- Null until a model has answered.
  model_used text,
  decision text NOT NULL CHECK (decision IN ('allowed', 'degraded')),
  state text NOT NULL CHECK (state IN ('pending', 'posted', 'voided')),
  outcome text CHECK (outcome IN
    ('success', 'failure', 'timeout', 'disconnected', 'expired', 'refused_by_provider')),
  held_nanos bigint NOT NULL CHECK (held_nanos >= 0),
  cost_nanos bigint CHECK (cost_nanos >= 0),
  -- Upper bounds at the reservation: the prompt's tokens, and those with the output allowed.
  prompt_bound integer NOT NULL,
  held_tokens integer NOT NULL,
  prompt_tokens integer,
  cached_tokens integer,
  completion_tokens integer,
  cache_hit boolean NOT NULL DEFAULT false,
  reserved_at timestamptz NOT NULL,
  lease_until timestamptz NOT NULL,
  settled_at timestamptz,
  trace_id text,
  FOREIGN KEY (customer_id, month) REFERENCES ledger.customer_months (customer_id, month),
  FOREIGN KEY (customer_id, session_id) REFERENCES ledger.sessions (customer_id, session_id),
  CHECK ((state = 'pending') = (settled_at IS NULL)),
  CHECK ((state = 'pending') = (cost_nanos IS NULL)),
  CHECK (state <> 'voided' OR cost_nanos = 0)
);
CREATE INDEX calls_session ON ledger.calls (customer_id, session_id, reserved_at);
CREATE INDEX calls_reserved_at ON ledger.calls (reserved_at);
CREATE INDEX calls_pending ON ledger.calls (lease_until) WHERE state = 'pending';

CREATE TABLE ledger.refusals (
  refusal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  session_id text NOT NULL,
  month date NOT NULL,
  reason text NOT NULL,
  route text NOT NULL,
  query_type text NOT NULL,
  trace_id text
);
CREATE INDEX refusals_at ON ledger.refusals (at);

-- Written once by the transaction that crosses the threshold.
CREATE TABLE ledger.crossings (
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  month date NOT NULL,
  percent integer NOT NULL,
  action text NOT NULL CHECK (action IN ('log', 'notify', 'degrade', 'block')),
  crossed_at timestamptz NOT NULL,
  spent_nanos bigint NOT NULL,
  cap_nanos bigint NOT NULL,
  PRIMARY KEY (customer_id, month, percent)
);

-- The one clock of the ledger, in a function so that a test can put another in its place.
CREATE FUNCTION ledger.clock() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT clock_timestamp()';

CREATE FUNCTION ledger.month_of(p_at timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT date_trunc('month', p_at AT TIME ZONE 'UTC')::date $$;

CREATE VIEW ledger.customer_usage AS
SELECT
  c.customer_id,
  c.name,
  c.tier,
  this.month,
  coalesce(m.spent_nanos, 0) AS spent_nanos,
  coalesce(m.held_nanos, 0) AS held_nanos,
  coalesce(m.cap_nanos, t.budget_nanos) AS cap_nanos,
  coalesce(m.calls, 0) AS calls
FROM ledger.customers c
CROSS JOIN (SELECT ledger.month_of(ledger.clock()) AS month) this
JOIN ledger.tiers t ON t.tier = c.tier
LEFT JOIN ledger.customer_months m ON m.customer_id = c.customer_id AND m.month = this.month;

GRANT USAGE ON SCHEMA ledger TO ledger_guard, ledger_agent, ledger_admin, ledger_reader;
GRANT SELECT ON ledger.tiers, ledger.customer_months, ledger.sessions, ledger.calls, ledger.refusals,
  ledger.crossings, ledger.customer_usage TO ledger_agent, ledger_admin, ledger_reader;
GRANT SELECT ON ledger.customers TO ledger_agent, ledger_admin;
GRANT SELECT (customer_id, name, tier, gcp_project, created_at, disabled_at) ON ledger.customers TO ledger_reader;
GRANT INSERT, UPDATE ON ledger.customers TO ledger_admin;
GRANT EXECUTE ON FUNCTION ledger.clock(), ledger.month_of(timestamptz) TO ledger_agent, ledger_admin, ledger_reader;
