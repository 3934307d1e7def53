"""What the gateway serves. A route that is not named here is closed, whatever LiteLLM would make of it."""

from __future__ import annotations

from .dialects.anthropic import Messages
from .dialects.dialect import ChatCompletions, Dialect
from .dialects.embeddings import Embeddings
from .dialects.responses import Responses

CHAT = ("/v1/chat/completions", "/chat/completions")

# What costs money, each in its own words.
DIALECTS: dict[str, Dialect] = {
    **dict.fromkeys(CHAT, ChatCompletions()),
    "/v1/messages": Messages(),
    **dict.fromkeys(("/v1/responses", "/responses"), Responses()),
    **dict.fromkeys(("/v1/embeddings", "/embeddings"), Embeddings()),
}

MODELS = frozenset({"/v1/models", "/models"})

READINESS = "/health/readiness"

# Without a key: probes and the collector. `/health` itself is closed, for it calls the models.
OPEN = frozenset({"/health/liveliness", "/health/liveness", READINESS, "/metrics", "/metrics/"})


def dialect_of(method: str, path: str) -> Dialect | None:
    """The dialect of a route; None where it is closed."""
    return DIALECTS.get(path) if method == "POST" else None


def is_models(method: str, path: str) -> bool:
    return method == "GET" and path in MODELS


def is_open(method: str, path: str) -> bool:
    return method in ("GET", "HEAD") and path in OPEN
