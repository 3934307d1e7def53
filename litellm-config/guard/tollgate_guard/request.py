"""What a request may ask for: only what the guard can bound. Everything else is refused, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .caching import check_mark, read_caching
from .config import Caching
from .identity import Identity, read_identity
from .media import Media, media_of
from .messages import read_messages
from .parameters import is_int, read_parameters
from .refusals import Refusal, invalid
from .schemas import check_schemas

_MAX_CHOICES = 8
_FUNCTION = frozenset({"name", "description", "parameters", "strict"})
_MAX_TOOLS = 128


@dataclass(frozen=True)
class ChatRequest:
    """A checked request. ``params`` is passed to LiteLLM with the model, messages and the output limit."""

    model: str
    messages: list[dict[str, Any]]
    params: dict[str, Any]
    choices: int
    max_tokens: int | None
    stream: bool
    # Whether the client asked for the usage at the end of a stream; the guard always does.
    wants_usage: bool
    identity: Identity
    # The longest lifetime of a cache entry that the client's marks ask for; None where there is no mark.
    caching: Caching | None = None
    # Parameters that no model gets.
    left_out: tuple[str, ...] = ()
    # Images and documents in the messages.
    media: tuple[Media, ...] = ()
    # What embeddings are made of; empty where the answer is text.
    texts: tuple[str, ...] = ()

    @property
    def has_documents(self) -> bool:
        return any(each.pages for each in self.media)


# Read here; every other field is a parameter.
_READ = frozenset(
    {
        "model", "messages", "tools", "metadata", "n", "max_tokens", "max_completion_tokens", "stream", "stream_options",
        "functions", "function_call",
    }
)  # fmt: skip


def read_body(raw: bytes) -> dict[str, Any]:
    """The object in a request's body.

    Raises:
        Refusal: it is not a JSON object in UTF-8.
    """
    try:
        body = json.loads(raw)
        # A lone surrogate has no UTF-8 form, so its tokens could not be bounded.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refusal("invalid_request", "The body is not JSON in UTF-8: send a JSON object", field="body") from None
    if not isinstance(body, dict):
        raise invalid("body", type(body).__name__, "send a JSON object")
    return body


def read_request(
    body: dict[str, Any], query_types: Sequence[str], headers: Mapping[str, str] | None = None
) -> ChatRequest:
    """Checks the body of a chat completion.

    Args:
        query_types: the kinds of query that the definitions know.
        headers: the identity's headers, for clients whose body has no place for it.

    Raises:
        Refusal: with the field at fault, its value and the remedy.
    """
    identity = read_identity(body.get("metadata"), query_types, headers or {})
    body = {key: value for key, value in body.items() if value is not None}
    params, left_out = read_parameters(body, _READ)
    if "thinking" in params and params.pop("reasoning_effort", None) is not None:
        # Two words for one thing, and a provider takes one of them.
        left_out.append("reasoning_effort")
    model = body.get("model")
    if not isinstance(model, str):
        raise invalid("model", model, "send the name of a route or a model")
    stream = body.get("stream", False)
    if not isinstance(stream, bool):
        raise invalid("stream", stream, "send true or false")
    choices = _positive(body, "n") or 1
    if choices > _MAX_CHOICES:
        raise invalid("n", choices, f"send at most {_MAX_CHOICES}")
    if choices > 1:
        params["n"] = choices
    messages = read_messages(body.get("messages"))
    tools = _allowed(_read_tools(body, params), params)
    if tools:
        params["tools"] = tools
    else:
        # They are about tools, and providers refuse them without any.
        params = {key: value for key, value in params.items() if key not in ("tool_choice", "parallel_tool_calls")}
    check_schemas(
        {
            **{
                f"tools.{at}.function.parameters": tool["function"].get("parameters")
                for at, tool in enumerate(params.get("tools", []))
            },
            **{f"response_format.{key}": value for key, value in params.get("response_format", {}).items()},
        }
    )
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
        wants_usage=_wants_usage(body.get("stream_options")),
        identity=identity,
        caching=caching,
        left_out=tuple(left_out),
        media=media_of(messages),
    )


def _read_tools(body: dict[str, Any], params: dict[str, Any]) -> list[dict[str, Any]]:
    """The tools; those of the older ``functions`` and ``function_call`` in today's form."""
    if "tools" in body:
        for older in ("functions", "function_call"):
            if older in body:
                raise invalid(older, body[older], "it cannot be combined with tools; send tools and tool_choice only")
        return _check_tools(body["tools"])
    functions = body.get("functions", [])
    if not isinstance(functions, list):
        raise invalid("functions", functions, "send a list of functions, or use tools")
    choice = body.get("function_call")
    if choice is not None:
        named = isinstance(choice, dict) and isinstance(choice.get("name"), str)
        if not named and choice not in ("none", "auto"):
            raise invalid("function_call", choice, 'send "none", "auto" or {"name": ...}')
        params["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}} if named else choice
    return _check_tools([{"type": "function", "function": function} for function in functions])


def _allowed(tools: list[dict[str, Any]], params: dict[str, Any]) -> list[dict[str, Any]]:
    """The tools that a choice of ``allowed_tools`` leaves, which no provider but OpenAI knows; the choice becomes its mode."""
    choice = params.get("tool_choice")
    if not isinstance(choice, dict) or choice["type"] != "allowed_tools":
        return tools
    allowed = choice["allowed_tools"]
    named = [tool["function"]["name"] for tool in allowed["tools"]]
    known = {tool["function"]["name"] for tool in tools}
    for name in named:
        if name not in known:
            raise invalid("tool_choice", name, "name functions of tools")
    params["tool_choice"] = allowed["mode"]
    return [tool for tool in tools if tool["function"]["name"] in named]


def _check_tools(tools: object) -> list[dict[str, Any]]:
    if not isinstance(tools, list) or len(tools) > _MAX_TOOLS:
        raise invalid("tools", tools, f"send a list of at most {_MAX_TOOLS} functions")
    return [_check_tool(tool, f"tools.{index}") for index, tool in enumerate(tools)]


def _check_tool(tool: object, where: str) -> dict[str, Any]:
    kind = tool.get("type") if isinstance(tool, dict) else None
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(tool, dict) or kind != "function":
        raise invalid(f"{where}.type", kind, tool_remedy(kind))
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise invalid(f"{where}.function", function, "send an object with a name, a description and parameters")
    given = {key: value for key, value in tool.items() if value is not None}
    for key in {key for key in given if given[key]} - {"type", "function", "cache_control"}:
        raise Refusal("invalid_request", f"{where}.{key} is unknown: leave it out", field=f"{where}.{key}")
    if "cache_control" in given:
        check_mark(given["cache_control"], f"{where}.cache_control")
    described = {key: value for key, value in function.items() if value is not None}
    for key in {key for key in described if described[key]} - _FUNCTION:
        raise Refusal(
            "invalid_request",
            f"{where}.function.{key} is unknown: leave it out",
            field=f"{where}.function.{key}",
        )
    kept = {key: value for key, value in given.items() if key in ("type", "cache_control")}
    return {**kept, "function": {key: value for key, value in described.items() if key in _FUNCTION}}


def tool_remedy(kind: object) -> str:
    """What to send in place of a tool that is no function."""
    if kind == "custom":
        return 'send a tool of type "function" with one string: no model here takes tools of free text'
    return 'send tools of type "function": tools that run at the provider, or are defined there, have no bounded price'


def _positive(body: dict[str, Any], key: str) -> int | None:
    value = body.get(key)
    if value is not None and (not is_int(value) or value < 1):
        raise invalid(key, value, "send a whole number above 0")
    return value


def _wants_usage(options: object) -> bool:
    if options is None:
        return False
    fields = {"include_usage", "include_obfuscation"}
    if (
        not isinstance(options, dict)
        or not set(options) <= fields
        or not all(isinstance(value, (bool, type(None))) for value in options.values())
    ):
        raise invalid(
            "stream_options", options, f"send an object of {' and '.join(sorted(fields))}, each true or false"
        )
    return options.get("include_usage") is True
