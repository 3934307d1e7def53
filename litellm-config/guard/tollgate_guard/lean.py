"""Leaves out what LiteLLM does for every call and nothing here uses: together it costs more than the guard.

Each replaced name is LiteLLM's, so a release that renames one fails at the start (``AttributeError``).
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from litellm._service_logger import ServiceLogging
from litellm.caching import caching_handler
from litellm.integrations.prometheus import PrometheusLogger
from litellm.litellm_core_utils import litellm_logging
from litellm.litellm_core_utils.litellm_logging import Logging
from litellm.llms.anthropic.common_utils import AnthropicModelInfo
from litellm.proxy.hooks import PROXY_HOOKS
from litellm.router import Router


def install() -> None:
    """Replaces it. Must run before LiteLLM makes its hooks, which it does after it has read its configuration."""
    # Limits of LiteLLM's keys, users and agents; the guard's key has none. One of them writes to Redis after each call.
    PROXY_HOOKS.clear()

    # A second success handler, in a thread, for synchronous callbacks: all of ours are asynchronous.
    _replace(Logging, "_should_run_sync_callbacks_for_async_calls", lambda self: False)
    # Counts of each deployment's successes, tokens and requests a minute, for cooldowns and limits that are not configured.
    _replace(Router, "deployment_callback_on_success", _nothing)
    _replace(Router, "_increment_deployment_usage", _nothing)
    # Gauges of those limits: their labels are computed even where the metric is not published.
    _replace(PrometheusLogger, "_set_v3_rate_limit_allowed_and_used_metrics", lambda self, *_, **__: None)
    # Savings of LiteLLM's automatic router, which is not configured.
    _replace(litellm_logging, "_autorouter_savings_for_payload", lambda *_, **__: None)
    # Timings of LiteLLM's own calls to Redis, for services that are not configured.
    _replace(ServiceLogging, "async_service_success_hook", _nothing)

    # At each cache lookup, the signature of a function that got no positional arguments.
    by_position = caching_handler.convert_args_to_kwargs
    _replace(
        caching_handler,
        "convert_args_to_kwargs",
        lambda function, args=None: by_position(function, args) if args else {},
    )
    # A model's capabilities, from the price list in memory.
    can = AnthropicModelInfo._supports_model_capability
    _replace(AnthropicModelInfo, "_supports_model_capability", staticmethod(lru_cache(maxsize=256)(can)))

    # Before LiteLLM's filter, which searches each line for secrets.
    logging.getLogger("uvicorn.access").filters.insert(0, _is_error)


def _replace(owner: Any, name: str, by: Any) -> None:
    getattr(owner, name)
    setattr(owner, name, by)


async def _nothing(*_: Any, **__: Any) -> None:
    pass


def _is_error(record: logging.LogRecord) -> bool:
    """Whether uvicorn's access line is of an error; other answers have the guard's line. Its last argument is the status."""
    return not isinstance(record.args, tuple) or not record.args or int(str(record.args[-1])) >= 400
