"""The hold is never below what the tokens of an answer cost, and a cost is exact."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_requests import request
from hypothesis import given, settings
from hypothesis import strategies as st
from tollgate_guard.bounds import attempt_bound, make_plans, prompt_bound
from tollgate_guard.config import Config
from tollgate_guard.pricing import Usage, cost, read_usage
from tollgate_guard.refusals import Refusal

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300)


@settings(deadline=None, max_examples=200)
@given(st.lists(TEXT, min_size=1, max_size=6), TEXT)
def test_a_prompt_has_no_more_tokens_than_its_bound(texts: list[str], description: str) -> None:
    """A tokenizer that makes a token of every byte, with the markers around messages and the instruction for tools."""
    messages = [{"role": "user", "content": text} for text in texts]
    tool = {"type": "function", "function": {"name": "f", "description": description, "parameters": {}}}
    plain = sum(len(text.encode()) + 10 for text in texts)
    assert prompt_bound(request(messages=messages)) >= plain
    tools = len(json.dumps(tool, ensure_ascii=False).encode()) + 804
    assert prompt_bound(request(messages=messages, tools=[tool])) >= plain + tools


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_no_usage_within_the_bounds_costs_more_than_the_hold(config: Config, data: st.DataObject) -> None:
    chat = request(
        model=data.draw(st.sampled_from(sorted(config.routes))),
        max_tokens=data.draw(st.integers(1, 10_000)),
        n=data.draw(st.integers(1, 8)),
    )
    plans = make_plans(chat, config)
    for plan in plans.plans:
        hold = plan.prompt_nanos + plan.token_nanos * plan.max_tokens
        for model in plan.route.models:
            prompt = data.draw(st.integers(0, plans.prompt_tokens))
            cached = data.draw(st.integers(0, prompt))
            usage = Usage(
                prompt=prompt,
                cached=cached,
                cache_write=data.draw(st.integers(0, prompt - cached)),
                completion=data.draw(st.integers(0, chat.choices * plan.max_tokens)),
            )
            bound = attempt_bound(model, plans.prompt_tokens, plan.max_tokens, chat.choices)
            assert cost(model, usage) <= bound <= hold


def test_a_cost_is_the_sum_of_its_tokens(config: Config) -> None:
    model = config.models["claude-sonnet-5-5"]
    usage = Usage(prompt=1_000, cached=300, cache_write=200, completion=50)
    assert cost(model, usage) == 500 * 2_000 + 300 * 100 + 200 * 4_000 + 50 * 10_000


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        (None, None),
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}, Usage(9, 0, 0, 4)),
        # Reasoning that is counted in the total only.
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 33}, Usage(9, 0, 0, 24)),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 6}},
            Usage(9, 6, 0, 4),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 4, "cache_creation_input_tokens": 5}, Usage(9, 0, 5, 4)),
        # More cached than sent: never below zero.
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 99}},
            Usage(9, 9, 0, 4),
        ),
    ],
)
def test_usage_as_providers_tell_it(told: dict[str, Any] | None, usage: Usage | None) -> None:
    assert read_usage(told) == usage


def test_a_route_is_held_at_the_dearest_of_its_models(config: Config) -> None:
    plans = make_plans(request(model="analysis", n=2), config)
    asked = plans.plans[0]
    # Input: Sonnet's cache writes; output: Gemini Pro, the fallback.
    assert asked.prompt_nanos == plans.prompt_tokens * 4_000
    assert asked.token_nanos == 2 * 12_000
    assert asked.max_tokens == 2_048
    assert [plan.route.name for plan in plans.plans] == ["analysis", "economy"]
    assert plans.by_tier == (2, 2, 2)


def test_a_model_without_a_price_and_a_prompt_without_an_end_are_refused(config: Config) -> None:
    with pytest.raises(Refusal) as refused:
        make_plans(request(model="gpt-9"), config)
    assert refused.value.code == "unpriced_model" and "analysis" in refused.value.message
    with pytest.raises(Refusal) as refused:
        make_plans(request(messages=[{"role": "user", "content": "x" * 200_000}]), config)
    assert refused.value.code == "prompt_too_long" and "gemini-3.1-pro-preview" in refused.value.message
