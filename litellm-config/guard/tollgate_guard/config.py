"""The guard's configuration: ``guard.json``, rendered from the TypeScript definitions (which are checked there)."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

# How long a provider's cache keeps what is written to it.
Caching = Literal["5m", "1h"]

_PRICES = ("input_nanos", "output_nanos", "cache_read_nanos", "cache_write_5m_nanos", "cache_write_1h_nanos")


@dataclass(frozen=True)
class Price:
    """Nano-dollars a token, for prompts above a number of tokens."""

    above_tokens: int
    input_nanos: int
    output_nanos: int
    cache_read_nanos: int
    cache_write_5m_nanos: int
    cache_write_1h_nanos: int

    def worst_input_nanos(self, caching: Caching | None) -> int:
        """The highest price of a prompt's token. A provider reads or writes its cache as it sees fit."""
        written = {None: 0, "5m": self.cache_write_5m_nanos, "1h": self.cache_write_1h_nanos}[caching]
        return max(self.input_nanos, self.cache_read_nanos, written)


@dataclass(frozen=True)
class ImageTokens:
    """Tokens of an image: ``base`` and ``tile_tokens`` for each tile of ``tile`` pixels, at most ``most`` (always so many without a tile)."""

    most: int
    tile: int | None
    tile_tokens: int
    base: int

    def most_tokens(self, width: int, height: int) -> int:
        """The most tokens that an image of so many pixels can have."""
        if self.tile is None:
            return self.most
        return min(self.most, self.base + self.tile_tokens * -(-width // self.tile) * -(-height // self.tile))


@dataclass(frozen=True)
class Model:
    """A model's prices and limits. ``prices`` is in ascending order of prompt length and begins at 0."""

    name: str
    provider: str
    prices: tuple[Price, ...]
    max_prompt_tokens: int
    max_output_tokens: int
    # The lifetime of what LiteLLM marks for the provider's cache where the client marks nothing.
    prompt_cache: Caching | None
    # None: it takes no images.
    images: ImageTokens | None = None
    # Whether it takes PDF documents, and its provider counts them.
    documents: bool = False
    # Of an embedding model, the most numbers of a vector; None: it answers in text.
    dimensions: int | None = None

    @property
    def embeds(self) -> bool:
        return self.dimensions is not None

    def price(self, prompt_tokens: int) -> Price:
        """The price of a request whose prompt has so many tokens: the whole of it costs the tier that the prompt reaches."""
        return self._reachable(prompt_tokens)[-1]

    def worst_input_nanos(self, prompt_tokens: int, caching: Caching | None = None) -> int:
        """The highest price of a prompt's token, over every prompt of at most so many tokens.

        Args:
            caching: the longest lifetime of a cache entry that the request asks for; None where it marks nothing, so that
                LiteLLM's own marks apply.
        """
        return max(price.worst_input_nanos(caching or self.prompt_cache) for price in self._reachable(prompt_tokens))

    def worst_output_nanos(self, prompt_tokens: int) -> int:
        """The highest price of an output token, over every prompt of at most so many tokens."""
        return max(price.output_nanos for price in self._reachable(prompt_tokens))

    def _reachable(self, prompt_tokens: int) -> tuple[Price, ...]:
        return tuple(price for price in self.prices if price.above_tokens < max(prompt_tokens, 1))


@dataclass(frozen=True)
class Route:
    """What a name in a request's ``model`` can reach. A model asked for by name is a route of one, without fallback."""

    name: str
    models: tuple[Model, ...]
    default_max_tokens: int


@dataclass(frozen=True)
class Tier:
    name: str
    budget_nanos: int
    daily_nanos: int
    hourly_nanos: int
    degrade_to: str


@dataclass(frozen=True)
class Fleet:
    """Limits of all customers together."""

    daily_nanos: int
    hourly_nanos: int
    # Of an hourly limit, a customer's or the fleet's, from which calls are degraded.
    degrade_at_percent: int


@dataclass(frozen=True)
class Judge:
    """How calls of Langfuse's judges are made: a customer of the operator's own, and the model."""

    customer_id: str
    name: str
    tier: str
    query_type: str
    model: str


@dataclass(frozen=True)
class Config:
    """Prices, limits and routes. Money in nano-dollars, times in seconds."""

    tiers: tuple[Tier, ...]
    fleet: Fleet
    # A change of tier counts for the rest of the month only.
    prorated: bool
    session_budget_nanos: int
    session_tokens_per_minute: int
    session_calls: int
    percents: tuple[int, ...]
    actions: tuple[str, ...]
    models: dict[str, Model]
    routes: dict[str, Route]
    hold_lease: int
    settle_margin: int
    token_wait: float
    hold_wait: float
    # Of one customer in each worker: calls in flight, calls that wait, and for how long at most.
    customer_calls: int
    customer_queue: int
    queue_wait: float
    # Bytes of requests that a worker holds at the same time.
    worker_bytes: int
    # The kinds of query that a call is tagged with.
    query_types: tuple[str, ...]
    # The tag of an embedding whose request names none.
    embedding_query_type: str
    judge: Judge

    def route(self, name: str) -> Route | None:
        """A route or a model by name; None when neither has a price."""
        return self.routes.get(name)


# Output tokens of a call to a model by name that names no limit; a route says its own.
_DIRECT_MAX_TOKENS = 4_096


def _price(fields: dict[str, Any], uplift_percent: int) -> Price:
    # Rounded up: never below the bill.
    raised = {key: -(-fields[key] * (100 + uplift_percent) // 100) for key in _PRICES}
    return Price(above_tokens=fields.get("above_tokens", 0), **raised)


def _model(name: str, fields: dict[str, Any], vertex_location: str) -> Model:
    uplift = fields["regional_uplift_percent"] if vertex_location.lower() != "global" else 0
    return Model(
        name=name,
        provider=fields["provider"],
        prices=tuple(_price(each, uplift) for each in [fields, *fields["long_prompts"]]),
        max_prompt_tokens=fields["max_prompt_tokens"],
        max_output_tokens=fields["max_output_tokens"],
        prompt_cache=fields["prompt_cache"],
        images=ImageTokens(**fields["images"]) if fields["images"] else None,
        documents=fields["documents"],
        dimensions=fields["dimensions"],
    )


def parse(data: dict[str, Any], vertex_location: str = "global") -> Config:
    """The configuration in the text of ``guard.json``, read as JSON.

    Args:
        vertex_location: where Vertex AI's models are; outside of ``global`` some cost more.
    """
    models = {name: _model(name, fields, vertex_location) for name, fields in data["models"].items()}
    routes = {
        name: Route(
            name=name,
            models=tuple(models[model] for model in [*fields["variants"], *fields["fallbacks"]]),
            default_max_tokens=fields["default_max_tokens"],
        )
        for name, fields in data["routes"].items()
    }
    direct = {
        name: Route(name=name, models=(model,), default_max_tokens=_DIRECT_MAX_TOKENS) for name, model in models.items()
    }
    return Config(
        tiers=tuple(
            Tier(
                name=name,
                budget_nanos=fields["budget_nanos"],
                daily_nanos=fields["daily_nanos"],
                hourly_nanos=fields["hourly_nanos"],
                degrade_to=fields["degrade_to"],
            )
            for name, fields in data["tiers"].items()
        ),
        fleet=Fleet(
            daily_nanos=data["fleet"]["daily_nanos"],
            hourly_nanos=data["fleet"]["hourly_nanos"],
            degrade_at_percent=data["fleet"]["degrade_at_percent"],
        ),
        prorated=data["prorated"],
        session_budget_nanos=data["session"]["budget_nanos"],
        session_tokens_per_minute=data["session"]["tokens_per_minute"],
        session_calls=data["session"]["calls"],
        percents=tuple(threshold["percent"] for threshold in data["thresholds"]),
        actions=tuple(threshold["action"] for threshold in data["thresholds"]),
        models=models,
        routes={**direct, **routes},
        hold_lease=data["hold_lease"],
        settle_margin=data["settle_margin"],
        token_wait=data["token_wait"],
        hold_wait=data["hold_wait"],
        customer_calls=data["customer_calls"],
        customer_queue=data["customer_queue"],
        queue_wait=data["queue_wait"],
        worker_bytes=data["worker_bytes"],
        query_types=tuple(data["query_types"]),
        embedding_query_type=data["embedding_query_type"],
        judge=Judge(**data["judge"]),
    )


def load() -> Config:
    """Reads the file that ``TOLLGATE_GUARD_CONFIG`` names.

    Raises:
        KeyError: the variable is not set.
        OSError: the file cannot be read.
    """
    data = json.loads(Path(os.environ["TOLLGATE_GUARD_CONFIG"]).read_text("utf-8"))
    return parse(data, os.environ.get("VERTEXAI_LOCATION") or "global")
