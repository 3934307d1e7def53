-- Limits of a day and an hour (UTC), for each customer and for all of them (the fleet). A call counts in the day and the hour in
-- which it is reserved: its hold first, then its cost. So nothing has to be reset.
--
-- A customer's counters are in the row of its month, which a reservation locks anyway. The fleet's are spread over shards, so
-- that customers do not wait for each other. A reservation locks its connection's shard and then reads the sum of all of them. It
-- does not see what the holders of the other shards are about to add: at most a session's cap each. Where the sum is further from
-- the limit than that, it fits whatever they add. Nearer, a reservation locks every shard, and the sum is exact.

ALTER TABLE ledger.customer_months
  ADD COLUMN day date,
  ADD COLUMN day_nanos bigint NOT NULL DEFAULT 0,
  ADD COLUMN hour timestamptz,
  ADD COLUMN hour_nanos bigint NOT NULL DEFAULT 0;

-- A single row may be below 0: the sum of all is what counts.
CREATE TABLE ledger.fleet_shards (
  shard integer PRIMARY KEY,
  day date NOT NULL DEFAULT '-infinity',
  day_nanos bigint NOT NULL DEFAULT 0,
  hour timestamptz NOT NULL DEFAULT '-infinity',
  hour_nanos bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
INSERT INTO ledger.fleet_shards (shard) SELECT generate_series(0, 15);

CREATE TYPE ledger.spend_limits AS (
  tiers text[], plan_caps bigint[], days bigint[], hours bigint[], fleet_day bigint, fleet_hour bigint,
  -- Of an hour's limit, from which calls go to the cheaper route.
  degrade_percent integer
);
