"""Answers in place of a provider's while the gateway warms up: nothing is sent, and nothing is billed."""

from __future__ import annotations

import contextvars
import json
from typing import Any

import httpx

from .providers import Wire
from .wire_request import WireRequest

# Whether the running request is the gateway's own, to be answered here.
rehearsing: contextvars.ContextVar[bool] = contextvars.ContextVar("tollgate_rehearsing", default=False)

_CHOICE = {"index": 0, "finish_reason": "stop"}
_GEMINI = {
    "candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
}
_COMPLETION = {"id": "warm-up", "created": 1, "model": "warm-up"}
_MESSAGE = {"id": "warm-up", "type": "message", "role": "assistant", "model": "warm-up", "stop_sequence": None}
_TOKENS = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}

_PLAIN: dict[Wire, dict[str, Any]] = {
    "openai": {
        **_COMPLETION,
        "object": "chat.completion",
        "choices": [{**_CHOICE, "message": {"role": "assistant", "content": "ok"}}],
        "usage": _TOKENS,
    },
    "anthropic": {
        **_MESSAGE,
        "content": [{"type": "text", "text": "ok"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
    "vertex": _GEMINI,
}
_STREAM: dict[Wire, list[dict[str, Any]]] = {
    "openai": [
        {
            **_COMPLETION,
            "object": "chat.completion.chunk",
            "choices": [{**_CHOICE, "delta": {"role": "assistant", "content": "ok"}}],
            "usage": _TOKENS,
        }
    ],
    "anthropic": [
        {
            "type": "message_start",
            "message": {
                **_MESSAGE,
                "content": [],
                "stop_reason": None,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ok"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 1},
        },
        {"type": "message_stop"},
    ],
    "vertex": [_GEMINI],
}
_VECTORS: dict[Wire, dict[str, Any]] = {
    "openai": {
        "object": "list",
        "model": "warm-up",
        "data": [{"object": "embedding", "index": 0, "embedding": [1.0]}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    },
    "vertex": {"predictions": [{"embeddings": {"statistics": {"token_count": 1}, "values": [1.0]}}]},
}


def answer_here(wire: Wire, request: httpx.Request, asked: WireRequest) -> httpx.Response:
    """An answer of two letters, or a vector of one number, in the provider's format."""
    if not asked.stream:
        return httpx.Response(200, json=(_VECTORS if asked.texts else _PLAIN)[wire], request=request)
    events = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in _STREAM[wire])
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=events, request=request)
