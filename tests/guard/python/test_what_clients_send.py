"""On each wire, through the real LiteLLM: parameters reach the models that take them, and reasoning goes back to its model."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from meter_matrix import COMPLETION, PROMPT, answered
from metered_gateway import MODELS, MeteredGateway
from test_request import TAKEN
from tollgate_guard.parameters import PARAMETERS
from wire_provider import Reply
from wire_shapes import SHAPES

WIRES = pytest.mark.parametrize("wire", sorted(SHAPES))
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
SIGNATURE = base64.b64encode(b"a thought of the model's own").decode()


def whole(wire: str) -> Reply:
    return answered(SHAPES[wire], False, SHAPES[wire].usage(PROMPT, COMPLETION))


@WIRES
@pytest.mark.parametrize("name", [name for name, parameter in PARAMETERS.items() if name in TAKEN])
def test_a_harmless_parameter_reaches_the_model_or_is_named(gateway: MeteredGateway, wire: str, name: str) -> None:
    reply = gateway.ask(MODELS[wire], whole(wire), **{name: TAKEN[name]}, tools=[TOOL], max_tokens=4_000)
    assert reply.status == 200, reply.text
    body = gateway.provider.asked[0].body
    sent = {
        *body,
        *(body.get("generationConfig") or body.get("generation_config") or {}),
        *(body.get("tool_choice") or {}),
    }
    parameter = PARAMETERS[name]
    named = name in reply.headers.get("x-tollgate-dropped", "").split(", ")
    assert named or TAKEN[name] in parameter.default or not sent.isdisjoint(parameter.wire)
    # Without a separate price, and nothing that names a customer.
    assert sent.isdisjoint({"service_tier", "serviceTier", "speed", "store", "user", "prediction", "safety_identifier"})


def messages_after(answer: dict[str, Any], result: str | None) -> list[dict[str, Any]]:
    user = {"role": "user", "content": "hi"}
    return [
        user,
        {"role": "assistant", **answer},
        {"role": "tool", "tool_call_id": result, "content": "done"} if result else user,
    ]


@pytest.mark.parametrize("model", ["simple", "gemini-3.8-flash"])
@pytest.mark.parametrize("own", [{}, {"provider_specific_fields": {"thought_signature": SIGNATURE}}])
def test_a_thought_signature_goes_back_to_gemini(gateway: MeteredGateway, model: str, own: dict[str, Any]) -> None:
    """Clients that keep nothing of LiteLLM's keep the id of the call, which has the signature too."""
    call = {
        "id": f"call_1__thought__{SIGNATURE}",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
        **own,
    }
    messages = messages_after({"content": None, "tool_calls": [call]}, call["id"])
    reply = gateway.ask(model, whole("vertex"), messages=messages, tools=[TOOL])
    assert reply.status == 200, reply.text
    parts = [part for content in gateway.provider.asked[0].body["contents"] for part in content["parts"]]
    assert [part["thoughtSignature"] for part in parts if "thoughtSignature" in part] == [SIGNATURE]


@pytest.mark.parametrize("model", ["analysis", "claude-haiku-4-5"])
def test_a_thinking_block_goes_back_to_claude(gateway: MeteredGateway, model: str) -> None:
    block = {"type": "thinking", "thinking": "because", "signature": SIGNATURE}
    # As the pieces of a stream leave it.
    pieces = [{"type": "thinking", "thinking": "because"}, {"type": "thinking", "thinking": "", "signature": SIGNATURE}]
    for text, blocks in (("whole", [block]), ("in pieces", pieces)):
        reply = gateway.ask(
            model, whole("anthropic"), messages=messages_after({"content": text, "thinking_blocks": blocks}, None)
        )
        assert reply.status == 200, reply.text
        sent = gateway.provider.asked[0].body["messages"][1]["content"]
        assert [each for each in sent if each["type"] == "thinking"] == [block]


@pytest.mark.parametrize(("model", "wire"), [("analysis", "anthropic"), ("hosted", "openai")])
def test_geminis_signatures_go_to_no_other_model(gateway: MeteredGateway, model: str, wire: str) -> None:
    call = {
        "id": f"call_1__thought__{SIGNATURE}",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
        "provider_specific_fields": {"thought_signature": SIGNATURE},
    }
    answer = {
        "content": None,
        "tool_calls": [call],
        "thinking_blocks": [{"type": "thinking", "thinking": "because", "signature": SIGNATURE}],
        "provider_specific_fields": {"thought_signatures": [SIGNATURE]},
    }
    reply = gateway.ask(model, whole(wire), messages=messages_after(answer, call["id"]), tools=[TOOL])
    assert reply.status == 200, reply.text
    assert SIGNATURE not in json.dumps(gateway.provider.asked[0].body)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        # Claude Haiku 4.5 thinks by a budget, which must be below the limit of the answer.
        ({"reasoning_effort": "high", "max_tokens": 3_000}, {"thinking": {"type": "enabled", "budget_tokens": 1_500}}),
        ({"reasoning_effort": "high", "max_tokens": 1_000}, {"thinking": None}),
        ({"thinking": {"type": "enabled", "budget_tokens": 90_000}, "max_tokens": 3_000}, {"thinking": ...}),
        (
            {"reasoning_effort": "low", "tools": [TOOL], "tool_choice": "required", "max_tokens": 3_000},
            {"thinking": None},
        ),
        ({"reasoning_effort": "low", "temperature": 0.2, "max_tokens": 3_000}, {"temperature": None}),
        ({"temperature": 1.5}, {"temperature": None}),
        ({"temperature": 0.5}, {"temperature": 0.5}),
        # It does not think unless it is asked to; Claude 5 does, and Sonnet 5.5 cannot be told not to.
        ({"reasoning_effort": "none"}, {"thinking": None}),
        ({"reasoning_effort": "none", "model": "claude-haiku-5-5"}, {"thinking": {"type": "disabled"}}),
        ({"reasoning_effort": "none", "model": "claude-sonnet-5-5"}, {"thinking": None}),
    ],
)
def test_what_claude_refuses_together_is_fitted(
    gateway: MeteredGateway, body: dict[str, Any], sent: dict[str, Any]
) -> None:
    reply = gateway.ask(body.pop("model", "claude-haiku-4-5"), whole("anthropic"), **body)
    assert reply.status == 200, reply.text
    final = gateway.provider.asked[0].body
    for name, value in sent.items():
        assert value is ... or final.get(name) == value
    assert (final.get("thinking") or {}).get("budget_tokens", 0) < final["max_tokens"]
    assert reply.row is not None and reply.row["cost_nanos"] <= reply.row["held_nanos"]
