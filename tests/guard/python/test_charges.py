"""Whatever comes of a stream, it is charged no less than its bill: streams made up at random, and ended anywhere."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import GUARD_JSON
from test_answers import read
from tollgate_guard.config import parse
from tollgate_guard.meter.attempt import Attempt
from tollgate_guard.meter.endings import Ending
from tollgate_guard.meter.transport import _ending_of_whole
from tollgate_guard.meter.wire_request import WireRequest
from wire_provider import sse
from wire_shapes import SHAPES

CONFIG = parse(json.loads(GUARD_JSON.read_text("utf-8")))
MODELS = {"openai": "claude-sonnet-5-5", "anthropic": "claude-sonnet-5-5", "vertex": "gemini-3.8-flash"}
WORDS = ["a", "word ", "BigQuery ", "é", "\U0001f600", "  ", '{"x":1}', "\n"]


def usage_of(wire: str, prompt: int, completion: int, reasoning: int) -> dict[str, Any]:
    if wire != "vertex":
        return SHAPES[wire].usage(prompt, completion)
    said = {**SHAPES[wire].usage(prompt, completion), "candidatesTokenCount": completion - reasoning}
    return {**said, "thoughtsTokenCount": reasoning}


def made_up(wire: str, random: Random, limit: int, hidden: bool, prompt: int) -> tuple[list[bytes], list[int]]:
    """The events of a stream, and the output tokens that are billed once each has come; first, before any has."""
    reasoning = random.randint(0, limit) if hidden else 0
    texts, billed, tokens = [], [reasoning], reasoning
    while tokens < limit and random.random() < 0.9:
        text = "".join(random.choice(WORDS) for _ in range(random.randint(1, 5)))
        tokens += random.randint(1, min(len(text.encode()), limit - tokens))
        texts.append(text)
        billed.append(tokens)
    usage = usage_of(wire, prompt, tokens, reasoning)
    events = list(SHAPES[wire].stream(texts, usage, SHAPES[wire].stop))
    if wire == "vertex" and random.random() < 0.5:
        # Each event reports what was billed until then.
        for event, so_far in zip(events, billed[1:], strict=False):
            assert isinstance(event, dict)
            event["usageMetadata"] = usage_of(wire, prompt, so_far, reasoning)
    frames = 2 if wire == "anthropic" and texts else int(wire == "anthropic")
    billed = [reasoning] * frames + billed
    return list(sse(*events)), billed + [tokens] * (len(events) + 1 - len(billed))


@pytest.mark.parametrize("wire", sorted(SHAPES))
@settings(deadline=None, max_examples=150)
@given(st.randoms(use_true_random=False), st.sampled_from(["whole", "cut", "broken", "error", "timeout", "in an event"]))
def test_no_stream_is_charged_below_its_bill(wire: str, random: Random, how: str) -> None:
    limit, bound, hidden = random.choice([4, 50, 500, 4_000]), random.choice([20, 5_000]), random.random() < 0.6
    prompt = random.randint(1, bound)
    events, billed = made_up(wire, random, limit, hidden, prompt)
    sent = len(events) if how == "whole" else random.randint(0, len(events))
    body = b"".join(events[:sent])
    if how == "error":
        body += b"".join(sse(SHAPES[wire].error("overloaded_error")))
    if how == "in an event":
        body = body[: random.randint(0, len(body))]
    # What the gateway gives up is billed as it was made.
    tokens = billed[-1] if how in ("whole", "timeout", "in an event") else billed[sent]
    reader = read(wire, body, stream=True, step=random.choice([1, 7, 100_000]))
    request = WireRequest(MODELS[wire], True, limit, 1, bound, hidden, None, b"{}", frozenset())
    model = CONFIG.models[MODELS[wire]]
    attempt = Attempt(model, bound, request, lambda _: None, answer=reader)
    given_up = {"broken": Ending.BROKEN, "timeout": Ending.TIMEOUT, "in an event": Ending.TIMEOUT}
    attempt.end(given_up.get(how) or _ending_of_whole(reader))
    price = model.price(prompt)
    assert attempt.cost >= prompt * price.input_nanos + tokens * price.output_nanos
