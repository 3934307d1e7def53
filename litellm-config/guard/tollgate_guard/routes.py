"""What the gateway serves. A route that is not named here is closed, whatever LiteLLM would make of it."""

from __future__ import annotations

CHAT = frozenset({"/v1/chat/completions", "/chat/completions"})

READINESS = "/health/readiness"

# Without a key: probes and the collector. `/health` itself is closed, for it calls the models.
OPEN = frozenset({"/health/liveliness", "/health/liveness", READINESS, "/metrics", "/metrics/"})


def is_chat(method: str, path: str) -> bool:
    return method == "POST" and path in CHAT


def is_open(method: str, path: str) -> bool:
    return method in ("GET", "HEAD") and path in OPEN
