"""OpenAI's Responses, as the ``openai`` package types them. Nothing is kept: a conversation comes whole with each request."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..refusals import Refusal, invalid
from .dialect import Json, event, text_of, usage_of

# Fields that mean the same in a chat completion, by their name there.
_SAME = {
    "model": "model", "max_output_tokens": "max_tokens", "stream": "stream", "temperature": "temperature", "top_p": "top_p",
    "top_logprobs": "top_logprobs", "parallel_tool_calls": "parallel_tool_calls", "metadata": "metadata", "user": "user",
    "service_tier": "service_tier", "safety_identifier": "safety_identifier", "prompt_cache_key": "prompt_cache_key",
    "prompt_cache_retention": "prompt_cache_retention", "store": "store", "background": "background",
}  # fmt: skip
_READ = frozenset({"input", "instructions", "tools", "tool_choice", "text", "reasoning"})
# Harmless, and not passed on.
_LEFT_OUT = frozenset({"include", "truncation", "max_tool_calls", "stream_options"})
_KEPT = "nothing is kept between requests; send the whole conversation as input, with store: false"

_PARTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}
_PARTS_REMEDY = 'send parts of type "input_text" or "output_text": no other kind has a bounded price'


class Responses:
    """``POST /v1/responses``."""

    fields: Mapping[str, str] = MappingProxyType(
        {
            "max_tokens": "max_output_tokens",
            "response_format": "text.format",
            "reasoning_effort": "reasoning.effort",
            "verbosity": "text.verbosity",
            "response_format.json_schema": "text.format.schema",
            "messages": "input",
        }
    )

    def read(self, body: Json) -> Json:
        body = {key: value for key, value in body.items() if value is not None}
        for key in ("previous_response_id", "conversation", "prompt"):
            if key in body:
                raise invalid(key, body[key], _KEPT)
        for key in body.keys() - _SAME.keys() - _READ - _LEFT_OUT:
            raise invalid(key, body[key], "this parameter is not known here, or has no bounded price; leave it out")
        chat: Json = {name: body[key] for key, name in _SAME.items() if key in body}
        chat["messages"] = list(_messages(body))
        if body.get("tools"):
            chat["tools"] = _tools(body["tools"])
        if "tool_choice" in body:
            chat["tool_choice"] = _tool_choice(body["tool_choice"])
        if chat.get("stream") is True:
            chat["stream_options"] = {"include_usage": True}
        return chat | _text(body.get("text")) | _reasoning(body.get("reasoning"))

    def writer(self, body: Json) -> ResponseWriter:
        return ResponseWriter(body)

    def error(self, refusal: Refusal) -> bytes:
        return refusal.body()


def _messages(body: Json) -> Iterator[Json]:
    instructions = text_of(body.get("instructions") or "", _PARTS, "instructions", "send a string")
    if instructions:
        yield {"role": "system", "content": instructions}
    given = body.get("input")
    if isinstance(given, str):
        yield {"role": "user", "content": given}
        return
    if not isinstance(given, list) or not given:
        raise invalid("input", given, "send a string, or a list of at least one item")
    # A reasoning item, an answer's text and its calls are one message.
    answer: Json | None = None
    for index, item in enumerate(given):
        where = f"input.{index}"
        kind = (item.get("type") or "message") if isinstance(item, dict) else None
        if not isinstance(item, dict) or kind not in _ITEMS:
            raise invalid(f"{where}.type", kind, _KEPT if kind == "item_reference" else _ITEMS_REMEDY)
        own = kind in ("reasoning", "function_call") or (kind == "message" and item.get("role") == "assistant")
        if own:
            answer = _joined(answer, item, str(kind), where)
            continue
        if answer is not None:
            yield answer
            answer = None
        yield _message(item, str(kind), where)
    if answer is not None:
        yield answer


_ITEMS = ("message", "function_call", "function_call_output", "reasoning")
_ITEMS_REMEDY = f"send items of type {', '.join(_ITEMS)}: no other kind has a bounded price"


def _message(item: Json, kind: str, where: str) -> Json:
    if kind == "function_call_output":
        if not isinstance(item.get("call_id"), str):
            raise invalid(f"{where}.call_id", item.get("call_id"), "send the call_id of the function call")
        parts = text_of(item.get("output") or "", _PARTS, f"{where}.output", _PARTS_REMEDY)
        return {"role": "tool", "tool_call_id": item["call_id"], "content": parts or ""}
    role = item.get("role")
    if role not in ("user", "system", "developer"):
        raise invalid(f"{where}.role", role, "send user, assistant, system or developer")
    return {"role": role, "content": text_of(item.get("content") or "", _PARTS, f"{where}.content", _PARTS_REMEDY)}


def _joined(answer: Json | None, item: Json, kind: str, where: str) -> Json:
    answer = answer or {"role": "assistant", "content": []}
    if kind == "message":
        parts = text_of(item.get("content") or "", _PARTS, f"{where}.content", _PARTS_REMEDY)
        return {**answer, "content": [*answer["content"], *parts]}
    if kind == "function_call":
        if not isinstance(item.get("call_id"), str) or not isinstance(item.get("name"), str):
            raise invalid(where, kind, "send its call_id, name and arguments")
        function = {"name": item["name"], "arguments": item.get("arguments")}
        call = {"id": item["call_id"], "type": "function", "function": function}
        return {**answer, "tool_calls": [*answer.get("tool_calls", []), call]}
    return answer | _opened(item.get("encrypted_content"))


def _sealed(message: Json) -> str | None:
    """What an answer's reasoning needs to go back to its model, as the ``encrypted_content`` of an item."""
    kept = {
        key: message[key]
        for key in ("thinking_blocks", "provider_specific_fields", "reasoning_content")
        if message.get(key)
    }
    signed = kept.get("thinking_blocks") or (kept.get("provider_specific_fields") or {}).get("thought_signatures")
    return base64.b64encode(json.dumps(kept).encode()).decode() if signed else None


def _opened(sealed: object) -> Json:
    """What ``_sealed`` has kept; nothing of another provider's."""
    try:
        kept = json.loads(base64.b64decode(str(sealed or ""), validate=True))
    except ValueError:
        return {}
    fields = ("thinking_blocks", "provider_specific_fields", "reasoning_content")
    return {key: kept[key] for key in fields if key in kept} if isinstance(kept, dict) else {}


def _tools(tools: object) -> list[Json]:
    if not isinstance(tools, list):
        raise invalid("tools", tools, "send a list of functions")
    read: list[Json] = []
    for index, tool in enumerate(tools):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if not isinstance(tool, dict) or kind != "function":
            raise invalid(
                f"tools.{index}.type",
                kind,
                'send tools of type "function": tools that run at the provider have no bounded price',
            )
        read.append({"type": "function", "function": {key: value for key, value in tool.items() if key != "type"}})
    return read


def _tool_choice(choice: object) -> Any:
    if isinstance(choice, dict) and choice.get("type") == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}
    return choice


def _text(text: object) -> Json:
    if text is None:
        return {}
    wanted = text.get("format") if isinstance(text, dict) else None
    if not isinstance(text, dict) or not isinstance(wanted, (dict, type(None))):
        raise invalid("text", text, 'send {"format": {"type": ...}}')
    verbosity = {"verbosity": text["verbosity"]} if text.get("verbosity") is not None else {}
    if wanted is None:
        return verbosity
    if wanted.get("type") != "json_schema":
        return {"response_format": wanted, **verbosity}
    schema = {key: value for key, value in wanted.items() if key != "type"}
    return {"response_format": {"type": "json_schema", "json_schema": schema}, **verbosity}


def _reasoning(reasoning: object) -> Json:
    if reasoning is None:
        return {}
    if not isinstance(reasoning, dict):
        raise invalid("reasoning", reasoning, 'send {"effort": ...}')
    return {"reasoning_effort": reasoning["effort"]} if reasoning.get("effort") is not None else {}


class ResponseWriter:
    """An answer as a response, or as the events of one."""

    def __init__(self, body: Json) -> None:
        self._asked = body
        self._sequence = -1
        self._answer: Json = {}
        self._output: list[Json] = []
        # What the item in progress has said, and the whole message for `_sealed`.
        self._said = ""
        self._kept: Json = {}
        self._call = -1
        self._usage: Json = {}
        self._finish: str | None = None
        self._ended = False

    def whole(self, answer: Json) -> Json:
        choice = (answer.get("choices") or [{}])[0]
        message = choice.get("message") or {}
        output: list[Json] = []
        sealed = _sealed(message)
        if message.get("reasoning_content") or sealed:
            output.append(self._reasoning(answer, 0, message.get("reasoning_content") or "", sealed))
        if message.get("content"):
            output.append(self._message(answer, len(output), message["content"], "completed"))
        for call in message.get("tool_calls") or []:
            function = call.get("function") or {}
            output.append(self._function(answer, len(output), call, function.get("arguments") or "", "completed"))
        return self._response(answer, output, choice.get("finish_reason"), usage_of(answer))

    def chunk(self, chunk: Json) -> Iterator[bytes]:
        if not self._answer:
            self._answer = chunk
            response = {**self._response(chunk, [], None, None), "status": "in_progress"}
            yield self._event("response.created", response=response)
            yield self._event("response.in_progress", response=response)
        if chunk.get("usage"):
            self._usage = usage_of(chunk)
        for choice in chunk.get("choices") or []:
            yield from self._delta(choice.get("delta") or {})
            self._finish = choice.get("finish_reason") or self._finish

    def end(self) -> Iterator[bytes]:
        yield from self._done()
        response = self._response(self._answer, self._output, self._finish, self._usage)
        name = "incomplete" if response["status"] == "incomplete" else "completed"
        yield self._event(f"response.{name}", response=response)

    def failed(self, refusal: Refusal) -> bytes:
        return self._event("error", code=refusal.code, message=refusal.message, param=refusal.field)

    def _delta(self, delta: Json) -> Iterator[bytes]:
        self._keep(delta)
        if delta.get("reasoning_content"):
            if not self._in("reasoning"):
                yield from self._begin(self._reasoning(self._answer, len(self._output), None, None))
                yield self._piece(
                    "reasoning_summary_part.added", summary_index=0, part={"type": "summary_text", "text": ""}
                )
            self._said += delta["reasoning_content"]
            yield self._piece("reasoning_summary_text.delta", summary_index=0, delta=delta["reasoning_content"])
        if delta.get("content"):
            if not self._in("message"):
                yield from self._begin(self._message(self._answer, len(self._output), None, "in_progress"))
                yield self._piece("content_part.added", content_index=0, part=_part(""))
            self._said += delta["content"]
            yield self._piece("output_text.delta", content_index=0, delta=delta["content"], logprobs=[])
        for call in delta.get("tool_calls") or []:
            if call.get("id") or call.get("index", 0) != self._call:
                self._call = call.get("index", 0)
                yield from self._begin(self._function(self._answer, len(self._output), call, "", "in_progress"))
            arguments = (call.get("function") or {}).get("arguments")
            if arguments:
                self._said += arguments
                yield self._piece("function_call_arguments.delta", delta=arguments)

    def _keep(self, delta: Json) -> None:
        for key in ("thinking_blocks", "reasoning_content"):
            if delta.get(key):
                self._kept[key] = self._kept[key] + delta[key] if key in self._kept else delta[key]
        signatures = (delta.get("provider_specific_fields") or {}).get("thought_signatures")
        if signatures:
            self._kept["provider_specific_fields"] = {"thought_signatures": signatures}

    def _in(self, kind: str) -> bool:
        return not self._ended and bool(self._output) and self._output[-1]["type"] == kind

    def _begin(self, item: Json) -> Iterator[bytes]:
        yield from self._done()
        self._output.append(item)
        self._said, self._ended = "", False
        yield self._event("response.output_item.added", output_index=len(self._output) - 1, item=item)

    def _done(self) -> Iterator[bytes]:
        """Ends the item in progress."""
        if not self._output or self._ended:
            return
        item, said = self._output[-1], self._said
        if item["type"] == "reasoning":
            part = {"type": "summary_text", "text": said}
            yield self._piece("reasoning_summary_text.done", summary_index=0, text=said)
            yield self._piece("reasoning_summary_part.done", summary_index=0, part=part)
            item = {**item, "summary": [part], "encrypted_content": _sealed(self._kept)}
        elif item["type"] == "message":
            yield self._piece("output_text.done", content_index=0, text=said, logprobs=[])
            yield self._piece("content_part.done", content_index=0, part=_part(said))
            item = {**item, "content": [_part(said)], "status": "completed"}
        else:
            yield self._piece("function_call_arguments.done", name=item["name"], arguments=said)
            item = {**item, "arguments": said, "status": "completed"}
        self._output[-1], self._ended = item, True
        yield self._event("response.output_item.done", output_index=len(self._output) - 1, item=item)

    def _piece(self, kind: str, **fields: Any) -> bytes:
        place = {"item_id": self._output[-1]["id"], "output_index": len(self._output) - 1}
        return self._event(f"response.{kind}", **place, **fields)

    def _event(self, kind: str, **fields: Any) -> bytes:
        self._sequence += 1
        return event({"type": kind, "sequence_number": self._sequence, **fields})

    def _id(self, prefix: str, answer: Json, index: int) -> str:
        return f"{prefix}_{str(answer.get('id', '')).replace('-', '')}{index}"

    def _reasoning(self, answer: Json, index: int, text: str | None, sealed: str | None) -> Json:
        summary = [{"type": "summary_text", "text": text}] if text else []
        return {
            "id": self._id("rs", answer, index),
            "type": "reasoning",
            "summary": summary,
            "encrypted_content": sealed,
        }

    def _message(self, answer: Json, index: int, text: str | None, status: str) -> Json:
        content = [] if text is None else [_part(text)]
        said = {"role": "assistant", "content": content, "status": status}
        return {"id": self._id("msg", answer, index), "type": "message", **said}

    def _function(self, answer: Json, index: int, call: Json, arguments: str, status: str) -> Json:
        named = {"call_id": call.get("id"), "name": (call.get("function") or {}).get("name")}
        return {
            "id": self._id("fc", answer, index), "type": "function_call", **named, "arguments": arguments, "status": status,
        }  # fmt: skip

    def _response(self, answer: Json, output: list[Json], finish: str | None, used: Json | None) -> Json:
        asked = self._asked
        why = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(str(finish))
        return {
            "id": self._id("resp", answer, 0),
            "object": "response",
            "created_at": answer.get("created") or int(time.time()),
            "status": "incomplete" if why else "completed",
            "error": None,
            "incomplete_details": {"reason": why} if why else None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "model": asked.get("model"),
            "output": output,
            "parallel_tool_calls": asked.get("parallel_tool_calls", True),
            "previous_response_id": None,
            "reasoning": asked.get("reasoning"),
            "store": False,
            "temperature": asked.get("temperature"),
            "text": asked.get("text") or {"format": {"type": "text"}},
            "tool_choice": asked.get("tool_choice") or "auto",
            "tools": asked.get("tools") or [],
            "top_p": asked.get("top_p"),
            "truncation": "disabled",
            "metadata": None,
            "usage": _usage(used) if used else None,
        }


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(used: Json) -> Json:
    return {
        "input_tokens": used["prompt"],
        "input_tokens_details": {"cached_tokens": used["cached"]},
        "output_tokens": used["completion"],
        "output_tokens_details": {"reasoning_tokens": used["reasoning"]},
        "total_tokens": used["prompt"] + used["completion"],
    }
