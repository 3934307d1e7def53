"""What LiteLLM leaves out of each call."""

from __future__ import annotations

from typing import Any

import litellm
import pytest

from tollgate_guard.lean import _replace


def test_litellm_calls_no_hook_of_its_own_limits(gateway: Any) -> None:
    hooks = {type(each).__module__ for each in litellm.callbacks}
    assert "tollgate_guard.hooks" in hooks
    # This one LiteLLM makes when it is imported; it returns at once for a key without a limit.
    assert {module for module in hooks if module.startswith("litellm.proxy.hooks")} <= {
        "litellm.proxy.hooks.model_max_budget_limiter"
    }


def test_a_renamed_part_of_litellm_fails_the_start() -> None:
    with pytest.raises(AttributeError, match="not_there"):
        _replace(litellm.Router, "not_there", None)
