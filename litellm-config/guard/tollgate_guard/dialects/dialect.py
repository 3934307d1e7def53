"""What a dialect is: how a request is read, and how an answer, a stream and an error are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from ..refusals import Refusal, invalid

Json = dict[str, Any]


class Writer(Protocol):
    """Writes one answer in the words of its dialect."""

    def whole(self, answer: Json) -> Json:
        """A chat completion as one document."""

    def chunk(self, chunk: Json) -> Iterator[bytes]:
        """A chunk of a streamed chat completion as events."""

    def end(self) -> Iterator[bytes]:
        """The events after the last chunk."""

    def failed(self, refusal: Refusal) -> bytes:
        """The event of an error in a stream."""


class Dialect(Protocol):
    """One API.

    Attributes:
        fields: its names of a chat completion's fields, where they differ.
        embeds: whether it asks for embeddings, and not for text.
    """

    fields: Mapping[str, str]
    embeds: bool

    def read(self, body: Json) -> Json:
        """A request's body as that of a chat completion, with ``metadata`` as it is.

        Raises:
            Refusal: with the field at fault as the client knows it.
        """

    def writer(self, body: Json) -> Writer | None:
        """Writes the answer to a request; None where a chat completion's own words are the dialect's."""

    def error(self, refusal: Refusal) -> bytes:
        """The body of a refusal."""


class ChatCompletions:
    """OpenAI's chat completions: LiteLLM's own words, but for the functions of its first version."""

    fields: Mapping[str, str] = MappingProxyType({})
    embeds = False

    def read(self, body: Json) -> Json:
        return body

    def writer(self, body: Json) -> Writer | None:
        return LegacyFunctions() if body.get("functions") else None

    def error(self, refusal: Refusal) -> bytes:
        return refusal.body()


class LegacyFunctions:
    """Chat completions for a client that knows ``function_call`` and not ``tool_calls``."""

    def whole(self, answer: Json) -> Json:
        for choice in answer.get("choices", []):
            self._change(choice, choice.get("message") or {})
        return answer

    def chunk(self, chunk: Json) -> Iterator[bytes]:
        for choice in chunk.get("choices", []):
            self._change(choice, choice.get("delta") or {})
        yield b"data: " + json.dumps(chunk).encode() + b"\n\n"

    def end(self) -> Iterator[bytes]:
        yield b"data: [DONE]\n\n"

    def failed(self, refusal: Refusal) -> bytes:
        return b"data: " + refusal.body() + b"\n\n"

    def _change(self, choice: Json, said: Json) -> None:
        calls = said.pop("tool_calls", None)
        if calls:
            said["function_call"] = {key: calls[0]["function"].get(key) for key in ("name", "arguments")}
        if choice.get("finish_reason") == "tool_calls":
            choice["finish_reason"] = "function_call"


def unknown(key: str, value: object, fields: Mapping[str, str]) -> Refusal:
    """The refusal of a field that a dialect does not take; ``fields`` names it where it is a chat completion's."""
    named = fields.get(key)
    remedy = f"its name here is {named}" if named else "it is unknown or has no bounded price: leave it out"
    return invalid(key, value, remedy)


def event(data: Json) -> bytes:
    """A server-sent event that is named after its type."""
    return f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def usage_of(answer: Json) -> dict[str, int]:
    """The tokens of an answer or of its last chunk: prompt, cached, written (to the provider's cache), completion, reasoning."""
    usage = answer.get("usage") or {}
    prompt = usage.get("prompt_tokens_details") or {}
    completion = usage.get("completion_tokens_details") or {}
    return {
        "prompt": usage.get("prompt_tokens") or 0,
        "cached": prompt.get("cached_tokens") or 0,
        "written": usage.get("cache_creation_input_tokens") or prompt.get("cache_creation_tokens") or 0,
        "completion": usage.get("completion_tokens") or 0,
        "reasoning": completion.get("reasoning_tokens") or 0,
    }


ReadPart = Callable[[Json, str], "list[Json] | None"]


def text_of(
    content: object, kinds: dict[str, str], where: str, refused: str, files: ReadPart = lambda part, where: None
) -> list[Json]:
    """The parts of a content as a chat completion has them.

    Args:
        kinds: the types of part that hold text, each with the key of its text.
        refused: what to send instead of another kind.
        files: reads a part that is an image or a document; None where it is neither.
    """
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list):
        raise invalid(where, content, "send a string or a list of parts")
    parts: list[Json] = []
    for index, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        key = kinds.get(str(kind))
        mark = _mark(part)
        if isinstance(part, dict) and (read := files(part, f"{where}.{index}")) is not None:
            parts += [*read[:-1], {**read[-1], **mark}]
            continue
        if not isinstance(part, dict) or key is None:
            raise invalid(f"{where}.{index}.type", kind, refused)
        if not isinstance(part.get(key), str):
            raise invalid(f"{where}.{index}.{key}", part.get(key), "send a string")
        parts.append({"type": "text", "text": part[key], **mark})
    return parts


def _mark(part: object) -> Json:
    mark = part.get("cache_control") if isinstance(part, dict) else None
    return {} if mark is None else {"cache_control": mark}
