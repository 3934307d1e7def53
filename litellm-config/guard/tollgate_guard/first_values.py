"""Every set of labels that can occur, published with the value 0 when the gateway starts.

Prometheus counts from the second value of a series on: one that is born with the first call or error hides it from every
rate and alert.
"""

from __future__ import annotations

from itertools import product

from . import metrics
from .config import Config
from .meter.endings import Ending

_OUTCOMES = ("success", "failure", "timeout", "disconnected", "refused_by_provider")
_STATUSES = ("5xx", "4xx", "429", "timeout", "connection")


def publish_first_values(config: Config) -> None:
    """Decisions are left out: their reasons, routes, tiers and query types would be thousands of series."""
    tiers = [tier.name for tier in config.tiers]
    for model in config.models.values():
        name, provider = model.name, model.provider
        query_types = (*config.query_types, *((config.embedding_query_type,) if model.embeds else ()))
        for tier, query_type in product(tiers, query_types):
            metrics.SPEND.labels(name, tier, query_type)
        for query_type, outcome in product(query_types, _OUTCOMES):
            metrics.CALLS.labels(name, provider, query_type, outcome)
        for ending in Ending:
            metrics.ATTEMPTS.labels(provider, name, ending.value)
        for status in _STATUSES:
            metrics.PROVIDER_ERRORS.labels(provider, name, status)
        for kind in ("prompt", "cached", "cache_write_5m", "cache_write_1h", "completion"):
            metrics.TOKENS.labels(name, kind)
        for counter in (metrics.LITELLM_SPEND, metrics.CACHE_HITS, metrics.CACHE_SAVED, metrics.OVER_HOLD):
            counter.labels(name)
    for (percent, action), tier in product(zip(config.percents, config.actions, strict=True), tiers):
        metrics.CROSSINGS.labels(str(percent), action, tier)
    for operation in ("reserve", "settle", "sweep"):
        metrics.LEDGER_ERRORS_TOTAL.labels(operation)
