"""OpenAI's Responses, as the ``openai`` package types them. Nothing is kept: a conversation comes whole with each request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..media import check_fields, document_part, image_part
from ..refusals import Refusal, invalid
from ..request import tool_remedy
from .dialect import Json, text_of, unknown
from .response_writer import ResponseWriter
from .sealed import unseal

# Fields that mean the same in a chat completion, by their name there.
_SAME = {
    "model": "model", "max_output_tokens": "max_tokens", "stream": "stream", "temperature": "temperature", "top_p": "top_p",
    "top_logprobs": "top_logprobs", "parallel_tool_calls": "parallel_tool_calls", "metadata": "metadata", "user": "user",
    "service_tier": "service_tier", "safety_identifier": "safety_identifier", "prompt_cache_key": "prompt_cache_key",
    "prompt_cache_retention": "prompt_cache_retention", "prompt_cache_options": "prompt_cache_options", "store": "store", "background": "background",
}  # fmt: skip
_READ = frozenset({"input", "instructions", "tools", "tool_choice", "text", "reasoning"})
# Harmless, and not passed on.
_LEFT_OUT = frozenset({"include", "truncation", "max_tool_calls", "stream_options"})
_KEPT = "nothing is kept between requests; send the whole conversation as input, with store: false"
_ELSEWHERE = {
    "previous_response_id": _KEPT,
    "conversation": _KEPT,
    "prompt": "no templates are kept here; send its text as instructions and input",
}

_PARTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}
_PARTS_REMEDY = (
    "send parts of type input_text, output_text, input_image or input_file: no other kind has a bounded price"
)


class Responses:
    """``POST /v1/responses``."""

    embeds = False
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
        for key, remedy in _ELSEWHERE.items():
            if key in body:
                raise invalid(key, body[key], remedy)
        for key in {key for key in body if body[key] not in ([], {}, "")} - _SAME.keys() - _READ - _LEFT_OUT:
            raise unknown(key, body[key], self.fields)
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
        parts = text_of(item.get("output") or "", _PARTS, f"{where}.output", _PARTS_REMEDY, _file_parts)
        return {"role": "tool", "tool_call_id": item["call_id"], "content": parts or ""}
    role = item.get("role")
    if role not in ("user", "system", "developer"):
        raise invalid(f"{where}.role", role, "send user, assistant, system or developer")
    parts = text_of(item.get("content") or "", _PARTS, f"{where}.content", _PARTS_REMEDY, _file_parts)
    return {"role": role, "content": parts}


def _file_parts(part: Json, where: str) -> list[Json] | None:
    kind = part.get("type")
    if kind not in ("input_image", "input_file"):
        return None
    if kind == "input_file":
        check_fields(part, ("type", "cache_control", "file_data", "filename"), where)
        return [document_part(part.get("file_data"), f"{where}.file_data", part.get("filename"))]
    check_fields(part, ("type", "cache_control", "image_url", "detail"), where)
    return [image_part(part.get("image_url"), f"{where}.image_url", part.get("detail"))]


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
    return answer | unseal(item.get("encrypted_content"))


def _tools(tools: object) -> list[Json]:
    if not isinstance(tools, list):
        raise invalid("tools", tools, "send a list of functions")
    read: list[Json] = []
    for index, tool in enumerate(tools):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if not isinstance(tool, dict) or kind != "function":
            raise invalid(f"tools.{index}.type", kind, tool_remedy(kind))
        read.append({"type": "function", "function": {key: value for key, value in tool.items() if key != "type"}})
    return read


def _tool_choice(choice: object) -> Any:
    if not isinstance(choice, dict):
        if choice not in ("none", "auto", "required"):
            raise invalid("tool_choice", choice, _CHOICES)
        return choice
    if choice.get("type") == "allowed_tools" and isinstance(choice.get("tools"), list):
        named = [_chosen(tool) for tool in choice["tools"]]
        return {"type": "allowed_tools", "allowed_tools": {"mode": choice.get("mode"), "tools": named}}
    return _chosen(choice)


_CHOICES = (
    'send "none", "auto", "required", {"type": "function", "name": ...}, or {"type": "allowed_tools", '
    '"mode": "auto" or "required", "tools": [functions by their names]}'
)


def _chosen(tool: object) -> Json:
    if not isinstance(tool, dict) or tool.get("type") != "function" or not isinstance(tool.get("name"), str):
        raise invalid("tool_choice", tool, _CHOICES)
    return {"type": "function", "function": {"name": tool["name"]}}


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
