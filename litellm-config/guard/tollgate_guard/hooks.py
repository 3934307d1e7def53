"""LiteLLM's hooks: what only LiteLLM knows of a call. What is sent, and what it costs, is the meter's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import litellm
from litellm.integrations.custom_logger import CustomLogger

from .call import current_call
from .config import Config, Model
from .fitting import before_litellm
from .metrics import LITELLM_SPEND
from .pricing import Usage, read_usage

_NANOS_PER_DOLLAR = 1_000_000_000


class Hooks(CustomLogger):  # type: ignore[misc]
    """LiteLLM calls these in the context of the request they belong to."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._config = config

    def _model(self, kwargs: Mapping[str, Any]) -> Model | None:
        # The deployment's id is "<group>/<model>" in the rendered config.yaml.
        info = kwargs.get("model_info") or {}
        return self._config.models.get(str(info.get("id", "")).partition("/")[2])

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any] | None:
        """Runs before each attempt; what it raises keeps the attempt from being made."""
        call = current_call.get()
        model = self._model(kwargs)
        if call is None or model is None:
            raise litellm.BadRequestError(
                "No call without a reservation and a price", str(kwargs.get("model")), "tollgate"
            )
        return {**kwargs, **before_litellm(model, kwargs)}

    async def async_post_call_success_hook(self, data: dict[str, Any], user_api_key_dict: Any, response: Any) -> Any:
        """The answer that goes to the client; one from the cache has no other hook."""
        call = current_call.get()
        if call is not None and (getattr(response, "_hidden_params", None) or {}).get("cache_hit") is True:
            call.cached = read_usage(getattr(response, "usage", None)) or Usage()
        return response

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """Passes a stream on, without the usage where the client did not ask for it."""
        call = current_call.get()
        if call is None:
            raise litellm.BadRequestError("No stream without a reservation", "", "tollgate")
        reported = None
        async for chunk in response:
            usage = getattr(chunk, "usage", None)
            if usage is not None:
                reported = usage
                if not call.request.wants_usage:
                    if not _says_something(chunk):
                        continue
                    del chunk.usage
            yield chunk
        if getattr(response, "custom_llm_provider", None) == "cached_response":
            call.cached = read_usage(reported) or Usage()

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Counts LiteLLM's own cost of the call, for comparison only."""
        model = self._model(kwargs.get("litellm_params") or {})
        price = kwargs.get("response_cost")
        if model is not None and isinstance(price, (int, float)):
            LITELLM_SPEND.labels(model.name).inc(round(price * _NANOS_PER_DOLLAR))


def _says_something(chunk: Any) -> bool:
    for choice in getattr(chunk, "choices", None) or []:
        delta = getattr(choice, "delta", None)
        if choice.finish_reason or any(getattr(delta, key, None) for key in _SAID):
            return True
    return False


_SAID = ("content", "reasoning_content", "refusal", "tool_calls")
