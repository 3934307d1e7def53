"""What a call cost: integers from the tokens that the provider counted, at the prices of the definitions."""

from __future__ import annotations

from dataclasses import dataclass

from .config import Model


@dataclass(frozen=True)
class Usage:
    """Tokens of one attempt. ``prompt`` includes what was read from and written to the provider's cache; ``completion``
    includes reasoning."""

    prompt: int = 0
    cached: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    completion: int = 0


def read_usage(usage: object) -> Usage | None:
    """The usage that LiteLLM reports for an answer; None when the provider counted nothing.

    A cache write without a lifetime is a five-minute one: Anthropic names the lifetime of any other.
    """
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
    written_1h = _count(_get(details, "cache_creation_token_details"), "ephemeral_1h_input_tokens")
    cached = min(cached, prompt)
    written_1h = min(written_1h, prompt - cached)
    # Some providers count reasoning apart from the completion; then only the total includes it.
    total = _count(usage, "total_tokens")
    return Usage(
        prompt=prompt,
        cached=cached,
        cache_write_5m=min(max(written - written_1h, 0), prompt - cached - written_1h),
        cache_write_1h=written_1h,
        completion=max(completion, total - prompt),
    )


def cost(model: Model, usage: Usage) -> int:
    """Nano-dollars of some tokens at a model. The prompt's length decides the price of the whole request."""
    price = model.price(usage.prompt)
    plain = usage.prompt - usage.cached - usage.cache_write_5m - usage.cache_write_1h
    return (
        plain * price.input_nanos
        + usage.cached * price.cache_read_nanos
        + usage.cache_write_5m * price.cache_write_5m_nanos
        + usage.cache_write_1h * price.cache_write_1h_nanos
        + usage.completion * price.output_nanos
    )


def cache_read_saving(model: Model, usage: Usage) -> int:
    """Nano-dollars that the tokens read from the provider's cache would have cost more without it."""
    price = model.price(usage.prompt)
    return usage.cached * (price.input_nanos - price.cache_read_nanos)


def cache_write_surcharge(model: Model, usage: Usage) -> int:
    """Nano-dollars that the tokens written to the provider's cache cost more than plain input."""
    price = model.price(usage.prompt)
    return usage.cache_write_5m * (price.cache_write_5m_nanos - price.input_nanos) + usage.cache_write_1h * (
        price.cache_write_1h_nanos - price.input_nanos
    )


def _get(holder: object, key: str) -> object:
    return holder.get(key) if isinstance(holder, dict) else getattr(holder, key, None)


def _count(holder: object, key: str) -> int:
    value = _get(holder, key)
    return value if isinstance(value, int) and value > 0 else 0
