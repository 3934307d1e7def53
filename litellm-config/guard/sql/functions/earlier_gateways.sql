-- For gateways of version 0.1, while a roll-out lasts.
CREATE OR REPLACE FUNCTION ledger.reserve(
  p_call_id uuid, p_customer text, p_session text, p_query_type text, p_gcp_project text, p_tools text[],
  p_environment text, p_trace_id text, p_model_asked text,
  p_routes text[], p_prompt_tokens integer, p_prompt_nanos bigint[], p_token_nanos bigint[],
  p_max_tokens integer[], p_choices integer, p_least_tokens integer,
  p_tiers text[], p_caps bigint[], p_tier_plans integer[],
  p_session_cap bigint, p_session_calls integer, p_tokens_per_minute integer,
  p_percents integer[], p_actions text[], p_lease_seconds integer, p_final boolean
) RETURNS ledger.decision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  RETURN reserve(to_jsonb(ROW(
    p_call_id, p_customer, p_session, p_query_type, p_gcp_project, p_tools, p_environment, p_trace_id, p_model_asked,
    p_routes, p_prompt_nanos, p_token_nanos, p_max_tokens, p_prompt_tokens, p_choices, p_least_tokens,
    p_tiers, p_caps, p_tier_plans, p_session_cap, p_session_calls, p_tokens_per_minute,
    p_percents, p_actions, p_lease_seconds, p_final, false, false)::reservation));
END
$$;

-- For gateways of an older revision, while a roll-out lasts.
CREATE OR REPLACE FUNCTION ledger.extend(p_call_id uuid, p_more bigint, p_session_cap bigint) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp SET enable_seqscan = off SET jit = off AS $$
  SELECT extend(p_call_id, p_more, p_session_cap, NULL)
$$;
