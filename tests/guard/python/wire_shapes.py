"""Answers of the three wires, built from the same few words: text, tokens, the reason for which it ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wire_provider import sse

Usage = dict[str, Any]
Event = dict[str, Any] | str

TEXT = "Your spend on BigQuery rose by a third."


@dataclass(frozen=True)
class Shape:
    """How a wire says things. ``usage`` takes prompt and completion tokens; ``stream`` gives the events of a stream."""

    name: str
    usage: Callable[[Any, Any], Usage]
    plain: Callable[[str, Usage | None, str], dict[str, Any]]
    stream: Callable[[list[str], Usage | None, str | None], list[Event]]
    error: Callable[[str], Event]
    stop: str
    limit: str
    refused: str
    # The counters of ``usage``, and whether a stream reports the prompt before its text.
    counters: tuple[str, str]
    prompt_first: bool

    def body(self, text: str = TEXT, usage: Usage | None = None, end: str | None = None) -> bytes:
        return json.dumps(self.plain(text, usage, end or self.stop)).encode()

    def events(self, texts: list[str], usage: Usage | None, end: str | None = "") -> tuple[bytes, ...]:
        return sse(*self.stream(texts, usage, self.stop if end == "" else end), named=self.name == "anthropic")


def _openai_plain(text: str, usage: Usage | None, end: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    whole = {"id": "c1", "object": "chat.completion", "created": 1, "model": "hosted-model"}
    return {
        **whole,
        "choices": [{"index": 0, "message": message, "finish_reason": end}],
        **({} if usage is None else {"usage": usage}),
    }


def _openai_stream(texts: list[str], usage: Usage | None, end: str | None) -> list[Event]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {
            "id": "c1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "hosted-model",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }

    events: list[Event] = [chunk({"role": "assistant", "content": text}) for text in texts]
    if end is not None:
        events.append(chunk({}, end))
        if usage is not None:
            events.append({**chunk({}), "choices": [], "usage": usage})
        events.append("[DONE]")
    return events


def _anthropic_message(content: list[Any], usage: Usage, end: str | None) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5-5",
        "content": content,
        "stop_reason": end,
        "stop_sequence": None,
        "usage": usage,
    }


def _anthropic_plain(text: str, usage: Usage | None, end: str) -> dict[str, Any]:
    message = _anthropic_message([{"type": "text", "text": text}] if text else [], usage or {}, end)
    if usage is None:
        del message["usage"]
    return message


def _anthropic_stream(texts: list[str], usage: Usage | None, end: str | None) -> list[Event]:
    begun = {**(usage or {}), "output_tokens": 1} if usage is not None else {}
    events: list[Event] = [{"type": "message_start", "message": _anthropic_message([], begun, None)}]
    if texts:
        events.append({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    for text in texts:
        events.append({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
    if end is not None:
        if texts:
            events.append({"type": "content_block_stop", "index": 0})
        last: dict[str, Any] = {"type": "message_delta", "delta": {"stop_reason": end, "stop_sequence": None}}
        if usage is not None:
            last["usage"] = {"output_tokens": usage.get("output_tokens")}
        events += [last, {"type": "message_stop"}]
    return events


def _vertex_chunk(text: str, usage: Usage | None, end: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": [{"text": text}] if text else []}}
    if end is not None:
        candidate["finishReason"] = end
    return {"candidates": [candidate], **({} if usage is None else {"usageMetadata": usage}), "modelVersion": "gemini"}


def _vertex_stream(texts: list[str], usage: Usage | None, end: str | None) -> list[Event]:
    events: list[Event] = [_vertex_chunk(text, None, None) for text in texts]
    if end is not None:
        events.append(_vertex_chunk("", usage, end))
    return events


OPENAI = Shape(
    name="openai",
    usage=lambda prompt, completion: {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        **(
            {"total_tokens": prompt + completion}
            if isinstance(prompt, (int, float)) and isinstance(completion, (int, float))
            else {}
        ),
    },
    plain=_openai_plain,
    stream=_openai_stream,
    error=lambda kind: {"error": {"message": "it failed", "type": kind, "code": 500}},
    stop="stop",
    limit="length",
    refused="content_filter",
    counters=("prompt_tokens", "completion_tokens"),
    prompt_first=False,
)
ANTHROPIC = Shape(
    name="anthropic",
    usage=lambda prompt, completion: {"input_tokens": prompt, "output_tokens": completion},
    plain=_anthropic_plain,
    stream=_anthropic_stream,
    error=lambda kind: {"type": "error", "error": {"type": kind, "message": "it failed"}},
    stop="end_turn",
    limit="max_tokens",
    refused="refusal",
    counters=("input_tokens", "output_tokens"),
    prompt_first=True,
)
VERTEX = Shape(
    name="vertex",
    usage=lambda prompt, completion: {
        "promptTokenCount": prompt,
        "candidatesTokenCount": completion,
        **(
            {"totalTokenCount": prompt + completion}
            if isinstance(prompt, (int, float)) and isinstance(completion, (int, float))
            else {}
        ),
    },
    plain=lambda text, usage, end: _vertex_chunk(text, usage, end),
    stream=_vertex_stream,
    error=lambda kind: {"error": {"code": 500, "message": "it failed", "status": kind}},
    stop="STOP",
    limit="MAX_TOKENS",
    refused="SAFETY",
    counters=("promptTokenCount", "candidatesTokenCount"),
    prompt_first=False,
)
SHAPES = {shape.name: shape for shape in (OPENAI, ANTHROPIC, VERTEX)}
