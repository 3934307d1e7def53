"""LiteLLM's hooks: what happens to each attempt at a model, and nothing without a reservation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

import aiohttp
import httpx
import litellm
from litellm.integrations.custom_logger import CustomLogger

from .caching import without_marks
from .call import Call, current_call
from .config import Config, Model
from .log import log, tags
from .metrics import LITELLM_SPEND, PROVIDER_ERRORS
from .pricing import read_usage

_NANOS_PER_DOLLAR = 1_000_000_000


# Raised before anything was sent.
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    aiohttp.ClientConnectorError,
)


def failure_status(error: BaseException) -> tuple[str, bool]:
    """The metric's word for a provider's failure, and whether the provider may have billed it.

    An answer with an error status is not billed, and nor is what could not be sent. A time-out or a connection that broke
    may be: the provider has the request.
    """
    chain = list(_chain(error))
    sent = not any(isinstance(each, _UNSENT) for each in chain)
    if any(isinstance(each, (litellm.Timeout, httpx.TimeoutException, TimeoutError)) for each in chain):
        return "timeout", sent
    # LiteLLM gives a broken connection the status 500 too; only an answer has a response with a status.
    answered = any(getattr(getattr(each, "response", None), "status_code", None) for each in chain[1:])
    broken = any(isinstance(each, (httpx.TransportError, aiohttp.ClientError, ConnectionError)) for each in chain)
    if broken or (isinstance(error, litellm.APIConnectionError) and not answered):
        return "connection", sent
    status = getattr(error, "status_code", None)
    if status == 429:
        return "429", False
    if isinstance(status, int) and 400 <= status < 500:
        return "4xx", False
    if isinstance(status, int) and status >= 500:
        return "5xx", False
    return "connection", sent


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


class Hooks(CustomLogger):
    """Keeps the account of the running call. LiteLLM calls these in the context of the request they belong to."""

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
        if call.attempts and call.attempts[-1].model is not model:
            log(
                "warn",
                "provider.fallback",
                f"{call.attempts[-1].model.name} failed: {model.name} answers in its place",
                **tags(call.request.identity, call.decision.tier, model.name),
                call_id=call.id,
            )
        await call.begin(model)
        metadata = kwargs.get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get("trace_metadata"), dict):
            metadata["trace_metadata"] = {**metadata["trace_metadata"], "model_used": model.name}
        return {**kwargs, **without_marks(model, kwargs)}

    async def async_post_call_success_deployment_hook(
        self, request_data: dict[str, Any], response: Any, call_type: Any
    ) -> None:
        """A plain answer came from a provider (cache hits do not come here)."""
        call = current_call.get()
        if call is not None:
            call.succeed(read_usage(getattr(response, "usage", None)), _answer_bytes(response, "message"))

    async def async_post_call_failure_deployment_hook(
        self,
        request_data: Mapping[str, object],
        exception: Exception,
        call_type: Any,
        fallback_depth: int | None = None,
    ) -> None:
        """An attempt failed before its answer began."""
        call = current_call.get()
        if call is None or call.open_attempt is None:
            return
        status, billed = failure_status(exception)
        outcome = "timeout" if status == "timeout" else "failure" if billed else "refused_by_provider"
        call.fail(outcome, billed=billed)
        self._provider_error(call, status, billed)

    async def async_post_call_success_hook(self, data: dict[str, Any], user_api_key_dict: Any, response: Any) -> Any:
        """The answer that goes to the client; one from the cache has no other hook."""
        call = current_call.get()
        if call is not None and (getattr(response, "_hidden_params", None) or {}).get("cache_hit") is True:
            call.hit_cache(read_usage(getattr(response, "usage", None)))
        return response

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """Passes a stream on and keeps the account of it."""
        call = current_call.get()
        if call is None:
            raise litellm.BadRequestError("No stream without a reservation", "", "tollgate")
        first = call.open_attempt
        size = 0
        told = None
        try:
            async for chunk in response:
                size += _answer_bytes(chunk, "delta")
                usage = getattr(chunk, "usage", None)
                if usage is not None:
                    told = usage
                    if not call.request.wants_usage:
                        if not any(_answer_bytes(chunk, "delta") or choice.finish_reason for choice in chunk.choices):
                            continue
                        del chunk.usage
                yield chunk
        except Exception as error:
            status, _ = failure_status(error)
            if status == "timeout":
                # The provider may have made, and bill, the whole answer.
                call.fail("timeout", billed=True)
            else:
                call.break_off(size)
            self._provider_error(call, status, True)
            raise
        if getattr(response, "custom_llm_provider", None) == "cached_response":
            call.hit_cache(read_usage(told))
            return
        # LiteLLM counts by itself what a provider does not tell; only the chunks as they came show which it was. After a
        # fallback within the stream they are the failed attempt's.
        chunks = getattr(response, "chunks", None) if call.open_attempt is first else None
        counted = [usage for chunk in chunks or [] if (usage := getattr(chunk, "usage", None)) is not None]
        call.succeed(read_usage(counted[-1]) if counted else None, size)

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Counts what LiteLLM thinks that the call cost, for comparison only."""
        model = self._model(kwargs.get("litellm_params") or {})
        price = kwargs.get("response_cost")
        if model is not None and isinstance(price, (int, float)):
            LITELLM_SPEND.labels(model.name).inc(round(price * _NANOS_PER_DOLLAR))

    def _provider_error(self, call: Call, status: str, billed: bool) -> None:
        model = call.attempts[-1].model
        PROVIDER_ERRORS.labels(model.provider, model.name, status).inc()
        log(
            "warn",
            "provider.error",
            f"{model.name} gave no whole answer ({status})"
            + ("; what the provider may bill for it is charged" if billed else ""),
            **tags(call.request.identity, call.decision.tier, model.name),
            call_id=call.id,
            status=status,
        )


def _answer_bytes(response: Any, part: str) -> int:
    """Bytes of the text, the reasoning and the tool calls in an answer or a chunk of it."""
    total = 0
    for choice in getattr(response, "choices", None) or []:
        message = getattr(choice, part, None)
        for key in ("content", "reasoning_content", "refusal"):
            total += len((getattr(message, key, None) or "").encode())
        for call in getattr(message, "tool_calls", None) or []:
            function = getattr(call, "function", None)
            total += len((getattr(function, "name", None) or "").encode())
            total += len((getattr(function, "arguments", None) or "").encode())
    return total
