"""``GET /v1/models``: what a request's ``model`` may name, as OpenAI lists it."""

from __future__ import annotations

import json

from ..config import Config


def models(config: Config) -> bytes:
    """Every route and model with its context, in tokens: of a route the least of the models that it may reach."""
    data = [
        {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": "tollgate" if name not in config.models else config.models[name].provider,
            "context_window": min(model.max_prompt_tokens for model in route.models),
            "max_output_tokens": min(model.max_output_tokens for model in route.models),
            "models": list(dict.fromkeys(model.name for model in route.models)),
        }
        for name, route in sorted(config.routes.items())
    ]
    return json.dumps({"object": "list", "data": data}).encode()
