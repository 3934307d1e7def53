-- A plan that was made while recent_calls was empty is kept by its connection when the table is not: it must be one by index.
ALTER FUNCTION ledger.reserve(jsonb) SET enable_seqscan = off;
ALTER FUNCTION ledger.extend(uuid, bigint, bigint) SET enable_seqscan = off;
ALTER FUNCTION ledger.settle(uuid, text, text, bigint, text, integer, integer, integer, boolean, integer[], text[])
  SET enable_seqscan = off;
