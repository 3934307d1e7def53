"""Every route of LiteLLM is closed, including those of later versions, except for the gate's."""

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
from tollgate_guard.keys import read_keys
from tollgate_guard.routes import DIALECTS, MODELS, OPEN

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
KEY = "a-key-for-this-test-only"


def paths(routes: Any, prefix: str = "") -> Iterator[str]:
    for route in routes:
        # FastAPI keeps an included router unchanged, and its prefix separately.
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from paths(included.routes, prefix + (getattr(route.include_context, "prefix", "") or ""))
            continue
        path = prefix + getattr(route, "path", "")
        yield re.sub(r"\{[^}]*\}", "x", path) or "/"
        yield from paths(getattr(route, "routes", None) or [], path)


@pytest.fixture
def asked(config: Config) -> Any:
    """Asks the gate for a path; whether LiteLLM was reached, and what came back."""
    reached: list[str] = []

    async def litellm(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])

    # What decides about money is not asked before a request is a chat completion.
    none: Any = None
    gate = Gate(litellm, config, none, none, none, none, read_keys({"TOLLGATE_AGENT_KEY": KEY}, config))
    gate._warm = True

    def ask(kind: str, method: str, path: str, body: Any = None) -> tuple[bool, list[Message]]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": json.dumps(body or {}).encode(), "more_body": False}

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
            elif path in MODELS and method == "GET":
                assert sent[0]["status"] == 200
            elif path not in DIALECTS or method != "POST":
                assert sent[0]["status"] == 404
                assert json.loads(sent[1]["body"])["error"]["code"] == "route_closed"
    assert {path for _, path in opened} <= OPEN
    assert {method for method, _ in opened} <= {"GET", "HEAD"}
    assert ("GET", "/health/readiness") in opened


@pytest.mark.parametrize("path", DIALECTS)
def test_a_call_needs_an_identity_before_anything_else(asked: Any, path: str) -> None:
    message = [{"role": "user", "content": "hi"}]
    reached, sent = asked(
        "http", "POST", path, {"model": "simple", "messages" if "responses" not in path else "input": message}
    )
    assert not reached and sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["error"]["code"] == "identity_missing"


@pytest.mark.parametrize("path", MODELS)
def test_routes_and_models_are_listed_with_their_context(asked: Any, config: Config, path: str) -> None:
    reached, sent = asked("http", "GET", path)
    listed = {each["id"]: each for each in json.loads(sent[1]["body"])["data"]}
    assert not reached and listed.keys() == config.routes.keys()
    assert listed["simple"]["context_window"] == 200_000
    assert listed["claude-haiku-4-5"]["max_output_tokens"] == 64_000


def test_no_websocket_is_open(asked: Any) -> None:
    for path in sorted(set(paths(app.routes))):
        reached, sent = asked("websocket", "GET", path)
        assert not reached and sent[0]["type"] == "websocket.close"
