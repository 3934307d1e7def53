"""The conversation of a chat completion: what is checked in it, and what of an answer goes back to a model.

An assistant's message may hold everything that the gateway itself has put into an answer, and what clients' libraries add to
it. Text, tool calls, reasoning with its signatures go on; the rest no model reads again.
"""

from __future__ import annotations

import json
from typing import Any

from .caching import check_mark
from .media import check_fields, document_part, image_part
from .refusals import Refusal, invalid

_ROLES: dict[str, frozenset[str]] = {
    "system": frozenset({"content", "name"}),
    "developer": frozenset({"content", "name"}),
    "user": frozenset({"content", "name"}),
    "assistant": frozenset(
        {
            "content", "name", "tool_calls", "function_call", "refusal", "reasoning_content", "thinking_blocks",
            "provider_specific_fields",
        }
    ),
    "tool": frozenset({"content", "name", "tool_call_id"}),
    "function": frozenset({"content", "name"}),
}  # fmt: skip

# Of an answer, and not read again by any model.
_SPENT = frozenset({"annotations", "audio", "images", "parsed", "reasoning", "reasoning_details", "reasoning_items"})

_CALL_KEYS = frozenset({"id", "type", "function", "index", "caller", "provider_specific_fields"})
_FUNCTION_KEYS = frozenset({"name", "arguments", "parsed_arguments", "provider_specific_fields"})


def read_messages(messages: object) -> list[dict[str, Any]]:
    """The messages as they go on.

    Raises:
        Refusal: with the field at fault, its value and the remedy.
    """
    if not isinstance(messages, list) or not messages:
        raise Refusal("invalid_request", "messages must be a list of at least one message", field="messages")
    read: list[dict[str, Any]] = []
    # The ids that calls of the older `function_call` get, by the function's name.
    legacy: dict[str, str] = {}
    called: set[str] = set()
    for index, message in enumerate(messages):
        kept = _read_message(message, f"messages.{index}", legacy)
        if kept["role"] == "tool" and kept["tool_call_id"] not in called:
            raise invalid(
                f"messages.{index}.tool_call_id", kept["tool_call_id"], "send the answer that made this call before it"
            )
        called.update(call["id"] for call in kept.get("tool_calls", []))
        if not _says_nothing(kept):
            read.append(kept)
    if all(message["role"] in ("system", "developer") for message in read):
        raise Refusal("invalid_request", "messages asks for nothing: add a message of role user", field="messages")
    return read


def _read_message(message: object, where: str, legacy: dict[str, str]) -> dict[str, Any]:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(role, str) or role not in _ROLES:
        raise invalid(f"{where}.role", role, f"send one of {', '.join(_ROLES)}")
    fields = {key: value for key, value in message.items() if value is not None and key != "role"}
    mark = fields.pop("cache_control", None)
    if mark is not None:
        check_mark(mark, f"{where}.cache_control")
    allowed = _ROLES[role] | (_SPENT if role == "assistant" else frozenset())
    for key in fields.keys() - allowed:
        if not fields[key]:
            continue
        raise Refusal(
            "invalid_request",
            f"{where}.{key} is not known in a message of role {role}: leave it out",
            field=f"{where}.{key}",
        )
    for key in ("name", "tool_call_id", "refusal", "reasoning_content"):
        if not isinstance(fields.get(key, ""), str):
            raise invalid(f"{where}.{key}", fields[key], "send a string")
    if role == "assistant":
        fields |= _thinking_parts(fields)
    elif fields.get("content") is None and role not in ("tool", "function"):
        raise invalid(f"{where}.content", None, "send a string or a list of parts")
    content = _read_content(fields.get("content"), f"{where}.content", role)
    kept: dict[str, Any] = {"role": role, "content": content}
    if mark is not None:
        kept["cache_control"] = mark
    if "name" in fields:
        kept["name"] = fields["name"]
    if role == "assistant":
        return {**kept, **_read_answer(fields, content, where, legacy)}
    if role == "tool":
        if "tool_call_id" not in fields:
            raise Refusal(
                "invalid_request",
                f"{where}.tool_call_id is missing: send the id of the tool call that this is the result of",
                field=f"{where}.tool_call_id",
            )
        # A tool that returned nothing.
        kept |= {"content": content or "", "tool_call_id": fields["tool_call_id"]}
    if role == "function":
        call_id = legacy.get(fields.get("name", ""))
        if call_id is None:
            raise invalid(f"{where}.name", fields.get("name"), "send the name of a function_call before it")
        kept = {"role": "tool", "content": content or "", "tool_call_id": call_id}
    return kept


def _thinking_parts(fields: dict[str, Any]) -> dict[str, Any]:
    """Thinking among the parts of a content, as in Anthropic's own messages, in its place of a chat completion."""
    parts = fields.get("content")
    if not isinstance(parts, list):
        return {}
    thoughts = [part for part in parts if isinstance(part, dict) and part.get("type") in _THOUGHTS]
    if not thoughts:
        return {}
    rest = [part for part in parts if part not in thoughts]
    return {"content": rest or None, "thinking_blocks": fields.get("thinking_blocks") or thoughts}


# Fields that answers, and clients that assemble streams, leave next to a text; no model reads them again.
_BESIDE_TEXT = frozenset({"annotations", "citations", "id", "index", "logprobs"})

# Each with the key of its text.
_THOUGHTS = {"thinking": "thinking", "redacted_thinking": "data"}

# The parts of a content besides text, by the roles that may send them.
_PARTS = {"user": ("image_url", "file"), "tool": ("image_url", "file"), "assistant": ("refusal",)}


def _read_content(content: object, where: str, role: str) -> Any:
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise invalid(where, content, "send a string or a list of parts")
    return [_read_part(part, f"{where}.{index}", ("text", *_PARTS.get(role, ()))) for index, part in enumerate(content)]


def _read_part(part: object, where: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or kind not in kinds:
        raise invalid(
            f"{where}.type", kind, f"send parts of type {' or '.join(kinds)}: no other kind has a bounded price here"
        )
    for key, value in part.items():
        spent = kind == "text" and key in _BESIDE_TEXT
        if key not in ("type", kind, "cache_control") and value and not spent:
            raise invalid(f"{where}.{key}", value, "leave it out")
    kept = _read_inside(str(kind), part.get(str(kind)), f"{where}.{kind}")
    mark = part.get("cache_control")
    if mark is None:
        return kept
    check_mark(mark, f"{where}.cache_control")
    return {**kept, "cache_control": mark}


def _read_inside(kind: str, inside: object, where: str) -> dict[str, Any]:
    if kind == "image_url":
        given = {"url": inside} if isinstance(inside, str) else _dict(inside, where, "url")
        check_fields(given, ("url", "detail"), where)
        return image_part(given.get("url"), f"{where}.url", given.get("detail"))
    if kind == "file":
        given = _dict(inside, where, "file_data")
        check_fields(given, ("file_data", "filename"), where)
        return document_part(given.get("file_data"), f"{where}.file_data", given.get("filename"))
    if not isinstance(inside, str):
        raise invalid(where, inside, "send a string")
    return {"type": "text", "text": inside}


def _dict(inside: object, where: str, key: str) -> dict[str, Any]:
    if not isinstance(inside, dict):
        raise invalid(where, inside, f"send an object with {key}, a data URL")
    return inside


def _read_answer(fields: dict[str, Any], content: object, where: str, legacy: dict[str, str]) -> dict[str, Any]:
    """What an assistant's message has besides its content."""
    kept: dict[str, Any] = {}
    if not content and fields.get("refusal"):
        kept["content"] = fields["refusal"]
    calls = fields.get("tool_calls")
    if calls is not None:
        kept["tool_calls"] = _read_tool_calls(calls, f"{where}.tool_calls")
    elif "function_call" in fields:
        call = _read_call({"function": fields["function_call"]}, f"{where}.function_call")
        name = call["function"]["name"]
        legacy[name] = f"call_legacy_{len(legacy)}_{where.rpartition('.')[2]}"
        kept["tool_calls"] = [{**call, "id": legacy[name]}]
    if not kept.get("tool_calls"):
        kept.pop("tool_calls", None)
    if fields.get("reasoning_content"):
        kept["reasoning_content"] = fields["reasoning_content"]
    own = fields.get("provider_specific_fields")
    own = own if isinstance(own, dict) else {}
    signatures = own.get("thought_signatures")
    if signatures and isinstance(signatures, list) and all(isinstance(each, str) for each in signatures):
        # Gemini's, whose thoughts are in `reasoning_content`: its blocks mean nothing to another model.
        kept["provider_specific_fields"] = {"thought_signatures": signatures}
        return kept
    blocks = fields.get("thinking_blocks") or own.get("thinking_blocks")
    if blocks:
        kept["thinking_blocks"] = _read_thinking(blocks, f"{where}.thinking_blocks")
    return kept


def _read_tool_calls(calls: object, where: str) -> list[dict[str, Any]]:
    if not isinstance(calls, list):
        raise invalid(where, calls, "send the list of tool calls of an answer")
    read = [_read_call(call, f"{where}.{index}") for index, call in enumerate(calls)]
    for index, call in enumerate(read):
        if "id" not in call:
            raise invalid(f"{where}.{index}.id", None, "send the id of the call, which its result names")
    return read


def _read_call(call: object, where: str) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    fits = (
        isinstance(call, dict)
        and isinstance(function, dict)
        and {key for key in call if call[key] is not None} <= _CALL_KEYS
        and call.get("type") in ("function", None)
        and isinstance(call.get("id", ""), str)
        and {key for key in function if function[key] is not None} <= _FUNCTION_KEYS
        and isinstance(function.get("name"), str)
        and isinstance(function.get("arguments", ""), str)
    )
    if not fits:
        raise Refusal(
            "invalid_request",
            f"{where} must be a function call: send its id, its type, and function with a name and arguments, both strings",
            field=where,
        )
    assert isinstance(call, dict) and isinstance(function, dict)
    kept: dict[str, Any] = {
        **({"id": call["id"]} if call.get("id") else {}),
        "type": "function",
        "function": {"name": function["name"], "arguments": _arguments(function.get("arguments") or "")},
    }
    for own in (call.get("provider_specific_fields"), function.get("provider_specific_fields")):
        signature = own.get("thought_signature") if isinstance(own, dict) else None
        if isinstance(signature, str):
            kept["provider_specific_fields"] = {"thought_signature": signature}
    return kept


def _arguments(text: str) -> str:
    """The arguments of a call as an object; those of an answer that was cut off are not JSON, and every provider would refuse them."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        value = text
    return (
        text
        if text and isinstance(value, dict)
        else json.dumps(value if isinstance(value, dict) else {"arguments": value})
    )


def _read_thinking(blocks: object, where: str) -> list[dict[str, Any]]:
    """The blocks in the form that Anthropic requires; the pieces of a stream are joined."""
    if not isinstance(blocks, list):
        raise invalid(where, blocks, "send the list of an answer")
    whole: list[dict[str, Any]] = []
    for index, block in enumerate(blocks):
        kind = block.get("type") if isinstance(block, dict) else None
        text = _THOUGHTS.get(str(kind))
        if not isinstance(block, dict) or text is None or not isinstance(block.get(text, ""), str):
            raise invalid(f"{where}.{index}", kind, "send the thinking blocks of an answer as they came")
        signature = block.get("signature")
        if not isinstance(signature, (str, type(None))):
            raise invalid(f"{where}.{index}.signature", signature, "send the signature as it came")
        kept = {"type": kind, text: block.get(text, ""), **({"signature": signature} if signature else {})}
        last = whole[-1] if whole else None
        if kind == "thinking" and last is not None and last["type"] == "thinking" and "signature" not in last:
            whole[-1] = {**last, **kept, "thinking": last["thinking"] + kept["thinking"]}
        else:
            whole.append(kept)
    return whole


def _says_nothing(message: dict[str, Any]) -> bool:
    """Whether it is an answer that was cut before its first word: providers refuse an empty message."""
    return message["role"] == "assistant" and not message.get("content") and not message.get("tool_calls")
