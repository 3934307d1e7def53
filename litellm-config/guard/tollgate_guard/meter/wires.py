"""The final request of an attempt, in the words of each wire: what it asks for, how long it is, and who it must not name."""

from __future__ import annotations

import json
import re
from typing import Any

from ..bounds import text_bound
from ..config import Caching
from ..fitting import on_anthropics_wire, thinks_unasked
from ..media import Media, read_media, split_data_url
from ..refusals import Refusal
from .embeddings import read_embeddings
from .providers import Wire
from .wire_request import UnboundedRequest, WireRequest

# Fields that name a customer, a session or a trace, or that keep the exchange at the provider.
_NAMING: dict[Wire, tuple[str, ...]] = {
    "openai": ("user", "metadata", "store", "safety_identifier", "prompt_cache_key"),
    "anthropic": ("metadata",),
    "vertex": ("labels",),
}

# Of these parts of a body, the provider makes the prompt: text in messages, and names and schemas. (A choice of tool is
# part of the provider's own instruction for tools.)
_MESSAGES = ("messages", "system", "contents", "systemInstruction", "system_instruction")
_SCHEMAS = [
    "tools",
    "functions",
    "response_format",
    "stop",
    "output_format",
    "output_config",
    "stop_sequences",
    "response_schema",
    "responseSchema",
    "response_json_schema",
    "responseJsonSchema",
    "stopSequences",
]
_VERTEX_CONFIG = ("generationConfig", "generation_config")

# The frame of messages. The wires frame the same text differently; a prompt's bound allows for each message what the
# provider makes of its frame.
_FRAME = frozenset(
    [
        "role",
        "type",
        "text",
        "content",
        "parts",
        "function",
        "tool_calls",
        "functionCall",
        "function_call",
        "functionResponse",
        "function_response",
        "arguments",
        "args",
        "input",
        "response",
        "tool_use_id",
        "tool_call_id",
        "id",
        "name",
    ]
)
_UNSAID = frozenset({"role", "type"})
_MARK = "cache_control"

_VERTEX_PATH = re.compile(r"/models/([^/:]+):(generateContent|streamGenerateContent)$")


def read_wire_request(wire: Wire, path: str, raw: bytes) -> WireRequest:
    """Reads the final request.

    Raises:
        UnboundedRequest: it is not a model's answer that is asked for, or it has no limit.
    """
    try:
        body = json.loads(raw)
    except ValueError:
        raise UnboundedRequest("the body is not JSON") from None
    if not isinstance(body, dict):
        raise UnboundedRequest("the body is not an object")
    naming = [key for key in _NAMING[wire] if key in body]
    for key in naming:
        del body[key]
    changed = bool(naming) | (wire == "anthropic" and on_anthropics_wire(body))
    embeddings = read_embeddings(wire, path, body, json.dumps(body).encode() if changed else raw)
    if embeddings is not None:
        return embeddings
    model, stream, max_tokens, choices = _LIMITS[wire](path, body)
    if not isinstance(model, str) or not model:
        raise UnboundedRequest("it names no model")
    if not _is_count(max_tokens) or not _is_count(choices):
        raise UnboundedRequest(f"the limit of its answer is {max_tokens!r}, of {choices!r} choices")
    size, media = measure(body)
    return WireRequest(
        model=model,
        stream=stream is True,
        max_tokens=max_tokens,
        choices=choices,
        size=size,
        hidden=_reasons_unseen(wire, model, body),
        caching=_caching(raw),
        body=json.dumps(body).encode() if changed else raw,
        keys=_keys(body),
        media=media,
    )


def _vertex_config(body: dict[str, Any]) -> dict[str, Any]:
    found = [body[key] for key in _VERTEX_CONFIG if isinstance(body.get(key), dict)]
    return found[0] if found else {}


def _keys(body: dict[str, Any]) -> frozenset[str]:
    config = _vertex_config(body)
    choice = body.get("tool_choice")
    tools = [tool.get("name") for tool in body.get("tools") or [] if isinstance(tool, dict)]
    names = [*body, *config, *(choice if isinstance(choice, dict) else ()), *tools]
    return frozenset(name for name in names if isinstance(name, str))


def measure(body: dict[str, Any]) -> tuple[int, tuple[Media, ...]]:
    """The most tokens of the text, names and schemas in a request's body, on whichever wire, without what frames them; and its files.

    Raises:
        UnboundedRequest: it holds a file whose tokens have no bound.
    """
    config = _vertex_config(body)
    schemas = [part[key] for part in (body, config) for key in _SCHEMAS if part.get(key)]
    media: list[Media] = []
    size = sum(_content_size(body[key], media) for key in _MESSAGES if key in body) + sum(
        text_bound(json.dumps(_unmarked(schema), ensure_ascii=False)) for schema in schemas
    )
    return size, tuple(media)


def _unmarked(schemas: Any) -> Any:
    """Tools without their marks for the provider's cache, which are not part of the prompt."""
    if not isinstance(schemas, list):
        return schemas
    return [
        {key: value for key, value in each.items() if key != _MARK} if isinstance(each, dict) else each
        for each in schemas
    ]


# What a model said or a tool returned: an object that looks like a file there is text.
_DATA = frozenset({"input", "args", "response"})


def _content_size(messages: Any, media: list[Media]) -> int:
    total = 0
    todo = [(messages, True)]
    while todo:
        each, files = todo.pop()
        if isinstance(each, str):
            total += text_bound(each)
        elif isinstance(each, dict):
            if files and (file := _file(each)) is not None:
                media.append(file)
                continue
            for key, inner in each.items():
                if key == _MARK:
                    continue
                if key not in _FRAME:
                    # The name, its quotes, a colon and a comma.
                    total += text_bound(key) + 4
                if key not in _UNSAID or not isinstance(inner, str):
                    todo.append((inner, files and key not in _DATA))
        elif isinstance(each, list):
            todo.extend((inner, files) for inner in each)
        elif each is not None:
            total += len(json.dumps(each))
    return total


def _file(part: dict[str, Any]) -> Media | None:
    """The image or document in a part of a message; None where it is another part.

    Raises:
        UnboundedRequest: its tokens have no bound.
    """
    kind = part.get("type")
    try:
        if kind == "image_url":
            url = part.get("image_url")
            return read_media(*split_data_url(url.get("url") if isinstance(url, dict) else url, kind), kind)
        if kind == "file":
            file = part.get("file")
            return read_media(*split_data_url(file.get("file_data") if isinstance(file, dict) else None, kind), kind)
        if kind in ("image", "document"):
            source = part.get("source")
            if not isinstance(source, dict) or source.get("type") != "base64":
                raise UnboundedRequest(f"a {kind} is not in the request itself")
            return read_media(str(source.get("media_type")), str(source.get("data")), kind)
        if "fileData" in part or "file_data" in part:
            raise UnboundedRequest("a file is not in the request itself")
        blob = part.get("inlineData", part.get("inline_data"))
        if isinstance(blob, dict):
            level = json.dumps(part.get("mediaResolution", part.get("media_resolution")))
            if "ULTRA" in level:
                raise UnboundedRequest(f"the resolution of a file is {level}")
            return read_media(str(blob.get("mimeType", blob.get("mime_type"))), str(blob.get("data")), "inlineData")
    except Refusal as refusal:
        raise UnboundedRequest(refusal.message) from None
    return None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _openai(path: str, body: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    if not path.endswith("/chat/completions"):
        raise UnboundedRequest(f"{path} is not a chat completion")
    limits = [body[key] for key in ("max_completion_tokens", "max_tokens") if body.get(key) is not None]
    return body.get("model"), body.get("stream"), max(limits, default=None, key=_order), body.get("n") or 1


def _order(value: Any) -> float:
    return value if _is_count(value) else float("inf")


def _anthropic(path: str, body: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    if not path.endswith("/v1/messages"):
        raise UnboundedRequest(f"{path} is not a message")
    return body.get("model"), body.get("stream"), body.get("max_tokens"), 1


def _vertex(path: str, body: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    found = _VERTEX_PATH.search(path)
    if found is None:
        raise UnboundedRequest(f"{path} does not generate content")
    config = _vertex_config(body)
    limit = config.get("maxOutputTokens", config.get("max_output_tokens"))
    choices = config.get("candidateCount", config.get("candidate_count")) or 1
    return found.group(1), found.group(2) == "streamGenerateContent", limit, choices


_LIMITS = {"openai": _openai, "anthropic": _anthropic, "vertex": _vertex}


def _reasons_unseen(wire: Wire, model: str, body: dict[str, Any]) -> bool:
    if wire == "anthropic":
        # Shown in a summary or not at all, and billed in full.
        thinking = body.get("thinking")
        if thinking is None:
            return thinks_unasked(model)
        return not (isinstance(thinking, dict) and thinking.get("type") == "disabled")
    # No setting of Gemini 3 turns thinking off (docs.cloud.google.com, "Thinking").
    return wire == "vertex" or body.get("reasoning_effort") != "none"


def _caching(raw: bytes) -> Caching | None:
    if b'"cache_control"' not in raw:
        return None
    return "1h" if re.search(rb'"ttl"\s*:\s*"1h"', raw) else "5m"
