"""A provider's answer as it comes, in the words of each wire: is it whole, is it an error, how many tokens does it report."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from typing import Any

from .providers import Wire
from .usage import Counters, count

# A plain answer longer than this is given up; of a longer stream the rest is not read for its tokens.
MOST_BYTES = 64 * 1024 * 1024

# Answers that ended as the model meant them to: others (cut at the limit, stopped for safety) are not worth repeating.
_GOOD_ENDS = frozenset({"stop", "tool_calls", "function_call", "end_turn", "stop_sequence", "tool_use", "STOP"})


class AnswerReader:
    """Reads one answer. ``feed`` takes its bytes in any pieces; after ``end`` nothing more comes.

    Attributes:
        counters: the tokens reported so far.
        visible: bytes of text, reasoning and tool calls so far.
        unread: bytes that could not be read, and so may be any part of the answer.
        answering: whether some of that is not reasoning.
        ends: the reasons for which choices ended.
        error: an error in the provider's words, such as ``overloaded_error``; None where there was none.
        understood: whether anything was in the provider's format.
        received: bytes so far.
    """

    def __init__(self, wire: Wire, stream: bool) -> None:
        self.counters = Counters()
        self.visible = 0
        self.unread = 0
        self.answering = False
        self.ends: list[str] = []
        self.error: str | None = None
        self.understood = False
        self.received = 0
        self._stream = stream
        self._read = _READERS[wire]
        self._begun: set[int] = set()
        self._finished: set[int] = set()
        self._cut = False
        self._line = bytearray()
        # All that came: a plain answer, or what comes in the place of a stream.
        self._body = bytearray()

    @property
    def whole(self) -> bool:
        """Whether every choice that began has ended, the body can be read to its end, and no error came."""
        return not self._cut and self.error is None and bool(self.ends) and self._begun <= self._finished

    @property
    def finished(self) -> bool:
        """Whether nothing more can come: it is whole, or a plain answer that was read to its end, for whatever reason it ended.

        Google calls an answer without a finish reason one that has not stopped; that holds for the events of a stream.
        """
        return self.whole or (not self._stream and self.understood and not self._cut and self.error is None)

    @property
    def came(self) -> int:
        """Bytes that may be billed as output so far."""
        return self.visible + self.unread

    @property
    def repeatable(self) -> bool:
        """Whether the same request may be answered with it again: whole, not empty, cut or stopped."""
        return self.whole and self.visible > 0 and all(end in _GOOD_ENDS for end in self.ends)

    @property
    def too_long(self) -> bool:
        return self.received > MOST_BYTES

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        if self.too_long:
            return
        if not self._stream or not self.understood:
            self._body += data
        if self._stream:
            # Lines end in \\n, \\r\\n or \\r; an empty line more changes nothing.
            *lines, rest = data.replace(b"\r", b"\n").split(b"\n")
            for line in lines:
                self._event(bytes(self._line + line))
                self._line.clear()
            self._line += rest

    def end(self) -> None:
        """Reads what is left."""
        self._event(bytes(self._line))
        if not self.understood:
            objects, self._cut = _objects(bytes(self._body))
            if self._cut:
                self.unread += len(self._body)
            for each in objects:
                self._object(each)
        self._line.clear()
        self._body.clear()

    # What the wires' readers call.

    def began(self, choice: object) -> None:
        self._begun.add(choice if isinstance(choice, int) else 0)

    def ended(self, reason: object, choice: object = 0) -> None:
        if isinstance(reason, str) and reason:
            self.ends.append(reason)
            self._finished.add(choice if isinstance(choice, int) else 0)

    def saw(self, *parts: object, reasoning: bool = False) -> None:
        """Counts parts of the answer: texts, and values as JSON."""
        for part in parts:
            self.answering = self.answering or (not reasoning and bool(part))
            if isinstance(part, str):
                self.visible += len(part.encode("utf-8", "surrogatepass"))
            elif part is not None:
                self.visible += len(json.dumps(part))

    def _event(self, line: bytes) -> None:
        line = line.strip().removeprefix(codecs.BOM_UTF8)
        if not line.startswith(b"data:") or line[5:].strip() in (b"", b"[DONE]"):
            return
        objects, cut = _objects(line[5:])
        if cut:
            self.unread += len(line)
        for event in objects:
            self._object(event)

    def _object(self, event: dict[str, Any]) -> None:
        error = event.get("error")
        if error:
            self.understood = True
            self.error = (
                str(error.get("type") or error.get("status") or "error") if isinstance(error, dict) else "error"
            )
        self._read(self, event)


def _objects(text: bytes) -> tuple[list[dict[str, Any]], bool]:
    """The objects in a JSON text (one, or those of a list), and whether it is cut: then the members that came whole."""
    cut = False
    try:
        value = json.loads(text, object_pairs_hook=_object_of)
    except (ValueError, RecursionError):
        value, cut = _members(text.decode("utf-8", "replace")), True
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)], cut


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; where it has a key twice, which a reader may take either way, the larger number and all of the texts count."""
    found = dict(pairs)
    if len(found) < len(pairs):
        found.clear()
        for key, value in pairs:
            found[key] = _both(found[key], value) if key in found else value
    return found


def _both(first: Any, second: Any) -> Any:
    if isinstance(first, dict) and isinstance(second, dict):
        return _object_of([*first.items(), *second.items()])
    if isinstance(first, str) and isinstance(second, str):
        return first + second
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    if count(first) is not None:
        return max(first, second) if count(second) is not None else first
    return second


_DECODER = json.JSONDecoder(object_pairs_hook=_object_of)


def _members(text: str) -> dict[str, Any]:
    """The whole members of an object that is cut."""
    found: dict[str, Any] = {}
    at = text.find("{") + 1
    while at > 0:
        try:
            at = _skip(text, at, " \t\r\n,")
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, at, " \t\r\n:")
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        # A number at the cut may have had more digits.
        if not isinstance(key, str) or (end == len(text) and not isinstance(value, (dict, list, str))):
            break
        found[key] = value
        at = end
    return found


def _skip(text: str, at: int, characters: str) -> int:
    while at < len(text) and text[at] in characters:
        at += 1
    return at


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _read_openai(reader: AnswerReader, event: dict[str, Any]) -> None:
    for choice in map(_dict, _list(event.get("choices"))):
        reader.understood = True
        reader.began(choice.get("index"))
        message = _dict(choice.get("delta")) or _dict(choice.get("message"))
        reader.saw(message.get("content"), message.get("refusal"))
        reader.saw(message.get("reasoning_content") or message.get("reasoning"), reasoning=True)
        for call in map(_dict, _list(message.get("tool_calls"))):
            function = _dict(call.get("function"))
            reader.saw(function.get("name"), function.get("arguments"))
        reader.saw(message.get("function_call"), message.get("audio"))
        reader.ended(choice.get("finish_reason"), choice.get("index"))
    vectors = [_dict(each) for each in _list(event.get("data"))]
    if vectors and all(vector.get("embedding") for vector in vectors):
        reader.understood = True
        reader.ended("stop")
    usage = _dict(event.get("usage"))
    if not usage:
        return
    reader.understood = True
    prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    if vectors:
        completion = 0
    total = count(usage.get("total_tokens"))
    details = _dict(usage.get("prompt_tokens_details"))
    # Some servers count reasoning in the total only.
    completion = _rest(prompt, completion, total)
    written = [
        count(usage.get("cache_creation_input_tokens")),
        *(count(details.get(key)) for key in ("cache_creation_tokens", "cache_write_tokens")),
    ]
    lives = _dict(details.get("cache_creation_token_details"))
    reader.counters.report(
        prompt=prompt,
        cached=count(details.get("cached_tokens")),
        written=max(each or 0 for each in written),
        cache_write_5m=count(lives.get("ephemeral_5m_input_tokens")),
        cache_write_1h=count(lives.get("ephemeral_1h_input_tokens")),
        completion=completion,
        came=reader.came,
        answering=reader.answering,
    )


def _read_anthropic(reader: AnswerReader, event: dict[str, Any]) -> None:
    kind = event.get("type")
    message = _dict(event.get("message")) if kind == "message_start" else event
    if kind in ("message_start", "message"):
        reader.understood = True
        reader.began(0)
        for block in map(_dict, _list(message.get("content"))):
            reader.saw(block.get("text"), block.get("name"), block.get("input"))
            reader.saw(block.get("thinking"), reasoning=True)
        reader.ended(message.get("stop_reason"))
    elif kind == "content_block_start":
        block = _dict(event.get("content_block"))
        reader.saw(block.get("text"), block.get("name"))
        reader.saw(block.get("thinking"), reasoning=True)
    elif kind == "content_block_delta":
        delta = _dict(event.get("delta"))
        reader.saw(delta.get("text"), delta.get("partial_json"))
        reader.saw(delta.get("thinking"), reasoning=True)
    elif kind == "message_delta":
        reader.understood = True
        reader.ended(_dict(event.get("delta")).get("stop_reason"))
    _report_anthropic(reader, _dict(message.get("usage")), final=kind != "message_start")


def _report_anthropic(reader: AnswerReader, usage: dict[str, Any], *, final: bool) -> None:
    plain = count(usage.get("input_tokens"))
    read = count(usage.get("cache_read_input_tokens"))
    written = count(usage.get("cache_creation_input_tokens"))
    lives = _dict(usage.get("cache_creation"))
    five = count(lives.get("ephemeral_5m_input_tokens"))
    hour = count(lives.get("ephemeral_1h_input_tokens"))
    output = count(usage.get("output_tokens"))
    reader.counters.report(
        prompt=None if plain is None else plain + (read or 0) + max(written or 0, (five or 0) + (hour or 0)),
        cached=read,
        written=written,
        cache_write_5m=five,
        cache_write_1h=hour,
        completion=output if final else None,
        came=reader.came,
        answering=reader.answering,
    )
    if not final and output is not None:
        # A stream's start counts the first token or two only.
        reader.counters.begun = max(reader.counters.begun, output)


def _read_predictions(reader: AnswerReader, predictions: list[Any]) -> None:
    """Vertex AI's answer with embeddings, whose tokens are counted text by text."""
    reader.understood = True
    vectors = [_dict(_dict(each).get("embeddings")) for each in predictions]
    if all(vector.get("values") for vector in vectors):
        reader.ended("STOP")
    counted = [count(_dict(vector.get("statistics")).get("token_count")) for vector in vectors]
    reader.counters.report(prompt=None if None in counted else sum(each or 0 for each in counted), completion=0)


def _read_vertex(reader: AnswerReader, event: dict[str, Any]) -> None:
    if predictions := _list(event.get("predictions")):
        _read_predictions(reader, predictions)
    for candidate in map(_dict, _list(event.get("candidates"))):
        reader.understood = True
        reader.began(candidate.get("index"))
        for part in map(_dict, _list(_dict(candidate.get("content")).get("parts"))):
            reader.saw(
                *(value for key, value in part.items() if key not in ("thought", "thoughtSignature")),
                reasoning=part.get("thought") is True,
            )
        reader.ended(candidate.get("finishReason"), candidate.get("index"))
    blocked = _dict(event.get("promptFeedback")).get("blockReason")
    usage = _dict(event.get("usageMetadata"))
    if blocked:
        reader.understood = True
        reader.ended(blocked)
    if not usage:
        return
    reader.understood = True
    prompt = _sum(count(usage.get("promptTokenCount")), count(usage.get("toolUsePromptTokenCount")))
    completion = _sum(count(usage.get("candidatesTokenCount")), count(usage.get("thoughtsTokenCount")))
    total = count(usage.get("totalTokenCount"))
    completion = _rest(prompt, completion, total)
    reader.counters.report(
        prompt=prompt,
        cached=count(usage.get("cachedContentTokenCount")),
        completion=completion,
        came=reader.came,
        answering=reader.answering,
    )


def _rest(prompt: int | None, completion: int | None, total: int | None) -> int | None:
    """The completion's tokens, where only the total may be complete."""
    if total is None or prompt is None or total < prompt:
        return completion
    return max(completion or 0, total - prompt)


def _sum(first: int | None, second: int | None) -> int | None:
    return first if second is None else second if first is None else first + second


_READERS: dict[Wire, Callable[[AnswerReader, dict[str, Any]], None]] = {
    "openai": _read_openai,
    "anthropic": _read_anthropic,
    "vertex": _read_vertex,
}
