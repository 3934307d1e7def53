"""Anthropic's Messages, as ``@anthropic-ai/sdk`` types them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..refusals import Refusal, invalid
from .anthropic_files import file_parts
from .dialect import Json, event, text_of, unknown, usage_of

# Fields that mean the same in a chat completion, by their name there.
_SAME = {
    "model": "model", "max_tokens": "max_tokens", "stop_sequences": "stop", "stream": "stream", "temperature": "temperature",
    "top_p": "top_p", "top_k": "top_k", "metadata": "metadata", "service_tier": "service_tier", "speed": "speed",
}  # fmt: skip
# Harmless, and not passed on: the gateway sets its own marks for the cache.
_LEFT_OUT = frozenset({"cache_control", "context_management", "diagnostics"})
# What a field that is not known may hold without asking for anything.
_DEFAULTS: tuple[object, ...] = ([], {}, "", "global")
_READ = frozenset({"messages", "system", "tools", "tool_choice", "thinking", "output_config", "output_format"})

_STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 422: "invalid_request_error", 429: "rate_limit_error",
    503: "overloaded_error", 504: "timeout_error",
}  # fmt: skip
_BLOCKS = "send blocks of text, image, document, tool_use, tool_result and thinking: no other kind has a bounded price"
_RESULTS = "send blocks of text, image and document: no other kind has a bounded price"
_TOOLS = "send tools with a name and an input_schema: tools that the provider defines or runs have no bounded price"


class Messages:
    """``POST /v1/messages``."""

    embeds = False
    fields: Mapping[str, str] = MappingProxyType(
        {"stop": "stop_sequences", "response_format.json_schema": "output_config.format.schema"}
    )

    def read(self, body: Json) -> Json:
        body = {key: value for key, value in body.items() if value is not None}
        for key in {key for key in body if body[key] not in _DEFAULTS} - _SAME.keys() - _LEFT_OUT - _READ:
            raise unknown(key, body[key], self.fields)
        chat = {name: body[key] for key, name in _SAME.items() if key in body}
        chat["messages"] = [*_system(body), *_messages(body.get("messages"))]
        if body.get("tools"):
            chat["tools"] = _tools(body["tools"])
        if "tool_choice" in body:
            chat |= _tool_choice(body["tool_choice"])
        if chat.get("stream") is True:
            chat["stream_options"] = {"include_usage": True}
        return chat | _reasoning(body) | _format(body)

    def writer(self, body: Json) -> MessageWriter:
        return MessageWriter(str(body.get("model")))

    def error(self, refusal: Refusal) -> bytes:
        return json.dumps(_error(refusal)).encode()


def _error(refusal: Refusal) -> Json:
    error: Json = {
        "type": _TYPES.get(refusal.status, "api_error"),
        "message": refusal.message,
        "code": refusal.code,
    }
    if refusal.field is not None:
        error["param"] = refusal.field
    return {"type": "error", "error": error}


def _system(body: Json) -> list[Json]:
    parts = text_of(body.get("system") or "", {"text": "text"}, "system", "send text blocks")
    return [{"role": "system", "content": parts}] if parts else []


def _messages(messages: object) -> Iterator[Json]:
    if not isinstance(messages, list) or not messages:
        raise Refusal("invalid_request", "messages must be a list of at least one message", field="messages")
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(message, dict) or role not in ("user", "assistant", "system"):
            raise invalid(f"{where}.role", role, "send user or assistant")
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(blocks, list):
            raise invalid(f"{where}.content", content, "send a string or a list of blocks")
        if role == "assistant":
            yield _answer(blocks, f"{where}.content")
        else:
            yield from _question(str(role), blocks, f"{where}.content")


def _question(role: str, blocks: list[Any], where: str) -> Iterator[Json]:
    """Results first: in a chat completion each is a separate message, right after the calls."""
    texts: list[Json] = []
    for index, block in enumerate(blocks):
        at = f"{where}.{index}"
        if isinstance(block, dict) and block.get("type") == "tool_result" and role == "user":
            if not isinstance(block.get("tool_use_id"), str):
                raise invalid(f"{at}.tool_use_id", block.get("tool_use_id"), "send the id of the tool_use block")
            parts = text_of(block.get("content") or "", {"text": "text"}, f"{at}.content", _RESULTS, file_parts)
            mark = {"cache_control": block["cache_control"]} if block.get("cache_control") is not None else {}
            yield {"role": "tool", "tool_call_id": block["tool_use_id"], "content": parts or "", **mark}
        elif isinstance(block, dict) and role == "user" and (files := file_parts(block, at)) is not None:
            mark = {"cache_control": block["cache_control"]} if block.get("cache_control") is not None else {}
            texts += [*files[:-1], {**files[-1], **mark}]
        else:
            texts += _at(block, at)
    if texts:
        yield {"role": role, "content": texts}


def _answer(blocks: list[Any], where: str) -> Json:
    texts: list[Json] = []
    calls: list[Json] = []
    thoughts: list[Json] = []
    for index, block in enumerate(blocks):
        kind = block.get("type") if isinstance(block, dict) else None
        at = f"{where}.{index}"
        if kind in ("thinking", "redacted_thinking"):
            thoughts.append(block)
        elif kind == "tool_use":
            if not isinstance(block.get("name"), str) or not isinstance(block.get("input"), dict):
                raise invalid(at, "tool_use", "send its id, a name and an input object")
            function = {"name": block["name"], "arguments": json.dumps(block["input"], ensure_ascii=False)}
            calls.append({"id": block.get("id"), "type": "function", "function": function})
        else:
            texts += _at(block, at)
    return {
        "role": "assistant",
        "content": texts or None,
        **({"tool_calls": calls} if calls else {}),
        **({"thinking_blocks": thoughts} if thoughts else {}),
    }


def _at(block: Any, where: str) -> list[Json]:
    """A text block. ``where`` is its field in the request, for a refusal."""
    kind = block.get("type") if isinstance(block, dict) else None
    if kind != "text":
        raise invalid(f"{where}.type", kind, _BLOCKS)
    if not isinstance(block.get("text"), str):
        raise invalid(f"{where}.text", block.get("text"), "send a string")
    mark = {"cache_control": block["cache_control"]} if block.get("cache_control") is not None else {}
    return [{"type": "text", "text": block["text"], **mark}] if block["text"] else []


def _tools(tools: object) -> list[Json]:
    if not isinstance(tools, list):
        raise invalid("tools", tools, "send a list of tools")
    return [_tool(tool, f"tools.{index}") for index, tool in enumerate(tools)]


def _tool(tool: object, where: str) -> Json:
    kind = tool.get("type") if isinstance(tool, dict) else None
    if not isinstance(tool, dict) or kind not in (None, "custom") or not isinstance(tool.get("name"), str):
        raise invalid(f"{where}.type", kind, _TOOLS)
    function = {"name": tool["name"], "description": tool.get("description"), "parameters": tool.get("input_schema")}
    mark = {"cache_control": tool["cache_control"]} if tool.get("cache_control") is not None else {}
    return {"type": "function", "function": {**function, "strict": tool.get("strict")}, **mark}


def _tool_choice(choice: object) -> Json:
    kind = choice.get("type") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or kind not in ("auto", "any", "none", "tool"):
        raise invalid("tool_choice", choice, 'send {"type": "auto"}, "any", "none" or "tool" with a name')
    chosen: Any = {"any": "required"}.get(str(kind), kind)
    if kind == "tool":
        if not isinstance(choice.get("name"), str):
            raise invalid("tool_choice.name", choice.get("name"), "send the name of a tool")
        chosen = {"type": "function", "function": {"name": choice.get("name")}}
    alone = {"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") else {}
    return {"tool_choice": chosen, **alone}


def _reasoning(body: Json) -> Json:
    """One word for how much to think: an effort says more than ``adaptive``."""
    config, thinking = body.get("output_config"), body.get("thinking")
    effort = config.get("effort") if isinstance(config, dict) else None
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if thinking is not None and kind != "adaptive":
        return {"thinking": thinking}
    if effort is not None:
        return {"reasoning_effort": effort}
    return {"thinking": thinking} if thinking is not None else {}


def _format(body: Json) -> Json:
    config = body.get("output_config")
    wanted = config.get("format") if isinstance(config, dict) else None
    wanted = wanted or body.get("output_format")
    if wanted is None:
        return {}
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        raise invalid("output_config.format", wanted, 'send {"type": "json_schema", "schema": ...}')
    schema = {"name": "answer", "schema": wanted.get("schema"), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


class MessageWriter:
    """An answer as a message, or as the events of one."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._index = -1
        self._open: str | None = None
        self._begun = False
        self._call = -1
        self._signed = True
        self._stop: str | None = None
        self._usage: Json = {}

    def whole(self, answer: Json) -> Json:
        choice = (answer.get("choices") or [{}])[0]
        message = choice.get("message") or {}
        content: list[Json] = [*_thoughts(message)]
        if message.get("content"):
            content.append({"type": "text", "text": message["content"], "citations": None})
        for call in message.get("tool_calls") or []:
            function = call.get("function") or {}
            content.append({**_use(call), "input": _object(function.get("arguments"))})
        return {
            **self._empty(answer),
            "content": content,
            "stop_reason": _STOPS.get(str(choice.get("finish_reason")), "end_turn"),
            "usage": _usage(answer),
        }

    def chunk(self, chunk: Json) -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            start = {**self._empty(chunk), "usage": {"input_tokens": 0, "output_tokens": 0}}
            yield event({"type": "message_start", "message": start})
        if chunk.get("usage"):
            self._usage = _usage(chunk)
        for choice in chunk.get("choices") or []:
            yield from self._delta(choice.get("delta") or {})
            if choice.get("finish_reason"):
                self._stop = _STOPS.get(choice["finish_reason"], "end_turn")

    def end(self) -> Iterator[bytes]:
        yield from self._close()
        delta = {"stop_reason": self._stop or "end_turn", "stop_sequence": None}
        usage = self._usage or {"input_tokens": 0, "output_tokens": 0}
        yield event({"type": "message_delta", "delta": delta, "usage": usage})
        yield event({"type": "message_stop"})

    def failed(self, refusal: Refusal) -> bytes:
        return event(_error(refusal))

    def _delta(self, delta: Json) -> Iterator[bytes]:
        blocks = delta.get("thinking_blocks") or []
        if not blocks and delta.get("reasoning_content"):
            blocks = [{"type": "thinking", "thinking": delta["reasoning_content"]}]
        for block in blocks:
            yield from self._thought(block)
        if delta.get("content"):
            yield from self._start("text", {"type": "text", "text": ""})
            yield self._piece({"type": "text_delta", "text": delta["content"]})
        for call in delta.get("tool_calls") or []:
            if call.get("id") or call.get("index", 0) != self._call:
                self._call = call.get("index", 0)
                yield from self._close()
                yield from self._start("tool_use", {**_use(call), "input": {}})
            arguments = (call.get("function") or {}).get("arguments")
            if arguments:
                yield self._piece({"type": "input_json_delta", "partial_json": arguments})

    def _thought(self, block: Json) -> Iterator[bytes]:
        if block.get("type") == "redacted_thinking":
            yield from self._close()
            yield from self._start("redacted_thinking", {"type": "redacted_thinking", "data": block.get("data", "")})
            return
        yield from self._start("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        if block.get("thinking"):
            yield self._piece({"type": "thinking_delta", "thinking": block["thinking"]})
        if block.get("signature"):
            yield self._piece({"type": "signature_delta", "signature": block["signature"]})
            yield from self._close()

    def _start(self, kind: str, block: Json) -> Iterator[bytes]:
        if self._open == kind:
            return
        yield from self._close()
        self._open = kind
        self._index += 1
        yield event({"type": "content_block_start", "index": self._index, "content_block": block})

    def _piece(self, delta: Json) -> bytes:
        return event({"type": "content_block_delta", "index": self._index, "delta": delta})

    def _close(self) -> Iterator[bytes]:
        if self._open is not None:
            self._open = None
            yield event({"type": "content_block_stop", "index": self._index})

    def _empty(self, answer: Json) -> Json:
        return {
            "id": f"msg_{str(answer.get('id', '')).replace('-', '')}",
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }


def _thoughts(message: Json) -> list[Json]:
    blocks = message.get("thinking_blocks") or []
    if not blocks and message.get("reasoning_content"):
        blocks = [{"type": "thinking", "thinking": message["reasoning_content"]}]
    return [block if block.get("type") == "redacted_thinking" else {"signature": "", **block} for block in blocks]


def _use(call: Json) -> Json:
    return {"type": "tool_use", "id": call.get("id"), "name": (call.get("function") or {}).get("name")}


def _object(arguments: object) -> Json:
    try:
        value = json.loads(str(arguments or "{}"))
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"arguments": arguments}


def _usage(answer: Json) -> Json:
    used = usage_of(answer)
    return {
        "input_tokens": max(0, used["prompt"] - used["cached"] - used["written"]),
        "cache_read_input_tokens": used["cached"],
        "cache_creation_input_tokens": used["written"],
        "output_tokens": used["completion"],
    }
