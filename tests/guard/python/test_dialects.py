"""Anthropic's Messages and OpenAI's Responses become chat completions and come back, with nothing lost that a model reads again."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chat_requests import QUERY_TYPES
from tollgate_guard.dialects.anthropic import Messages
from tollgate_guard.dialects.dialect import Dialect
from tollgate_guard.dialects.responses import Responses
from tollgate_guard.refusals import Refusal
from tollgate_guard.request import ChatRequest, read_request

WHO = {"x-tollgate-customer": "acme", "x-tollgate-session": "s1", "x-tollgate-query-type": "cost_analysis"}
MESSAGE = {"model": "analysis", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
RESPONSE = {"model": "analysis", "input": "hi"}


def read(dialect: Dialect, body: dict[str, Any]) -> ChatRequest:
    return read_request(dialect.read(body), QUERY_TYPES, WHO)


def block(kind: str, **fields: Any) -> dict[str, Any]:
    return {**MESSAGE, "messages": [{"role": "user", "content": [{"type": kind, **fields}]}]}


@pytest.mark.parametrize(
    ("dialect", "body", "field"),
    [
        (Messages(), {**MESSAGE, "messages": []}, "messages"),
        (Messages(), {**MESSAGE, "messages": [{"role": "wizard", "content": "x"}]}, "messages.0.role"),
        (Messages(), block("image", source={"type": "url", "url": "http://x"}), "messages.0.content.0.source.type"),
        (Messages(), block("document", source={}), "messages.0.content.0.source.type"),
        (Messages(), block("tool_result"), "messages.0.content.0.tool_use_id"),
        (
            Messages(),
            block("tool_result", tool_use_id="t", content=[{"type": "image"}]),
            "messages.0.content.0.content.0.source",
        ),
        (Messages(), {**MESSAGE, "tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0.type"),
        (Messages(), {**MESSAGE, "tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools.0.type"),
        (Messages(), {**MESSAGE, "tool_choice": "any"}, "tool_choice"),
        (Messages(), {**MESSAGE, "tool_choice": {"type": "tool"}}, "tool_choice.name"),
        (Messages(), {**MESSAGE, "speed": "fast"}, "speed"),
        (Messages(), {**MESSAGE, "service_tier": "priority"}, "service_tier"),
        (Messages(), {**MESSAGE, "inference_geo": "us"}, "inference_geo"),
        (Messages(), {**MESSAGE, "mcp_servers": [{}]}, "mcp_servers"),
        (Messages(), {**MESSAGE, "container": "c"}, "container"),
        (Responses(), {"model": "analysis"}, "input"),
        (Responses(), {**RESPONSE, "previous_response_id": "resp_1"}, "previous_response_id"),
        (Responses(), {**RESPONSE, "conversation": "c"}, "conversation"),
        (Responses(), {**RESPONSE, "store": True}, "store"),
        (Responses(), {**RESPONSE, "background": True}, "background"),
        (Responses(), {**RESPONSE, "tools": [{"type": "file_search"}]}, "tools.0.type"),
        (Responses(), {**RESPONSE, "tools": [{"type": "custom", "name": "c"}]}, "tools.0.type"),
        (Responses(), {**RESPONSE, "tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
        (Responses(), {**RESPONSE, "tool_choice": "any"}, "tool_choice"),
        (Responses(), {**RESPONSE, "prompt": {"id": "pmpt_1"}}, "prompt"),
        (Responses(), {**RESPONSE, "input": [{"type": "item_reference", "id": "msg_1"}]}, "input.0.type"),
        (Responses(), {**RESPONSE, "input": [{"type": "function_call_output", "output": "x"}]}, "input.0.call_id"),
        (
            Responses(),
            {**RESPONSE, "input": [{"role": "user", "content": [{"type": "input_image"}]}]},
            "input.0.content.0.image_url",
        ),
        # Checked as a chat completion, named as the client knows it.
        (Messages(), {**MESSAGE, "stop_sequences": 5}, "stop"),
        (Responses(), {**RESPONSE, "max_output_tokens": 0}, "max_tokens"),
    ],
)
def test_what_has_no_bound_is_refused_in_the_clients_words(dialect: Dialect, body: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(dialect, body)
    assert (refused.value.status, refused.value.field) == (400, field)
    named = dialect.fields.get(field)
    assert named is None or named in body


@pytest.mark.parametrize(
    ("dialect", "body", "words"),
    [
        (Responses(), {**RESPONSE, "tools": [{"type": "custom", "name": "c"}]}, "free text"),
        (Responses(), {**RESPONSE, "tools": [{"type": "web_search"}]}, "run at the provider"),
        (Responses(), {**RESPONSE, "prompt": {"id": "pmpt_1"}}, "as instructions"),
        (Responses(), {**RESPONSE, "tool_choice": "any"}, '{"type": "function", "name": ...}'),
        (Responses(), {**RESPONSE, "max_tokens": 5}, "max_tokens is 5: its name here is max_output_tokens"),
        (Responses(), {"model": "analysis", "messages": []}, "input is null"),
        (Responses(), {"model": "analysis", "messages": [{}]}, "its name here is input"),
        (Messages(), {**MESSAGE, "stop": ["x"]}, "its name here is stop_sequences"),
    ],
)
def test_a_remedy_fits_what_was_sent(dialect: Dialect, body: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=re.escape(words)):
        read(dialect, body)


def test_allowed_tools_of_a_response_are_those_that_are_sent() -> None:
    tools = [{"type": "function", "name": name, "parameters": {}} for name in ("f", "other")]
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}
    params = read(Responses(), {**RESPONSE, "tools": tools, "tool_choice": choice}).params
    assert [tool["function"]["name"] for tool in params["tools"]] == ["f"]
    assert params["tool_choice"] == "auto"


def test_a_message_becomes_a_chat_completion() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    body = {
        "model": "analysis",
        "max_tokens": 3_000,
        "system": [{"type": "text", "text": "s", **mark}],
        "messages": [
            {"role": "user", "content": "a"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "t", "signature": "sig"},
                    {"type": "text", "text": "b"},
                    {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "r"},
                    {"type": "text", "text": "c"},
                ],
            },
        ],
        "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "stop_sequences": ["END"],
        "top_k": 5,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "metadata": {"user_id": "u"},
        "stream": True,
    }
    chat = read(Messages(), body)
    call = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
    assert chat.messages == [
        {"role": "system", "content": [{"type": "text", "text": "s", **mark}]},
        {"role": "user", "content": [{"type": "text", "text": "a"}]},
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "b"}],
            "tool_calls": [call],
            "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "sig"}],
        },
        {"role": "tool", "content": [{"type": "text", "text": "r"}], "tool_call_id": "t1"},
        {"role": "user", "content": [{"type": "text", "text": "c"}]},
    ]
    function = {"name": "f", "description": "d", "parameters": {"type": "object"}}
    assert chat.params["tools"] == [{"type": "function", "function": function}]
    expected = {
        "stop": ["END"],
        "top_k": 5,
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning_effort": "high",
    }
    assert {key: chat.params[key] for key in expected} == expected
    assert chat.params["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (chat.max_tokens, chat.stream, chat.wants_usage, chat.caching) == (3_000, True, True, "5m")


ANTHROPICS = {
    "thinking_blocks": [{"type": "thinking", "thinking": "because", "signature": "sig"}],
    "reasoning_content": "because",
}
GEMINIS = {"reasoning_content": "because", "provider_specific_fields": {"thought_signatures": ["sig"]}}
CALL = {"id": "c1__thought__sig", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 3}}


def answer(message: dict[str, Any], finish: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "id-1", "created": 1, "model": "analysis", "choices": [choice], "usage": USAGE}


def chunks(message: dict[str, Any], finish: str) -> list[dict[str, Any]]:
    """The same answer as LiteLLM streams it."""
    deltas: list[dict[str, Any]] = []
    if message.get("thinking_blocks"):
        deltas += [
            {"reasoning_content": "because", "thinking_blocks": [{"type": "thinking", "thinking": "because"}]},
            {"reasoning_content": "", "thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "sig"}]},
        ]
    elif message.get("reasoning_content"):
        deltas.append({key: message[key] for key in ("reasoning_content", "provider_specific_fields")})
    deltas += [{"content": piece} for piece in (message.get("content") or "")]
    for call in message.get("tool_calls") or []:
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        deltas += [
            {"tool_calls": [{**call, "index": 0, "function": {"name": name, "arguments": ""}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]},
        ]
    said = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    end = [{"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}, {"choices": [], "usage": USAGE}]
    return [{"id": "id-1", "created": 1, "model": "analysis", **each} for each in [*said, *end]]


ANSWERS = pytest.mark.parametrize(
    ("message", "finish"),
    [
        ({"content": "hello"}, "stop"),
        ({"content": "hel"}, "length"),
        ({"content": None, "tool_calls": [CALL]}, "tool_calls"),
        ({"content": "so", "tool_calls": [CALL], **ANTHROPICS}, "tool_calls"),
        ({"content": None, "tool_calls": [CALL], **GEMINIS}, "tool_calls"),
    ],
)


def events(dialect: Dialect, body: dict[str, Any], message: dict[str, Any], finish: str) -> list[dict[str, Any]]:
    writer = dialect.writer(body)
    assert writer is not None
    text = b"".join(piece for chunk in chunks(message, finish) for piece in writer.chunk(chunk)) + b"".join(
        writer.end()
    )
    return [json.loads(line[6:]) for line in text.decode().splitlines() if line.startswith("data: ")]


@ANSWERS
def test_an_answer_of_messages_comes_back_as_it_went(message: dict[str, Any], finish: str) -> None:
    writer = Messages().writer(MESSAGE)
    whole = writer.whole(answer(message, finish))
    assert whole["usage"] == {
        "input_tokens": 7, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 0, "output_tokens": 4,
    }  # fmt: skip
    assert whole["stop_reason"] == {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}[finish]
    history = [*MESSAGE["messages"], {"role": "assistant", "content": whole["content"]}, *MESSAGE["messages"]]
    back = read(Messages(), {**MESSAGE, "messages": history}).messages[1]
    assert back.get("tool_calls") == message.get("tool_calls")
    assert "".join(part["text"] for part in back["content"] or []) == (message.get("content") or "")
    if "thinking_blocks" in message:
        assert back["thinking_blocks"] == message["thinking_blocks"]

    streamed: list[Any] = []
    sent = events(Messages(), MESSAGE, message, finish)
    for event in sent:
        if event["type"] == "content_block_start":
            streamed.append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            delta, block = event["delta"], streamed[event["index"]]
            for key, kind in (
                ("text", "text"),
                ("thinking", "thinking"),
                ("signature", "signature"),
                ("json", "partial_json"),
            ):
                block[key] = block.get(key, "") + delta.get(kind, "") if kind in delta else block.get(key)
    for block in streamed:
        if block["type"] == "tool_use":
            block["input"] = json.loads(block["json"])
    kept = [
        {key: block[key] for key in each if key != "citations"}
        for block, each in zip(streamed, whole["content"], strict=True)
    ]
    assert kept == [{key: value for key, value in each.items() if key != "citations"} for each in whole["content"]]
    assert sent[0]["type"] == "message_start" and sent[-1]["type"] == "message_stop"
    assert (sent[-2]["delta"]["stop_reason"], sent[-2]["usage"]) == (whole["stop_reason"], whole["usage"])


@ANSWERS
def test_an_answer_of_responses_comes_back_as_it_went(message: dict[str, Any], finish: str) -> None:
    whole = Responses().writer(RESPONSE).whole(answer(message, finish))
    assert whole["status"] == ("incomplete" if finish == "length" else "completed")
    assert whole["usage"]["total_tokens"] == 14
    sent = events(Responses(), RESPONSE, message, finish)
    assert sent[-1]["type"] == ("response.incomplete" if finish == "length" else "response.completed")
    assert [event["sequence_number"] for event in sent] == list(range(len(sent)))
    for output in (whole["output"], sent[-1]["response"]["output"]):
        history = [{"role": "user", "content": "hi"}, *output, {"role": "user", "content": "go on"}]
        back = read(Responses(), {**RESPONSE, "input": history}).messages[1]
        assert back.get("tool_calls") == message.get("tool_calls")
        assert "".join(part["text"] for part in back["content"] or []) == (message.get("content") or "")
        for kept in ("thinking_blocks", "provider_specific_fields"):
            assert back.get(kept) == message.get(kept)


@pytest.mark.parametrize(("dialect", "shape"), [(Messages(), {"type": "error"}), (Responses(), {})])
def test_a_refusal_has_the_dialects_shape(dialect: Dialect, shape: dict[str, str]) -> None:
    told = json.loads(dialect.error(Refusal("tokens_per_minute", retry_after=3)))
    assert told == {**shape, "error": told["error"]}
    assert (told["error"]["type"], told["error"]["code"]) == ("rate_limit_error", "tokens_per_minute")
