"""Where the meter changes LiteLLM itself, because no setting of LiteLLM's does it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Sequence
from typing import Any

import litellm.utils
from litellm.caching.caching import Cache
from litellm.llms.vertex_ai.vertex_llm_base import VertexBase
from litellm.proxy import proxy_server

from ..call import current_call
from .providers import PLACEHOLDER


def install(routes: Container[str]) -> None:
    """Keeps Google's tokens from LiteLLM, answers out of its cache that may not be repeated, and thought signatures in.

    Args:
        routes: names that a request's ``model`` may have, and that are not a model's.
    """

    async def token_async(self: Any, credentials: Any, project_id: str | None) -> tuple[str, str]:
        return PLACEHOLDER, project_id or ""

    def token(self: Any, credentials: Any, project_id: str | None, *more: Any) -> tuple[str, str]:
        return PLACEHOLDER, project_id or ""

    VertexBase.get_access_token_async = token_async
    VertexBase.get_access_token = token

    add_async, add = Cache.async_add_cache, Cache.add_cache

    async def async_add_cache(self: Any, result: Any, *arguments: Any, **kwargs: Any) -> Any:
        return await add_async(self, result, *arguments, **kwargs) if _repeatable() else None

    def add_cache(self: Any, result: Any, **kwargs: Any) -> Any:
        return add(self, result, **kwargs) if _repeatable() else None

    Cache.async_add_cache = async_add_cache
    Cache.add_cache = add_cache

    # LiteLLM takes Gemini's signatures out of the ids of tool calls where the model is not Gemini's; a route may be. Where
    # a model at another provider answers, `fitting.py` or LiteLLM's transformation takes them out.
    is_gemini = litellm.utils._is_gemini_model
    litellm.utils._is_gemini_model = lambda model, provider: model in routes or is_gemini(model, provider)


def before_shutdown(flushes: Sequence[Callable[[], None]]) -> None:
    """Sends what waits to be sent once the last answer is out. uvicorn ends by its signal, so nothing runs at exit."""
    shut_down = proxy_server.proxy_shutdown_event

    async def flush_and_shut_down(*args: Any, **kwargs: Any) -> None:
        await asyncio.gather(*(asyncio.to_thread(flush) for flush in flushes), return_exceptions=True)
        await shut_down(*args, **kwargs)

    proxy_server.proxy_shutdown_event = flush_and_shut_down


def _repeatable() -> bool:
    call = current_call.get()
    return call is not None and call.repeatable
