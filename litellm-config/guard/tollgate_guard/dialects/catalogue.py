"""``GET /v1/models``: what a request's ``model`` may name, as OpenAI lists it."""

from __future__ import annotations

import json
from collections.abc import Container

from ..config import Config, Route


def models(config: Config, names: Container[str] | None = None) -> bytes:
    """Every route and model with its context, in tokens: of a route the least of the models that it may reach.

    Args:
        names: what the key may use; None where that is all.
    """
    data = [
        {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": "tollgate" if name not in config.models else config.models[name].provider,
            "context_window": min(model.max_prompt_tokens for model in route.models),
            "max_output_tokens": min(model.max_output_tokens for model in route.models),
            "input": ["text", *_files(route)],
            "output": "embedding" if route.models[0].embeds else "text",
            **({"dimensions": route.models[0].dimensions} if route.models[0].embeds else {}),
            "models": list(dict.fromkeys(model.name for model in route.models)),
        }
        for name, route in sorted(config.routes.items())
        if names is None or name in names
    ]
    return json.dumps({"object": "list", "data": data}).encode()


def _files(route: Route) -> list[str]:
    """What all of a route's models accept besides text."""
    images = ["image"] if all(model.images for model in route.models) else []
    return [*images, *(["pdf"] if all(model.documents for model in route.models) else [])]
