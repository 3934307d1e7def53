"""Only what has a bounded price is accepted; a refusal names the field, the value and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from chat_requests import QUERY_TYPES, body, request
from tollgate_guard.caching import without_marks
from tollgate_guard.config import Config
from tollgate_guard.refusals import Refusal
from tollgate_guard.request import read_request

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


MARK = {"cache_control": {"type": "ephemeral"}}


def marked(role: str, ttl: str | None = None) -> dict[str, Any]:
    mark = {"type": "ephemeral", **({"ttl": ttl} if ttl else {})}
    return {"role": role, "content": "x", "cache_control": mark}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"n": 9}, "n"),
        ({"n": True}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"stop": []}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True, "more": 1}}, "stream_options"),
        ({"reasoning_effort": "boundless"}, "reasoning_effort"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content.0.type"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {}}]}]},
            "messages.0.content.0.cache_control",
        ),
        ({"messages": [{"role": "user", "content": "x", "cache_control": {"type": "forever"}}]}, "messages.0.cache_control"),
        ({"messages": [marked("user", "2h")]}, "messages.0.cache_control"),
        ({"messages": [marked("user")], "tools": [{**TOOL, "cache_control": True}]}, "tools.0.cache_control"),
        # Five marks; and a longer life after a shorter one, in the order in which Anthropic reads them.
        ({"messages": [marked("user")] * 4, "tools": [{**TOOL, "cache_control": {"type": "ephemeral"}}]}, "cache_control"),
        ({"messages": [marked("user", "1h"), marked("system", "5m")]}, "cache_control"),
        ({"cache_control_injection_points": []}, "cache_control_injection_points"),
        ({"messages": [{"role": "user", "content": "x", "audio": {}}]}, "messages.0.audio"),
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
        read_request(body(**changes), QUERY_TYPES)
    assert (refused.value.status, refused.value.field) == (400, field)
    assert field in refused.value.message


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b'{"a": "\\ud800"}', b"[" * 100_000])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read_request(raw, QUERY_TYPES)
    assert refused.value.code in ("invalid_request", "identity_missing")


@pytest.mark.parametrize(
    ("changes", "caching"),
    [
        ({}, None),
        ({"messages": [marked("user")]}, "5m"),
        ({"messages": [marked("user", "1h")]}, "1h"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x", **MARK}]}]}, "5m"),
        ({"tools": [{**TOOL, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}, "1h"),
        # The system prompt comes first on the wire, wherever it stands.
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
    call = {"messages": [marked("system"), {"role": "user", "content": [{"type": "text", "text": "x", **MARK}]}], "tools": [tool]}
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
