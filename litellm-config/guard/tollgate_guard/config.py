"""The guard's configuration: ``guard.json``, rendered from the TypeScript definitions (which are checked there)."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Model:
    """A model's prices, in nano-dollars a token, and its limits."""

    name: str
    provider: str
    input_nanos: int
    output_nanos: int
    cache_read_nanos: int
    cache_write_nanos: int
    max_prompt_tokens: int
    max_output_tokens: int

    @property
    def dearest_input_nanos(self) -> int:
        """A provider may write any prompt to its cache, which costs more than reading it."""
        return max(self.input_nanos, self.cache_write_nanos)


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
    degrade_to: str


@dataclass(frozen=True)
class Config:
    """Prices, limits and routes. Money in nano-dollars, times in seconds."""

    tiers: tuple[Tier, ...]
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

    def route(self, name: str) -> Route | None:
        """A route or a model by name; None when neither has a price."""
        return self.routes.get(name)


# Output tokens of a call to a model by name that names no limit; a route says its own.
_DIRECT_MAX_TOKENS = 4_096


def parse(data: dict[str, Any]) -> Config:
    """The configuration in the text of ``guard.json``, read as JSON."""
    models = {name: Model(name=name, **fields) for name, fields in data["models"].items()}
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
            Tier(name=name, budget_nanos=fields["budget_nanos"], degrade_to=fields["degrade_to"])
            for name, fields in data["tiers"].items()
        ),
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
    )


def load() -> Config:
    """Reads the file that ``TOLLGATE_GUARD_CONFIG`` names.

    Raises:
        KeyError: the variable is not set.
        OSError: the file cannot be read.
    """
    return parse(json.loads(Path(os.environ["TOLLGATE_GUARD_CONFIG"]).read_text("utf-8")))
