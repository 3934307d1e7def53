"""What a request may ask for: only what the guard can bound. Everything else is refused, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .caching import check_mark, read_caching
from .config import Caching
from .identity import Identity, read_identity
from .refusals import Refusal, invalid
from .schemas import check_schemas

_MAX_CHOICES = 8


@dataclass(frozen=True)
class ChatRequest:
    """A checked request. ``params`` is what goes on to LiteLLM beside model, messages and the output limit."""

    model: str
    messages: list[dict[str, Any]]
    params: dict[str, Any]
    choices: int
    max_tokens: int | None
    stream: bool
    # Whether the client wants the usage at the end of a stream; the guard always asks for it.
    wants_usage: bool
    identity: Identity
    # The longest lifetime of a cache entry that the client's marks ask for; None where there is no mark.
    caching: Caching | None = None


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(low: float, high: float) -> Callable[[object], bool]:
    return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def _stop(value: object) -> bool:
    texts = value if isinstance(value, list) else [value]
    return 0 < len(texts) <= 16 and all(isinstance(text, str) for text in texts)


def _tool_choice(value: object) -> bool:
    return value in ("none", "auto", "required") or (isinstance(value, dict) and value.get("type") == "function")


def _response_format(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") in ("text", "json_object", "json_schema")


# Parameters that go on as they are: the check, and what to send.
_PASSED: dict[str, tuple[Callable[[object], bool], str]] = {
    "temperature": (_number(0, 2), "send a number from 0 to 2"),
    "top_p": (_number(0, 1), "send a number from 0 to 1"),
    "stop": (_stop, "send a text, or a list of at most 16"),
    "seed": (_is_int, "send a whole number"),
    "tool_choice": (_tool_choice, 'send "none", "auto", "required" or a function'),
    "parallel_tool_calls": (lambda value: isinstance(value, bool), "send true or false"),
    "response_format": (_response_format, "send an object of type text, json_object or json_schema"),
    "reasoning_effort": (
        lambda value: value in ("none", "minimal", "low", "medium", "high"),
        "send none, minimal, low, medium or high",
    ),
}

# Read by the guard, or dropped (`user` would name a customer to the provider and to LiteLLM).
_READ = {
    "model", "messages", "tools", "metadata", "n", "max_tokens", "max_completion_tokens", "stream", "stream_options",
    "user",
}  # fmt: skip

_MESSAGE_KEYS = {
    "system": {"role", "content", "name", "cache_control"},
    "developer": {"role", "content", "name", "cache_control"},
    "user": {"role", "content", "name", "cache_control"},
    "assistant": {"role", "content", "name", "tool_calls", "refusal", "cache_control"},
    "tool": {"role", "content", "tool_call_id", "name", "cache_control"},
}


def _check_content(content: object, where: str) -> None:
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        raise Refusal("invalid_request", f"{where} must be text or a list of text parts", field=where)
    for index, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind != "text" or set(part) - {"cache_control"} != {"type", "text"} or not isinstance(part["text"], str):
            raise invalid(
                f"{where}.{index}.type",
                kind,
                'send parts of type "text" with nothing but their text and cache_control: no other kind has a bounded price',
            )
        if part.get("cache_control") is not None:
            check_mark(part["cache_control"], f"{where}.{index}.cache_control")


def _check_tool_calls(calls: object, where: str) -> None:
    if not isinstance(calls, list):
        raise Refusal("invalid_request", f"{where} must be a list of the tool calls of an answer", field=where)
    for index, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        fits = (
            isinstance(function, dict)
            and set(call) <= {"id", "type", "function", "index"}
            and call.get("type", "function") == "function"
            and set(function) <= {"name", "arguments"}
            and all(isinstance(value, str) for value in function.values())
        )
        if not fits:
            raise Refusal(
                "invalid_request",
                f"{where}.{index} must be a function call: id, type and function with a name and arguments",
                field=f"{where}.{index}",
            )


def _check_messages(messages: object) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise Refusal("invalid_request", "messages must be a list of at least one message", field="messages")
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in _MESSAGE_KEYS:
            raise invalid(f"{where}.role", role, f"send one of {', '.join(_MESSAGE_KEYS)}")
        for key in message.keys() - _MESSAGE_KEYS[role]:
            raise Refusal("invalid_request", f"{where}.{key} is not accepted: leave it out", field=f"{where}.{key}")
        for key in ("name", "tool_call_id", "refusal"):
            if not isinstance(message.get(key, ""), (str, type(None))):
                raise Refusal("invalid_request", f"{where}.{key} must be text", field=f"{where}.{key}")
        _check_content(message.get("content"), f"{where}.content")
        if message.get("cache_control") is not None:
            check_mark(message["cache_control"], f"{where}.cache_control")
        if message.get("tool_calls") is not None:
            _check_tool_calls(message["tool_calls"], f"{where}.tool_calls")
    return messages


def _check_tools(tools: object) -> list[dict[str, Any]]:
    if not isinstance(tools, list) or len(tools) > 128:
        raise Refusal("invalid_request", "tools must be a list of at most 128 functions", field="tools")
    for index, tool in enumerate(tools):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if (
            kind != "function"
            or set(tool) - {"cache_control"} != {"type", "function"}
            or not isinstance(tool["function"], dict)
        ):
            raise invalid(
                f"tools.{index}.type",
                kind,
                'send tools of type "function": tools that run at the provider have no bounded price',
            )
        if tool.get("cache_control") is not None:
            check_mark(tool["cache_control"], f"tools.{index}.cache_control")
        unknown = tool["function"].keys() - {"name", "description", "parameters", "strict"}
        for key in unknown:
            raise Refusal(
                "invalid_request",
                f"tools.{index}.function.{key} is not accepted: leave it out",
                field=f"tools.{index}.function.{key}",
            )
    return tools


def _positive(body: dict[str, Any], key: str) -> int | None:
    value = body.get(key)
    if value is not None and (not _is_int(value) or value < 1):
        raise invalid(key, value, "send a whole number above 0")
    return value


def _check_stream_options(options: object) -> bool:
    if options is None:
        return False
    if not isinstance(options, dict) or not set(options) <= {"include_usage"}:
        raise invalid("stream_options", options, "send an object with include_usage only")
    return options.get("include_usage") is True


def read_request(raw: bytes, query_types: Sequence[str]) -> ChatRequest:
    """Checks the body of a chat completion.

    Args:
        query_types: the kinds of query that the definitions know.

    Raises:
        Refusal: with the field at fault, its value and the remedy.
    """
    try:
        body = json.loads(raw)
        # A lone surrogate has no UTF-8 form, so its tokens could not be bounded.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refusal("invalid_request", "The body must be a JSON object in UTF-8", field="body") from None
    if not isinstance(body, dict):
        raise invalid("body", type(body).__name__, "send a JSON object")
    identity = read_identity(body.get("metadata"), query_types)
    for key in body.keys() - _READ - _PASSED.keys():
        raise invalid(key, body[key], "it is not accepted here; leave it out")
    params = {key: body[key] for key in _PASSED if body.get(key) is not None}
    for key, value in params.items():
        fits, remedy = _PASSED[key]
        if not fits(value):
            raise invalid(key, value, remedy)
    model = body.get("model")
    if not isinstance(model, str):
        raise invalid("model", model, "name a route or a model")
    stream = body.get("stream") or False
    if not isinstance(stream, bool):
        raise invalid("stream", stream, "send true or false")
    choices = _positive(body, "n") or 1
    if choices > _MAX_CHOICES:
        raise invalid("n", choices, f"send at most {_MAX_CHOICES}")
    if choices > 1:
        params["n"] = choices
    if body.get("tools"):
        params["tools"] = _check_tools(body["tools"])
    check_schemas(
        {
            **{
                f"tools.{at}.function.parameters": tool["function"].get("parameters")
                for at, tool in enumerate(params.get("tools", []))
            },
            "response_format.json_schema": params.get("response_format", {}).get("json_schema"),
        }
    )
    messages = _check_messages(body.get("messages"))
    caching = read_caching(messages, params.get("tools", []))
    if caching is not None:
        # In place of the marks of config.yaml: a five-minute one before a one-hour one is refused by Anthropic.
        params["cache_control_injection_points"] = []
    limits = [limit for limit in (_positive(body, "max_completion_tokens"), _positive(body, "max_tokens")) if limit]
    return ChatRequest(
        model=model,
        messages=messages,
        params=params,
        choices=choices,
        max_tokens=min(limits, default=None),
        stream=stream,
        wants_usage=_check_stream_options(body.get("stream_options")),
        identity=identity,
        caching=caching,
    )
