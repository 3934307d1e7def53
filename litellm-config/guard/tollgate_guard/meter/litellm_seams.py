"""Where the meter changes LiteLLM itself, because no setting of LiteLLM's does it."""

from __future__ import annotations

from typing import Any

from litellm.caching.caching import Cache
from litellm.llms.vertex_ai.vertex_llm_base import VertexBase

from ..call import current_call
from .providers import PLACEHOLDER


def install() -> None:
    """Keeps Google's tokens from LiteLLM, and answers out of its cache that may not be repeated."""

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


def _repeatable() -> bool:
    call = current_call.get()
    return call is not None and call.repeatable
