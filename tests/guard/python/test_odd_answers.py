"""Answers that no provider documents: none of them is charged below what it may have cost."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from conftest import GUARD_JSON
from test_answers import read
from tollgate_guard.config import Caching, parse
from tollgate_guard.meter.answers import AnswerReader
from tollgate_guard.meter.attempt import Attempt
from tollgate_guard.meter.endings import Ending
from tollgate_guard.meter.transport import _decoder
from tollgate_guard.meter.wire_request import WireRequest
from wire_shapes import SHAPES, TEXT

CONFIG = parse(json.loads(GUARD_JSON.read_text("utf-8")))
MODELS = {"openai": "claude-sonnet-5-5", "anthropic": "claude-sonnet-5-5", "vertex": "gemini-3.8-flash"}


def charge(
    wire: str,
    reader: AnswerReader,
    ending: Ending,
    bound: int = 1_000,
    caching: Caching | None = None,
    *,
    stream: bool = True,
    hidden: bool = False,
    max_tokens: int = 500,
) -> Attempt:
    request = WireRequest(MODELS[wire], stream, max_tokens, 1, bound, hidden, caching, b"{}", frozenset())
    attempt = Attempt(CONFIG.models[MODELS[wire]], bound, request, lambda _: None, answer=reader)
    attempt.end(ending)
    return attempt


@pytest.mark.parametrize("wire", sorted(SHAPES))
@pytest.mark.parametrize("ends", [b"\r\n", b"\r"], ids=["CRLF", "CR"])
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_every_end_of_a_line_and_a_byte_order_mark(wire: str, ends: bytes, step: int) -> None:
    shape = SHAPES[wire]
    body = b"\xef\xbb\xbf" + b"".join(shape.events([TEXT], shape.usage(20, 9))).replace(b"\n", ends)
    reader = read(wire, body, stream=True, step=step)
    assert reader.whole and reader.visible == len(TEXT)
    assert charge(wire, reader, Ending.COMPLETE).usage.completion == 9


def test_what_cannot_be_read_is_charged_by_its_bytes() -> None:
    """Events of several lines, or broken ones, may hold any part of the answer."""
    shape = SHAPES["anthropic"]
    lines = json.dumps({"type": "content_block_delta", "delta": {"text": "y" * 200}}, indent=1).split("\n")
    body = b"".join(shape.events([], shape.usage(20, 9), None)) + "".join(f"data: {each}\n" for each in lines).encode()
    attempt = charge("anthropic", read("anthropic", body, stream=True), Ending.BROKEN)
    assert attempt.usage.prompt == 20 and 200 <= attempt.usage.completion <= 500


@pytest.mark.parametrize("wire", ["openai", "vertex"])
def test_a_choice_that_ends_twice_does_not_end_another(wire: str) -> None:
    name, end = ("choices", "finish_reason") if wire == "openai" else ("candidates", "finishReason")
    stop = SHAPES[wire].stop
    events = [{name: [{"index": 0, end: stop}, {"index": 1}]}, {name: [{"index": 0, end: stop}]}]
    body = b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in events)
    assert not read(wire, body, stream=True).whole


def test_text_after_the_last_report_is_charged() -> None:
    def event(text: str, **more: Any) -> bytes:
        candidate = {"index": 0, "content": {"parts": [{"text": text}]}, **more.pop("candidate", {})}
        return b"data: %s\n\n" % json.dumps({"candidates": [candidate], **more}).encode()

    body = event("a", usageMetadata=SHAPES["vertex"].usage(20, 1)) + event(
        "b" * 300, candidate={"finishReason": "STOP"}
    )
    attempt = charge("vertex", read("vertex", body, stream=True), Ending.COMPLETE)
    assert (attempt.ending, attempt.usage.prompt, attempt.usage.completion) == (Ending.NO_USAGE, 20, 500)


def test_more_cached_tokens_than_the_prompt_has_save_nothing() -> None:
    usage = {**SHAPES["openai"].usage(900, 9), "prompt_tokens_details": {"cached_tokens": 5_000}}
    reader = read("openai", b"".join(SHAPES["openai"].events([TEXT], usage)), stream=True)
    assert charge("openai", reader, Ending.COMPLETE).usage.cached == 0


LIVES = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200}
HOUR = {"ephemeral_1h_input_tokens": 200}


@pytest.mark.parametrize(
    ("caching", "first", "last", "written"),
    [
        ("1h", {"cache_creation_input_tokens": 300, "cache_creation": LIVES}, {}, (100, 200)),
        # The total again, without its parts, is not written twice.
        (
            "1h",
            {"cache_creation_input_tokens": 300, "cache_creation": LIVES},
            {"cache_creation_input_tokens": 300},
            (100, 200),
        ),
        # What has no lifetime has the longest that was asked for.
        ("1h", {"cache_creation_input_tokens": 500, "cache_creation": LIVES}, {}, (100, 400)),
        ("1h", {"cache_creation_input_tokens": 500}, {}, (0, 500)),
        ("5m", {"cache_creation_input_tokens": 500, "cache_creation": HOUR}, {}, (300, 200)),
        ("5m", {"cache_creation_input_tokens": 500}, {}, (500, 0)),
        # Parts beyond their total count.
        ("1h", {"cache_creation_input_tokens": 10, "cache_creation": LIVES}, {}, (100, 200)),
    ],
)
def test_what_is_written_to_the_cache(
    caching: Caching, first: dict[str, Any], last: dict[str, Any], written: tuple[int, int]
) -> None:
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 40, "output_tokens": 1, **first}}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5, **last}}
    body = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in (start, end))
    usage = charge("anthropic", read("anthropic", body, stream=True), Ending.COMPLETE, caching=caching).usage
    assert (usage.prompt, usage.cache_write_5m, usage.cache_write_1h) == (40 + sum(written), *written)


@pytest.mark.parametrize("wire", sorted(SHAPES))
@pytest.mark.parametrize(("reported", "charged"), [(5_000, 5_000), (2**31, 1_000)])
def test_a_prompt_that_the_model_can_take_is_believed_above_its_bound(wire: str, reported: int, charged: int) -> None:
    reader = read(wire, b"".join(SHAPES[wire].events([TEXT], SHAPES[wire].usage(reported, 9))), stream=True)
    assert charge(wire, reader, Ending.COMPLETE).usage.prompt == charged


@pytest.mark.parametrize("step", [1, 5, 10_000])
def test_gzip_of_several_members_is_read_to_its_end(step: int) -> None:
    data = gzip.compress(b"first ") + gzip.compress(b"second")
    decode = _decoder("gzip")
    assert b"".join(decode(data[at : at + step]) for at in range(0, len(data), step)) == b"first second"


def vertex(candidate: dict[str, Any] | None, **usage: Any) -> dict[str, Any]:
    return {**({} if candidate is None else {"candidates": [candidate]}), "usageMetadata": usage}


NOTHING = {"content": {"role": "model"}, "index": 0}
SAID = {"content": {"role": "model", "parts": [{"text": TEXT}]}, "index": 0}
# Plain answers that do not say why they ended: nothing more can come, so that what they report is all.
ENDED_UNSAID: list[tuple[str, dict[str, Any], int]] = [
    ("vertex", vertex(SAID, promptTokenCount=20, candidatesTokenCount=9, totalTokenCount=29), 9),
    (
        "vertex",
        vertex(SAID, promptTokenCount=20, candidatesTokenCount=9, thoughtsTokenCount=50, totalTokenCount=79),
        59,
    ),
    ("vertex", vertex(NOTHING, promptTokenCount=20, totalTokenCount=20), 0),
    ("vertex", vertex(None, promptTokenCount=20, totalTokenCount=20), 0),
    ("vertex", vertex(None, promptTokenCount=20, thoughtsTokenCount=50, totalTokenCount=70), 50),
    ("openai", {"choices": [], "usage": SHAPES["openai"].usage(20, 0)}, 0),
    ("openai", SHAPES["openai"].plain(TEXT, SHAPES["openai"].usage(20, 9), None), 9),  # type: ignore[arg-type]
    ("anthropic", SHAPES["anthropic"].plain("", SHAPES["anthropic"].usage(20, 0), None), 0),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("wire", "answer", "completion"), ENDED_UNSAID)
def test_a_plain_answer_without_a_finish_reason_is_charged_as_reported(
    wire: str, answer: dict[str, Any], completion: int
) -> None:
    reader = read(wire, json.dumps(answer).encode(), stream=False)
    attempt = charge(wire, reader, Ending.CUT, stream=False, hidden=True)
    assert (attempt.usage.prompt, attempt.usage.completion) == (20, completion)
    # It is not an answer to be kept, or to be given as a whole one.
    assert attempt.ending is Ending.CUT and not reader.repeatable


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "twice", ['"completion_tokens": 90, "completion_tokens": 1', '"completion_tokens": 1, "completion_tokens": 90']
)
def test_of_a_key_that_comes_twice_the_larger_number_counts(stream: bool, twice: str) -> None:
    shape, usage = SHAPES["openai"], {"prompt_tokens": 20, "completion_tokens": 9}
    body = b"".join(shape.events([TEXT], usage)) if stream else shape.body(usage=usage)
    reader = read("openai", body.replace(b'"completion_tokens": 9', twice.encode()), stream=stream)
    assert charge("openai", reader, Ending.COMPLETE, stream=stream).usage.completion == 90


def test_texts_and_objects_of_a_key_that_comes_twice_are_all_counted() -> None:
    body = b'{"choices": [{"index": 0, "message": {"content": "ab", "content": "cde"}, "finish_reason": "stop"}], "usage": {"completion_tokens": 7}, "usage": {"prompt_tokens": 20}}'
    reader = read("openai", body, stream=False)
    assert (reader.visible, reader.counters.prompt, reader.counters.completion) == (5, 20, 7)


@pytest.mark.parametrize("wire", sorted(SHAPES))
def test_a_cut_body_costs_no_more_than_the_request_allows(wire: str) -> None:
    """Most of its bytes are its frame; that they are more than the answer may have does not say that the answer is longer."""
    shape = SHAPES[wire]
    body = shape.body(usage=shape.usage(20, 9))[:-40] + b" " * 500
    attempt = charge(wire, read(wire, body, stream=False), Ending.CUT, stream=False, max_tokens=16)
    assert attempt.usage.completion <= 16
