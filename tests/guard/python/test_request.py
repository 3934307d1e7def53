"""Only what has a bounded price is accepted; a refusal names the field, the value and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from chat_requests import QUERY_TYPES, body, request
from tollgate_guard.caching import without_marks
from tollgate_guard.config import Config
from tollgate_guard.identity import identity_headers
from tollgate_guard.parameters import EFFORTS, PARAMETERS
from tollgate_guard.refusals import Refusal
from tollgate_guard.request import read_body, read_request

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


MARK = {"cache_control": {"type": "ephemeral"}}


def marked(role: str, ttl: str | None = None) -> dict[str, Any]:
    mark = {"type": "ephemeral", **({"ttl": ttl} if ttl else {})}
    return {"role": role, "content": "x", "cache_control": mark}


USER = {"role": "user", "content": "x"}


def allowed(*names: str, mode: str = "auto") -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"n": 9}, "n"),
        ({"n": True}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"tool_choice": {"type": "function"}, "tools": [TOOL]}, "tool_choice"),
        ({"tool_choice": allowed("other"), "tools": [TOOL]}, "tool_choice"),
        ({"tool_choice": allowed("f", mode="none"), "tools": [TOOL]}, "tool_choice"),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools.0.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": "x"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}, "response_format"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "system"}, USER]}, "messages.0.content"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "developer", "content": "x"}, {"role": "assistant"}]}, "messages"),
        ({"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": "x"}]}, "messages.1.tool_call_id"),
        (
            {"messages": [USER, {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}]},
            "messages.1.tool_calls.0.id",
        ),
        ({"thinking": {"type": "enabled", "budget_tokens": 0}}, "thinking"),
        ({"logit_bias": {"50256": 101}}, "logit_bias"),
        ({"store": True}, "store"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"service_tier": "flex"}, "service_tier"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "alloy", "format": "wav"}}, "audio"),
        ({"background": True}, "background"),
        ({"speed": "fast"}, "speed"),
        ({"functions": [{"name": "f"}], "tools": [TOOL]}, "functions"),
        ({"functions": [{"name": "f"}], "function_call": "always"}, "function_call"),
        ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages.0.name"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.tool_call_id"),
        ({"messages": [{"role": "assistant", "content": "x", "mood": "good"}]}, "messages.0.mood"),
        ({"messages": [{"role": "assistant", "content": ""}]}, "messages"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True, "more": 1}}, "stream_options"),
        ({"reasoning_effort": "boundless"}, "reasoning_effort"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content.0.image_url"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {}}]}]},
            "messages.0.content.0.cache_control",
        ),
        (
            {"messages": [{"role": "user", "content": "x", "cache_control": {"type": "forever"}}]},
            "messages.0.cache_control",
        ),
        ({"messages": [marked("user", "2h")]}, "messages.0.cache_control"),
        ({"messages": [marked("user")], "tools": [{**TOOL, "cache_control": True}]}, "tools.0.cache_control"),
        # Five marks; and a longer life after a shorter one, in the order in which Anthropic reads them.
        (
            {"messages": [marked("user")] * 4, "tools": [{**TOOL, "cache_control": {"type": "ephemeral"}}]},
            "cache_control",
        ),
        ({"messages": [marked("user", "1h"), marked("system", "5m")]}, "cache_control"),
        ({"cache_control_injection_points": [{"location": "message"}]}, "cache_control_injection_points"),
        ({"messages": [{"role": "user", "content": "x", "audio": {"id": "a"}}]}, "messages.0.audio"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"type": "custom"}]}]}, "messages.0.tool_calls.0"),
        ({"tools": [{"type": "web_search"}]}, "tools.0.type"),
        ({"tools": [{"type": "function", "function": {"name": "f", "x": 1}}]}, "tools.0.function.x"),
        ({"fallbacks": ["claude-opus-5-5"]}, "fallbacks"),
        ({"api_base": "http://elsewhere"}, "api_base"),
        ({"metadata": {"customer_id": "a b"}}, "metadata.customer_id"),
        ({"metadata": ...}, "metadata"),
        # Known to the definitions alone: the next kind of query needs no change here.
        ({"metadata": {"customer_id": "a", "session_id": "s", "query_type": "action"}}, "metadata.query_type"),
    ],
)
def test_what_has_no_bound_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        request(**changes)
    assert (refused.value.status, refused.value.field) == (400, field)
    assert field in refused.value.message


TAKEN: dict[str, Any] = {
    "temperature": 0.2,
    "top_p": 0.9,
    "top_k": 40,
    "frequency_penalty": 0.5,
    "presence_penalty": -0.5,
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "top_logprobs": 3,
    "seed": 7,
    "stop": ["END"],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "parallel_tool_calls": False,
    "response_format": {"type": "json_object"},
    "reasoning_effort": "xhigh",
    "thinking": {"type": "enabled", "budget_tokens": 2_048},
    "verbosity": "low",
    "prediction": {"type": "content", "content": "x"},
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {},
    "safety_identifier": "s",
    "user": "u",
    "min_p": 0.1,
    "repetition_penalty": 1.1,
    "service_tier": "auto",
    "speed": "standard",
    "modalities": ["text"],
    "background": False,
    "store": False,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_taken_left_out_or_closed(name: str) -> None:
    if name not in TAKEN:
        with pytest.raises(Refusal) as refused:
            request(**{name: {}})
        assert refused.value.field == name
        return
    read = request(**{name: TAKEN[name]}, tools=[TOOL])
    parameter = PARAMETERS[name]
    assert (name in read.params) == bool(parameter.wire)
    assert (name in read.left_out) == (not parameter.wire and TAKEN[name] not in parameter.default)
    # A null counts as absent; clients send one for everything that they do not use.
    assert name not in request(**{name: None}).params


@pytest.mark.parametrize("effort", EFFORTS)
def test_every_effort_is_taken(effort: str) -> None:
    assert request(reasoning_effort=effort).params["reasoning_effort"] == effort


@pytest.mark.parametrize(
    "changes", [{"stop": []}, {"tools": [], "tool_choice": "auto"}, {"functions": []}, {"store": None}]
)
def test_what_asks_for_nothing_goes_no_further(changes: dict[str, Any]) -> None:
    read = request(**changes)
    assert (read.params, read.left_out) == ({}, ())


@pytest.mark.parametrize(
    "options", [None, {}, {"include_usage": True}, {"include_usage": False, "include_obfuscation": False}]
)
def test_the_options_of_a_stream_are_taken(options: dict[str, bool] | None) -> None:
    assert request(stream=True, stream_options=options).wants_usage == bool(options and options.get("include_usage"))


def test_allowed_tools_are_those_that_are_sent() -> None:
    other = {"type": "function", "function": {"name": "other"}}
    read = request(tools=[TOOL, other], tool_choice=allowed("f", mode="required"))
    assert [tool["function"]["name"] for tool in read.params["tools"]] == ["f"]
    assert read.params["tool_choice"] == "required"


def test_functions_become_tools() -> None:
    function = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
    read = request(
        functions=[function],
        function_call={"name": "f"},
        messages=[
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "done"},
        ],
    )
    assert read.params["tools"] == [{"type": "function", "function": function}]
    assert read.params["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    call, result = read.messages[1:]
    assert call["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert (result["role"], result["tool_call_id"]) == ("tool", call["tool_calls"][0]["id"])


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        # What LiteLLM adds for Gemini.
        (
            {
                "content": None,
                "images": [],
                "thinking_blocks": [],
                "reasoning_content": "thought",
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "call_1__thought__c2ln",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                        "provider_specific_fields": {"thought_signature": "c2ln"},
                    }
                ],
                "provider_specific_fields": {"thought_signatures": ["c2ln"]},
            },
            {
                "content": None,
                "reasoning_content": "thought",
                "tool_calls": [
                    {
                        "id": "call_1__thought__c2ln",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                        "provider_specific_fields": {"thought_signature": "c2ln"},
                    }
                ],
                "provider_specific_fields": {"thought_signatures": ["c2ln"]},
            },
        ),
        # For Anthropic, out of a stream: the block in two pieces.
        (
            {
                "content": "x",
                "thinking_blocks": [
                    {"type": "thinking", "thinking": "a"},
                    {"type": "thinking", "thinking": "b", "signature": "s"},
                    {"type": "redacted_thinking", "data": "d"},
                ],
                "provider_specific_fields": {"citations": None, "thinking_blocks": []},
            },
            {
                "content": "x",
                "thinking_blocks": [
                    {"type": "thinking", "thinking": "ab", "signature": "s"},
                    {"type": "redacted_thinking", "data": "d"},
                ],
            },
        ),
        # What OpenAI's client has, and its parsed answers.
        (
            {
                "content": "x",
                "refusal": None,
                "annotations": [],
                "audio": None,
                "function_call": None,
                "tool_calls": None,
                "parsed": {"a": 1},
            },
            {"content": "x"},
        ),
        ({"content": None, "refusal": "I cannot", "tool_calls": []}, {"content": "I cannot"}),
        (
            {"content": [{"type": "refusal", "refusal": "no"}, {"type": "text", "text": "t", "annotations": []}]},
            {"content": [{"type": "text", "text": "no"}, {"type": "text", "text": "t"}]},
        ),
        (
            {"content": [{"type": "text", "text": "t", "index": 1, "id": "m", "annotations": [{"type": "url_citation"}]}]},
            {"content": [{"type": "text", "text": "t"}]},
        ),
        # As in Anthropic's own messages.
        (
            {"content": [{"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "text", "text": "x"}]},
            {
                "content": [{"type": "text", "text": "x"}],
                "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}],
            },
        ),
        # Cut inside the arguments of a call.
        (
            {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": '{"a": '}}]},
            {
                "content": None,
                "tool_calls": [
                    {
                        "id": "c",
                        "type": "function",
                        "function": {"name": "f", "arguments": '{"arguments": "{\\"a\\": "}'},
                    }
                ],
            },
        ),
    ],
)
def test_what_the_gateway_answered_it_takes_back(answer: dict[str, Any], kept: dict[str, Any]) -> None:
    messages = request(messages=[{"role": "user", "content": "x"}, {"role": "assistant", **answer}]).messages
    assert messages[1] == {"role": "assistant", **kept}


def test_an_answer_that_was_cut_before_its_first_word_is_left_out() -> None:
    user = {"role": "user", "content": "x"}
    read = request(messages=[user, {"role": "assistant", "content": None, "reasoning_content": "thought"}, user])
    assert read.messages == [user, user]


WHO = {"x-tollgate-customer": "acme", "x-tollgate-session": "s1", "x-tollgate-query-type": "cost_analysis"}


@pytest.mark.parametrize("metadata", [..., None, {}, {"customer_id": "acme"}, {"user_id": "somebody"}])
def test_headers_name_the_customer_where_the_body_cannot(metadata: Any) -> None:
    who = read_request(read_body(body(metadata=metadata)), QUERY_TYPES, WHO).identity
    assert (who.customer_id, who.session_id, who.query_type) == ("acme", "s1", "cost_analysis")


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"x-tollgate-customer": "other"}, "x-tollgate-customer"),
        ({"x-tollgate-customer": "a b"}, "x-tollgate-customer"),
        ({"x-tollgate-query-type": "recommendation"}, "x-tollgate-query-type"),
    ],
)
def test_headers_and_metadata_must_agree(headers: dict[str, str], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_request(read_body(body()), QUERY_TYPES, headers)
    assert (refused.value.status, refused.value.field) == (400, field)


def test_headers_are_checked_like_metadata() -> None:
    with pytest.raises(Refusal) as refused:
        read_request(read_body(body(metadata=...)), QUERY_TYPES, {**WHO, "x-tollgate-customer": "a b"})
    assert refused.value.code == "identity_missing"
    with pytest.raises(Refusal):
        identity_headers([(b"X-Tollgate-Customer", b"acme"), (b"x-tollgate-customer", b"other")])


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b'{"a": "\\ud800"}', b"[" * 100_000])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read_request(read_body(raw), QUERY_TYPES)
    assert refused.value.code in ("invalid_request", "identity_missing")


@pytest.mark.parametrize(
    ("changes", "caching"),
    [
        ({}, None),
        ({"messages": [marked("user")]}, "5m"),
        ({"messages": [marked("user", "1h")]}, "1h"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x", **MARK}]}]}, "5m"),
        ({"tools": [{**TOOL, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}, "1h"),
        # The system prompt comes first on the wire, wherever it is in the request.
        ({"messages": [marked("user"), marked("system", "1h")]}, "1h"),
    ],
)
def test_the_longest_life_that_the_marks_ask_for_is_known(changes: dict[str, Any], caching: str | None) -> None:
    read = request(**changes)
    assert read.caching == caching
    # Marks of the client's own take the place of those of config.yaml.
    assert read.params.get("cache_control_injection_points") == ([] if caching else None)


def test_only_anthropic_gets_marks(config: Config) -> None:
    tool = {**TOOL, **MARK}
    call = {
        "messages": [marked("system"), {"role": "user", "content": [{"type": "text", "text": "x", **MARK}]}],
        "tools": [tool],
    }
    assert without_marks(config.models["claude-opus-5-5"], call) == {}
    assert without_marks(config.models["gemini-3.8-flash"], call) == {
        "messages": [{"role": "system", "content": "x"}, {"role": "user", "content": [{"type": "text", "text": "x"}]}],
        "tools": [TOOL],
    }
    assert "cache_control" in call["messages"][0]


def test_the_smaller_of_two_limits_counts() -> None:
    assert request(max_tokens=100, max_completion_tokens=50).max_tokens == 50
    assert request(max_tokens=None).max_tokens is None


def test_whoever_the_client_says_it_is_beside_the_metadata_is_dropped() -> None:
    assert "user" not in request(user="someone-else").params


def test_the_identity_is_the_metadatas() -> None:
    who = request(
        metadata={
            "customer_id": "acme",
            "session_id": "s:1",
            "query_type": "recommendation",
            "tools_invoked": ["bigquery_billing"],
            "environment": "prod",
            "trace_id": "0" * 31 + "1",
            "plan_tier": "tier_3",
        }
    ).identity
    assert (who.customer_id, who.session_id, who.query_type) == ("acme", "s:1", "recommendation")
    assert (who.tools_invoked, who.environment, who.trace_id) == (("bigquery_billing",), "prod", "0" * 31 + "1")
    assert not hasattr(who, "plan_tier")
