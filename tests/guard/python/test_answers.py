"""Reading a provider's answer in pieces of any size."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollgate_guard.meter.answers import AnswerReader
from tollgate_guard.meter.unicode_text import WholeCharacters
from tollgate_guard.meter.usage import BELIEVABLE, Counters, believable, count
from tollgate_guard.meter.wires import measure, read_wire_request
from wire_shapes import SHAPES, TEXT


def read(wire: Any, body: bytes, *, stream: bool = False, step: int = 10_000) -> AnswerReader:
    reader = AnswerReader(wire, stream)
    for at in range(0, len(body), step):
        reader.feed(body[at : at + step])
    reader.end()
    return reader


@pytest.mark.parametrize("wire", sorted(SHAPES))
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_stream_is_read_the_same_in_any_pieces(wire: str, data: st.DataObject) -> None:
    shape = SHAPES[wire]
    texts = data.draw(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), min_size=1, max_size=5)
    )
    body = b"".join(shape.events(texts, shape.usage(20, 9)))
    reader = read(wire, body, stream=True, step=data.draw(st.integers(1, 40)))
    assert reader.whole and reader.repeatable
    assert (reader.counters.prompt, reader.counters.completion) == (20, 9)
    assert reader.visible == sum(len(text.encode()) for text in texts)


@pytest.mark.parametrize("wire", sorted(SHAPES))
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_cut_answer_is_never_whole_and_never_raises(wire: str, data: st.DataObject) -> None:
    shape = SHAPES[wire]
    body = shape.body(usage=shape.usage(20, 9))
    cut = read(wire, body[: data.draw(st.integers(0, len(body) - 1))])
    assert not cut.whole
    assert cut.counters.prompt in (None, 20) and cut.counters.completion in (None, 9)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.sampled_from(sorted(SHAPES)), st.booleans())
def test_what_is_not_an_answer_reports_nothing(body: bytes, wire: str, stream: bool) -> None:
    reader = read(wire, body, stream=stream)
    assert not reader.whole and not reader.counters.complete


HALVES = [
    (rb"\ud83d", rb"\ufffd"),
    (rb"\ude00\ud83d", rb"\ufffd\ufffd"),
    (rb"\uD83D\uDE00", rb"\uD83D\uDE00"),
    (rb"\ud83d\ud83d\ude00", rb"\ufffd\ud83d\ude00"),
    (rb"\ud83d\n", rb"\ufffd\n"),
    # A backslash, and the letters after it.
    (rb"\\ud83d", rb"\\ud83d"),
    (rb"\\\ud83d", rb"\\\ufffd"),
    ("\u00e9\U0001f600".encode(), "\u00e9\U0001f600".encode()),
    (b"\xf0\x9f!", "\ufffd!".encode()),
    (b"plain", b"plain"),
]


@pytest.mark.parametrize(("came", "given"), HALVES)
@pytest.mark.parametrize("step", [1, 2, 5, 1_000])
def test_half_a_character_is_replaced_in_any_pieces(came: bytes, given: bytes, step: int) -> None:
    for after in (b"", b'"}'):
        text, data = WholeCharacters(), came + after
        found = b"".join(text.feed(data[at : at + step]) for at in range(0, len(data), step)) + text.end()
        assert found == given + after


CLAUDE, GEMINI = "/v1/messages", "/v1/models/{}:streamGenerateContent"
# Whether a model may reason unseen, by what a request says of it. Claude 5 and Gemini 3 do without being asked.
REASONING: list[tuple[Any, str, dict[str, Any], bool]] = [
    *(("anthropic", model, {}, True) for model in ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")),
    *(("anthropic", model, {}, True) for model in ("claude-fable-5-1", "claude-opus-5", "claude-of-next-year")),
    *(("anthropic", model, {}, False) for model in ("claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-6")),
    ("anthropic", "claude-haiku-4-5", {"thinking": {"type": "enabled", "budget_tokens": 1_024}}, True),
    ("anthropic", "claude-haiku-4-5", {"thinking": {"type": "disabled"}}, False),
    ("anthropic", "claude-haiku-5-5", {"thinking": {"type": "adaptive", "display": "omitted"}}, True),
    ("anthropic", "claude-haiku-5-5", {"thinking": {"type": "disabled"}}, False),
    ("anthropic", "claude-haiku-5-5", {"output_config": {"effort": "low"}}, True),
    # It cannot be told not to, so that this is not sent (fitting.py).
    ("anthropic", "claude-sonnet-5-5", {"thinking": {"type": "disabled"}}, True),
    ("anthropic", "claude-sonnet-5-5", {"thinking": {"type": "adaptive"}, "tool_choice": {"type": "any"}}, True),
    ("vertex", "gemini-3.8-flash", {}, True),
    *(
        ("vertex", model, {"thinkingConfig": setting}, True)
        for model in ("gemini-3.5-flash-lite", "gemini-3.1-pro-preview")
        for setting in ({"thinkingBudget": 0}, {"thinkingLevel": "minimal"}, {"includeThoughts": True})
    ),
    ("openai", "hosted-model", {}, True),
    ("openai", "hosted-model", {"reasoning_effort": "minimal"}, True),
    ("openai", "hosted-model", {"reasoning_effort": "none"}, False),
]


@pytest.mark.parametrize(("wire", "model", "says", "hidden"), REASONING)
def test_which_models_may_reason_unseen(wire: Any, model: str, says: dict[str, Any], hidden: bool) -> None:
    if wire == "vertex":
        path, body = GEMINI.format(model), {"contents": [], "generationConfig": {"maxOutputTokens": 2_000, **says}}
    else:
        path = CLAUDE if wire == "anthropic" else "/chat/completions"
        body = {"model": model, "max_tokens": 2_000, "messages": [], **says}
    assert read_wire_request(wire, path, json.dumps(body).encode()).hidden is hidden


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "usage", "error", "message", "delta", "type", "content", "index", "candidates", "usageMetadata", "prompt_tokens"]),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(JSON, st.sampled_from(sorted(SHAPES)), st.booleans())
def test_no_json_makes_the_reader_fail(value: Any, wire: str, stream: bool) -> None:
    body = json.dumps(value).encode()
    read(wire, b"data: " + body + b"\n\n" if stream else body, stream=stream)


def test_the_tokens_of_providers_caches() -> None:
    usage = {
        "input_tokens": 5,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 7,
    }
    counters = read("anthropic", SHAPES["anthropic"].body(usage=usage)).counters
    assert counters == Counters(135, 100, 30, 10, 20, 7, came_at_report=len(TEXT), answering_at_report=True)
    details = {"prompt_tokens": 50, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 40}}
    counters = read("openai", SHAPES["openai"].body(usage={**details, "cache_creation_input_tokens": 9})).counters
    assert (counters.prompt, counters.cached, counters.written) == (50, 40, 9)
    gemini = {
        "promptTokenCount": 50,
        "cachedContentTokenCount": 40,
        "candidatesTokenCount": 3,
        "thoughtsTokenCount": 11,
    }
    counters = read("vertex", SHAPES["vertex"].body(usage={**gemini, "totalTokenCount": 64})).counters
    assert (counters.prompt, counters.cached, counters.completion) == (50, 40, 14)


def test_reasoning_that_only_the_total_has_counts() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 33}
    assert read("openai", SHAPES["openai"].body(usage=usage)).counters.completion == 24


@pytest.mark.parametrize("value", [None, True, -1, 1.5, "7", float("nan"), float("inf"), [], {}])
def test_what_is_no_count_is_none(value: Any) -> None:
    assert count(value) is None


def test_counters_only_grow_but_for_the_part_that_costs_less() -> None:
    counters = Counters()
    counters.report(prompt=100, cached=50, completion=10)
    counters.report(prompt=3, cached=60, completion=2)
    counters.report(prompt=None, cached=40)
    assert (counters.prompt, counters.cached, counters.completion) == (100, 40, 10)
    assert (
        believable(0, 5) is None and believable(BELIEVABLE * 5 + 1, 5) is None and believable(BELIEVABLE * 5, 5) == 20
    )


def test_a_prompt_is_bounded_in_the_form_that_a_tokenizer_reads() -> None:
    # U+FDFA: three bytes, and 33 in NFKC.
    raw = json.dumps({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "\ufdfa"}]}).encode()
    assert read_wire_request("anthropic", "/v1/messages", raw).size == 33


def test_the_three_wires_frame_the_same_prompt_alike() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    openai = measure(
        {
            "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}],
            "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": schema}}],
        }
    )
    anthropic = measure(
        {
            "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
            "tools": [
                {"name": "f", "description": "d", "input_schema": schema, "cache_control": {"type": "ephemeral"}}
            ],
        }
    )
    vertex = measure(
        {
            "system_instruction": {"parts": [{"text": "be brief"}]},
            "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
            "tools": [{"functionDeclarations": [{"name": "f", "description": "d", "parameters": schema}]}],
            "generationConfig": {"temperature": 1, "max_output_tokens": 5},
        }
    )
    assert anthropic[0] <= openai[0] and vertex[0] <= openai[0] + 30
