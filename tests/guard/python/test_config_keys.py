"""LiteLLM takes any key in config.yaml and says nothing of those it ignores: every key we write must be one that it reads."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import litellm
import pytest
import yaml
from litellm.caching.caching import Cache
from litellm.proxy import proxy_server
from litellm.proxy._types import ConfigYAML
from litellm.router import Router
from litellm.types.router import CustomPricingLiteLLMParams, GenericLiteLLMParams, ModelInfo, RetryPolicy
from litellm.types.utils import DynamicPromptManagementParamLiteral

from conftest import REPOSITORY

CACHE_CONTROL_POINTS = DynamicPromptManagementParamLiteral.CACHE_CONTROL_INJECTION_POINTS.value

CONFIGS = sorted((REPOSITORY / "generated" / "gateway").glob("config*.yaml"))


def ignored_keys(config: dict[str, Any]) -> set[str]:
    """Keys that LiteLLM reads nowhere, each with the section it is in."""
    found: set[str] = set()

    def check(section: str, keys: Any, known: set[str]) -> None:
        found.update(f"{section}.{key}" for key in set(keys) - known)

    check("", config, set(ConfigYAML.model_fields))
    router = config["router_settings"]
    check("router_settings", router, set(inspect.signature(Router.__init__).parameters))
    check("router_settings.retry_policy", router.get("retry_policy", {}), set(RetryPolicy.model_fields))
    settings = config["litellm_settings"]
    # The proxy handles these by name; all others become attributes of the module, where they must be read already.
    by_name = {"callbacks", "cache", "cache_params"}
    check("litellm_settings", settings, by_name | set(vars(litellm)))
    check("litellm_settings.cache_params", settings["cache_params"], set(inspect.signature(Cache.__init__).parameters))
    source = inspect.getsource(proxy_server)
    read = {key for key in config["general_settings"] if f'general_settings.get("{key}"' in source}
    check("general_settings", config["general_settings"], read)
    for deployment in config["model_list"]:
        name = deployment["model_name"]
        check("model_list", deployment, {"model_name", "litellm_params", "model_info"})
        check(
            f"model_list.{name}.litellm_params",
            deployment["litellm_params"],
            set(GenericLiteLLMParams.model_fields) | {"model", "weight", CACHE_CONTROL_POINTS},
        )
        # The router and the health check read the mode as a key that its class does not have.
        known = set(ModelInfo.model_fields) | set(CustomPricingLiteLLMParams.model_fields) | {"mode"}
        check(f"model_list.{name}.model_info", deployment["model_info"], known)
    return found


def test_both_configurations_are_there() -> None:
    assert [path.name for path in CONFIGS] == ["config.provider-url.yaml", "config.yaml"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_litellm_reads_every_key(path: Path) -> None:
    assert ignored_keys(yaml.safe_load(path.read_text("utf-8"))) == set()


@pytest.mark.parametrize(
    "section",
    [
        "",
        "router_settings",
        "router_settings.retry_policy",
        "litellm_settings",
        "litellm_settings.cache_params",
        "general_settings",
        "model_list.simple.litellm_params",
        "model_list.simple.model_info",
    ],
)
def test_a_key_that_litellm_does_not_read_is_found(section: str) -> None:
    config = yaml.safe_load(CONFIGS[0].read_text("utf-8"))
    at: Any = config
    for step in filter(None, section.split(".")):
        # The first deployment is of the route "simple".
        at = at[0] if step == "simple" else at[step]
    at["no_such_key"] = 1
    assert ignored_keys(config) == {f"{section}.no_such_key"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_prices_arrive_as_numbers(path: Path) -> None:
    for deployment in yaml.safe_load(path.read_text("utf-8"))["model_list"]:
        prices = {key: value for key, value in deployment["model_info"].items() if "cost" in key}
        assert len(prices) >= 5
        assert all(isinstance(value, (int, float)) for value in prices.values()), prices
