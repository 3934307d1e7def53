"""What a call cost: integers from the tokens that the provider counted, at the prices of the definitions."""

from __future__ import annotations

from dataclasses import dataclass

from .config import Model


@dataclass(frozen=True)
class Usage:
    """Tokens of one attempt. ``prompt`` includes ``cached`` and ``cache_write``; ``completion`` includes reasoning."""

    prompt: int = 0
    cached: int = 0
    cache_write: int = 0
    completion: int = 0


def read_usage(usage: object) -> Usage | None:
    """The usage that LiteLLM gives of an answer; None when the provider counted nothing."""
    prompt = _count(usage, "prompt_tokens")
    completion = _count(usage, "completion_tokens")
    if prompt == 0:
        return None
    details = _get(usage, "prompt_tokens_details")
    cached = _count(details, "cached_tokens") or _count(usage, "cache_read_input_tokens")
    written = (
        _count(usage, "cache_creation_input_tokens")
        or _count(details, "cache_creation_tokens")
        or _count(details, "cache_write_tokens")
    )
    # Some providers count reasoning apart from the completion; then the total tells.
    total = _count(usage, "total_tokens")
    return Usage(
        prompt=prompt,
        cached=min(cached, prompt),
        cache_write=min(written, prompt - min(cached, prompt)),
        completion=max(completion, total - prompt),
    )


def cost(model: Model, usage: Usage) -> int:
    """Nano-dollars of some tokens at a model."""
    plain = usage.prompt - usage.cached - usage.cache_write
    return (
        plain * model.input_nanos
        + usage.cached * model.cache_read_nanos
        + usage.cache_write * model.cache_write_nanos
        + usage.completion * model.output_nanos
    )


def _get(holder: object, key: str) -> object:
    return holder.get(key) if isinstance(holder, dict) else getattr(holder, key, None)


def _count(holder: object, key: str) -> int:
    value = _get(holder, key)
    return value if isinstance(value, int) and value > 0 else 0
