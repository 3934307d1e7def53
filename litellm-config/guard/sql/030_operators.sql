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

-- What operators decide about money while the gateway runs: a budget of a customer's own, grants beside the plan, and brakes.
-- A reservation obeys them from the next call on. And what others should hear of goes to an outbox, in the transaction in
-- which it happens.

-- Takes the place of the tier's budget until it ends.
CREATE TABLE ledger.overrides (
  customer_id text PRIMARY KEY REFERENCES ledger.customers (customer_id),
  budget_nanos bigint NOT NULL CHECK (budget_nanos > 0),
  ends_at timestamptz NOT NULL
);

-- Money beside the budget. It is used only when a month's budget is used up, the grant that expires first first.
CREATE TABLE ledger.grants (
  grant_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  amount_nanos bigint NOT NULL CHECK (amount_nanos > 0),
  used_nanos bigint NOT NULL DEFAULT 0 CHECK (used_nanos BETWEEN 0 AND amount_nanos),
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX grants_customer ON ledger.grants (customer_id, expires_at);

-- While a row is here, the calls that it names are refused. `value` is '' for all calls.
CREATE TABLE ledger.brakes (
  scope text NOT NULL CHECK (scope IN ('all', 'tier', 'route', 'customer')),
  value text NOT NULL CHECK ((scope = 'all') = (value = '')),
  since timestamptz NOT NULL DEFAULT now(),
  reason text NOT NULL,
  PRIMARY KEY (scope, value)
);

ALTER TABLE ledger.customer_months
  -- The budget without grants; null while the customer has none. cap_nanos is the budget and the grants.
  ADD COLUMN budget_nanos bigint,
  -- What of spent_nanos was paid from grants.
  ADD COLUMN granted_nanos bigint NOT NULL DEFAULT 0;

-- What has happened, for receivers elsewhere. Delivered at least once; `event_id` tells a second delivery from a second event.
CREATE TABLE ledger.events (
  event_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL DEFAULT now(),
  type text NOT NULL,
  customer_id text,
  data jsonb NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  -- Null once it is delivered, or given up.
  next_attempt_at timestamptz DEFAULT now(),
  delivered_at timestamptz,
  last_error text
);
CREATE INDEX events_due ON ledger.events (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX events_at ON ledger.events (at);
