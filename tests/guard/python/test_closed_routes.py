"""Every route that LiteLLM has is closed, whatever it adds in a later version, but for those that the gate names."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from litellm.proxy.proxy_server import app

from tollgate_guard.asgi import Message, Receive, Scope, Send
from tollgate_guard.config import Config
from tollgate_guard.gate import Gate
from tollgate_guard.routes import CHAT, OPEN

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
KEY = "a-key-for-this-test-only"


def paths(routes: Any, prefix: str = "") -> Iterator[str]:
    for route in routes:
        # FastAPI keeps a router that an application includes as it is, with the prefix beside it.
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from paths(included.routes, prefix + (getattr(route.include_context, "prefix", "") or ""))
            continue
        path = prefix + getattr(route, "path", "")
        yield re.sub(r"\{[^}]*\}", "x", path) or "/"
        yield from paths(getattr(route, "routes", None) or [], path)


@pytest.fixture
def asked(config: Config, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Asks the gate for a path; whether LiteLLM was reached, and what came back."""
    monkeypatch.setenv("TOLLGATE_AGENT_KEY", KEY)
    reached: list[str] = []

    async def litellm(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])

    # What decides about money is not asked before a request is a chat completion.
    none: Any = None
    gate = Gate(litellm, config, none, none, none, none)
    gate._warm = True

    def ask(kind: str, method: str, path: str) -> tuple[bool, list[Message]]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"{}", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"authorization", f"Bearer {KEY}".encode())]
        reached.clear()
        loop.run_until_complete(gate({"type": kind, "method": method, "path": path, "headers": headers}, receive, send))
        return bool(reached), sent

    loop = asyncio.new_event_loop()
    yield ask
    loop.close()


def test_no_route_of_litellm_is_open_but_probes_and_metrics(asked: Any) -> None:
    every = sorted(set(paths(app.routes)))
    assert len(every) > 300
    opened = set()
    for path in every:
        for method in METHODS:
            reached, sent = asked("http", method, path)
            if reached:
                opened.add((method, path))
            elif path not in CHAT or method != "POST":
                assert sent[0]["status"] == 404
                assert json.loads(sent[1]["body"])["error"]["code"] == "route_closed"
    assert {path for _, path in opened} <= OPEN
    assert {method for method, _ in opened} <= {"GET", "HEAD"}
    assert ("GET", "/health/readiness") in opened


def test_a_chat_completion_needs_an_identity_before_anything_else(asked: Any) -> None:
    for path in CHAT:
        reached, sent = asked("http", "POST", path)
        assert not reached and sent[0]["status"] == 400
        assert json.loads(sent[1]["body"])["error"]["code"] == "identity_missing"


def test_no_websocket_is_open(asked: Any) -> None:
    for path in sorted(set(paths(app.routes))):
        reached, sent = asked("websocket", "GET", path)
        assert not reached and sent[0]["type"] == "websocket.close"
