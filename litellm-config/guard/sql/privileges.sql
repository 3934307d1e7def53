-- All that the ledger's roles may do. Functions run as their owner: the guard has no right on any table.
REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM ledger_guard, ledger_agent, ledger_admin, ledger_reader;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC, ledger_guard, ledger_agent, ledger_admin, ledger_reader;

GRANT SELECT ON
  ledger.billing_anchors, ledger.brakes, ledger.call_kinds, ledger.calls, ledger.calls_before_020, ledger.crossings,
  ledger.customer_months, ledger.customer_spend, ledger.customer_usage, ledger.events, ledger.filed, ledger.fleet_shards,
  ledger.grants, ledger.overrides, ledger.recent_calls, ledger.refusals, ledger.sessions, ledger.spend, ledger.tier_changes,
  ledger.tiers
TO ledger_agent, ledger_admin, ledger_reader;
GRANT SELECT ON ledger.archived_months, ledger.audit TO ledger_admin, ledger_reader;
GRANT SELECT ON ledger.customers, ledger.customer_keys TO ledger_agent, ledger_admin;
-- Without key_hash.
GRANT SELECT (customer_id, name, tier, gcp_project, created_at, disabled_at) ON ledger.customers TO ledger_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON
  ledger.conversation_turns, ledger.conversations, ledger.mcp_answers, ledger.mcp_sessions
TO ledger_agent;
GRANT INSERT, UPDATE, DELETE ON ledger.brakes, ledger.overrides TO ledger_admin;
GRANT INSERT, UPDATE ON ledger.customer_keys, ledger.customers, ledger.events, ledger.grants TO ledger_admin;
GRANT INSERT ON ledger.audit TO ledger_admin;

GRANT EXECUTE ON FUNCTION ledger.clock, ledger.month_of TO ledger_guard, ledger_agent, ledger_admin, ledger_reader;
GRANT EXECUTE ON FUNCTION
  ledger.anchor_in, ledger.daily_spend, ledger.day_of, ledger.fleet_used, ledger.hour_of, ledger.period_of, ledger.plan_budget
TO ledger_agent, ledger_admin, ledger_reader;
GRANT EXECUTE ON FUNCTION
  ledger.reserve(jsonb), ledger.extend(uuid, bigint, bigint, jsonb), ledger.settle, ledger.expire_holds, ledger.file_calls
TO ledger_guard;
GRANT EXECUTE ON FUNCTION ledger.anonymise, ledger.set_anchor, ledger.take_events TO ledger_admin;

-- For gateways of version 0.1, while a roll-out lasts.
GRANT EXECUTE ON FUNCTION
  ledger.extend(uuid, bigint, bigint),
  ledger.reserve(
    uuid, text, text, text, text, text[], text, text, text, text[], integer, bigint[], bigint[], integer[], integer, integer,
    text[], bigint[], integer[], bigint, integer, integer, integer[], text[], integer, boolean)
TO ledger_guard;
