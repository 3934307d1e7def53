"""LiteLLM's own cost of a call, for Langfuse and for comparison, by the prices in the rendered configuration."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from litellm import ModelResponse, Router, completion_cost
from litellm.types.utils import Usage as LitellmUsage

from conftest import REPOSITORY
from tollgate_guard.config import Config
from tollgate_guard.pricing import Usage, cost

CONFIG = yaml.safe_load((REPOSITORY / "generated" / "gateway" / "config.yaml").read_text("utf-8"))
DEPLOYMENTS = {each["model_info"]["id"]: each for each in CONFIG["model_list"]}


def reply(prompt: int, completion: int, cached: int) -> ModelResponse:
    usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    if cached:
        usage |= {"prompt_tokens_details": {"cached_tokens": cached}, "cache_read_input_tokens": cached}
    return ModelResponse(usage=LitellmUsage(**usage))


@pytest.mark.parametrize("tokens", [(2_000, 300, 0), (2_000, 300, 1_500), (290_000, 300, 0)], ids=["plain", "cached", "long"])
@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_litellm_and_the_guard_count_the_same(name: str, tokens: tuple[int, int, int], config: Config) -> None:
    prompt, completion, cached = tokens
    model = config.models[name.partition("/")[2]]
    Router(model_list=[{**DEPLOYMENTS[name], "litellm_params": {**DEPLOYMENTS[name]["litellm_params"], "api_key": "none"}}])
    dollars = completion_cost(
        completion_response=reply(prompt, completion, cached),
        model=DEPLOYMENTS[name]["litellm_params"]["model"],
        custom_pricing=True,
        router_model_id=name,
    )
    ours = cost(model, Usage(prompt=prompt, completion=completion, cached=cached))
    assert round(dollars * 1e9) == ours
