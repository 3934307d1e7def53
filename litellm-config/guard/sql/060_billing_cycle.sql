-- A customer's budget month may begin on its own day. `month`, wherever it stands, is the first day of the customer's budget month
-- (UTC): by the calendar where the customer has no rule here. A day that a month does not have is its last day, as at Stripe:
-- https://docs.stripe.com/billing/subscriptions/billing-cycle

-- The rules of a customer, the newest last. A rule begins where a budget month of the one before ends, so none is ever cut, and
-- what is spent stays where it is.
CREATE TABLE ledger.billing_anchors (
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  since date NOT NULL,
  day integer NOT NULL CHECK (day BETWEEN 1 AND 31),
  PRIMARY KEY (customer_id, since)
);

-- Which tier a customer had until when, for proration.
CREATE TABLE ledger.tier_changes (
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id),
  at timestamptz NOT NULL,
  tier_before text NOT NULL,
  PRIMARY KEY (customer_id, at)
);

-- For reports, as ledger.tiers is: the guard takes the setting from its own configuration.
ALTER TABLE ledger.tiers ADD COLUMN prorated boolean NOT NULL DEFAULT false;

-- The first day after the month, so that a reservation finds the running one by its row. Null in a shorter month than its rule's,
-- and in a row that no reservation has seen since this migration: there the month is looked up. It never changes: a new rule
-- begins where the running month ends.
ALTER TABLE ledger.customer_months ADD COLUMN ends date;
