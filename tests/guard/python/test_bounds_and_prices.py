"""The hold is never below what the tokens of an answer cost, and a cost is exact."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import litellm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from chat_requests import request
from conftest import GUARD_JSON
from tollgate_guard.bounds import attempt_bound, make_plans, prompt_bound, text_bound
from tollgate_guard.config import Caching, Config, parse
from tollgate_guard.pricing import Usage, cache_read_saving, cache_write_surcharge, cost, read_usage
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
                cache_write_5m=data.draw(st.integers(0, prompt - cached)) if model.prompt_cache else 0,
                completion=data.draw(st.integers(0, chat.choices * plan.max_tokens)),
            )
            bound = attempt_bound(model, plans.prompt_tokens, plan.max_tokens, chat.choices)
            assert cost(model, usage) <= bound <= hold


def test_a_cost_is_the_sum_of_its_tokens(config: Config) -> None:
    model = config.models["claude-sonnet-5-5"]
    usage = Usage(prompt=1_000, cached=300, cache_write_5m=200, cache_write_1h=100, completion=50)
    assert cost(model, usage) == 400 * 2_000 + 300 * 100 + 200 * 2_500 + 100 * 4_000 + 50 * 10_000


@pytest.mark.parametrize(("prompt", "factor"), [(0, 1), (1, 1), (100_000, 1), (100_001, 5), (900_000, 5)])
def test_the_whole_request_costs_the_tier_that_its_prompt_reaches(config: Config, prompt: int, factor: int) -> None:
    usage = Usage(prompt=prompt, cached=prompt // 2, completion=40)
    plain = prompt - prompt // 2
    expected = factor * (plain * 100 + prompt // 2 * 10 + 40 * 500)
    assert cost(config.models["claude-haiku-5-5"], usage) == expected


def test_what_a_cache_read_saves_and_a_write_costs(config: Config) -> None:
    model = config.models["claude-sonnet-5-5"]
    usage = Usage(prompt=1_000, cached=600, cache_write_5m=200, cache_write_1h=100, completion=9)
    assert cache_read_saving(model, usage) == 600 * 1_900
    assert cache_write_surcharge(model, usage) == 200 * 500 + 100 * 2_000
    plain = Usage(prompt=1_000, completion=9)
    assert cost(model, plain) == cost(model, usage) + 600 * 1_900 - 200 * 500 - 100 * 2_000


@pytest.mark.parametrize(
    ("model", "tokens", "caching", "worst"),
    [
        # Marked by config.yaml for five minutes, or by the client for what it says.
        ("claude-sonnet-5-5", 9, None, 2_500),
        ("claude-sonnet-5-5", 9, "5m", 2_500),
        ("claude-sonnet-5-5", 9, "1h", 4_000),
        ("claude-haiku-5-5", 100_000, None, 125),
        ("claude-haiku-5-5", 100_001, None, 625),
        ("claude-haiku-5-5", 100_001, "1h", 1_000),
        ("gemini-3.1-pro-preview", 200_000, "1h", 2_000),
        ("gemini-3.1-pro-preview", 200_001, None, 4_000),
    ],
)
def test_the_worst_price_of_a_prompt_is_of_the_tiers_and_writes_that_it_can_reach(
    config: Config, model: str, tokens: int, caching: Caching | None, worst: int
) -> None:
    assert config.models[model].worst_input_nanos(tokens, caching) == worst


def test_no_write_is_paid_for_where_nothing_is_marked(config: Config) -> None:
    unmarked = replace(config.models["claude-sonnet-5-5"], prompt_cache=None)
    assert unmarked.worst_input_nanos(9, None) == 2_000
    assert unmarked.worst_input_nanos(9, "5m") == 2_500


def test_vertex_costs_more_outside_global_and_is_rounded_up() -> None:
    data = json.loads(GUARD_JSON.read_text("utf-8"))
    regional = parse(data, "europe-west1").models
    flash = regional["gemini-3.8-flash"].price(1)
    assert (flash.input_nanos, flash.output_nanos, flash.cache_read_nanos) == (825, 4_125, 83)
    assert regional["claude-opus-5-5"] == parse(data, "GLOBAL").models["claude-opus-5-5"]
    assert parse(data, "GLOBAL") == parse(data)


@pytest.mark.parametrize("text", ["\ufdfa" * 9, "\u212b\u1e9b\u0323", "e\u0301\ud55c", "plain", "\U0001d15e"])
def test_text_that_a_tokenizer_normalises_stays_within_its_bound(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert len(unicodedata.normalize(form, text).encode()) <= text_bound(text)


def test_anthropics_published_tokenizer_makes_no_more_tokens_than_the_bound() -> None:
    path = Path(litellm.__file__).parent / "litellm_core_utils" / "tokenizers" / "anthropic_tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    # All that it normalises, and some of each script.
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    characters = [chr(code) for code in codes if code % 101 == 0 or unicodedata.normalize("NFKC", chr(code)) != chr(code)]
    for start in range(0, len(characters), 4_096):
        texts = [character * 3 for character in characters[start : start + 4_096]]
        for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
            assert len(encoding.ids) <= text_bound(text), f"U+{ord(text[0]):04X}"


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        (None, None),
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}, Usage(9, 0, 0, 0, 4)),
        # Reasoning that is counted in the total only.
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 33}, Usage(9, 0, 0, 0, 24)),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 6}},
            Usage(9, 6, 0, 0, 4),
        ),
        # A write without a lifetime is a five-minute one.
        ({"prompt_tokens": 9, "completion_tokens": 4, "cache_creation_input_tokens": 5}, Usage(9, 0, 5, 0, 4)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "cache_creation_input_tokens": 5,
                "prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_1h_input_tokens": 3}},
            },
            Usage(9, 0, 2, 3, 4),
        ),
        # More cached than sent: never below zero.
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 99}},
            Usage(9, 9, 0, 0, 4),
        ),
    ],
)
def test_usage_as_providers_report_it(reported: dict[str, Any] | None, usage: Usage | None) -> None:
    assert read_usage(reported) == usage


def test_a_route_is_held_at_the_dearest_of_its_models(config: Config) -> None:
    plans = make_plans(request(model="analysis", n=2), config)
    asked = plans.plans[0]
    # Input: Sonnet's five-minute cache writes; output: Gemini Pro, the fallback.
    assert asked.prompt_nanos == plans.prompt_tokens * 2_500
    assert asked.token_nanos == 2 * 12_000
    assert asked.max_tokens == 2_048
    assert [plan.route.name for plan in plans.plans] == ["analysis", "economy"]
    assert plans.by_tier == (2, 2, 2)


def test_a_count_of_the_providers_takes_the_place_of_the_bytes(config: Config) -> None:
    chat = request(messages=[{"role": "user", "content": "x" * 40_000}])
    by_bytes, counted = make_plans(chat, config), make_plans(chat, config, counted=10_100)
    assert (by_bytes.exact, counted.exact) == (False, True)
    assert counted.prompt_tokens == 10_100 and by_bytes.prompt_tokens > 40_000
    assert counted.plans[0].prompt_nanos == 10_100 * 2_500
    # A count above the bound is not believed.
    assert make_plans(chat, config, counted=10**9).prompt_tokens == by_bytes.prompt_tokens
    assert {model.name for model in counted.models} == {
        "claude-sonnet-5-5",
        "gemini-3.1-pro-preview",
        "gemini-3.8-flash",
        "gemini-3.5-flash-lite",
        "claude-haiku-5-5",
    }


def test_a_long_prompt_is_held_at_the_prices_that_it_may_reach(config: Config) -> None:
    plans = make_plans(request(model="claude-haiku-5-5", messages=[{"role": "user", "content": "x" * 100_000}]), config)
    assert plans.plans[0].prompt_nanos == plans.prompt_tokens * 625
    assert plans.plans[0].token_nanos == 2_500


def test_a_model_without_a_price_and_a_prompt_without_an_end_are_refused(config: Config) -> None:
    with pytest.raises(Refusal) as refused:
        make_plans(request(model="gpt-9"), config)
    assert refused.value.code == "unpriced_model" and "analysis" in refused.value.message
    with pytest.raises(Refusal) as refused:
        make_plans(request(messages=[{"role": "user", "content": "x" * 1_000_000}]), config)
    assert refused.value.code == "prompt_too_long" and "claude-sonnet-5-5" in refused.value.message
