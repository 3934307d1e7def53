"""Makes LiteLLM import at the start what it would import in its first requests (1 to 3 seconds with the event loop held)."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

import litellm.proxy.proxy_server as proxy

from .call import Call, current_call
from .config import Config
from .ledger import Decision
from .log import log
from .request import read_request

_PROVIDER_MODULES = (
    "openai",
    "litellm.llms.openai.openai",
    "litellm.llms.anthropic.chat.handler",
    "litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini",
    "google.auth.transport.requests",
)


async def warm_up(app: Callable[..., Awaitable[None]], config: Config, headers: list[tuple[bytes, bytes]]) -> None:
    """Sends a plain and a streamed request through LiteLLM that it answers itself: no provider, no trace, no cost."""
    try:
        while proxy.llm_router is None:
            await asyncio.sleep(0.05)
        for module in _PROVIDER_MODULES:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
        for stream in (False, True):
            await _request(app, next(iter(config.models)), headers, stream)
    except Exception as error:  # A gateway that is slow at first is better than none.
        log("warn", "gateway.cold", f"The warm-up failed: {type(error).__name__}: {error}")


async def _request(
    app: Callable[..., Awaitable[None]], model: str, headers: list[tuple[bytes, bytes]], stream: bool
) -> None:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "warm-up"}],
        "metadata": {"customer_id": "none", "session_id": "none", "query_type": "action"},
        "stream": stream,
    }
    request = read_request(json.dumps(body).encode())
    nothing = Decision("allowed", "ok", None, None, 0, 0, None, None, None, ())
    call = Call(uuid4(), request, nothing, prompt_tokens=0, extend=_nothing)
    raw = json.dumps({**body, "mock_response": "warm", "no-log": True, "cache": {"no-cache": True, "no-store": True}})
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/chat/completions",
        "raw_path": b"/v1/chat/completions",
        "root_path": "",
        "query_string": b"",
        "headers": [*headers, (b"content-length", str(len(raw)).encode())],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": {},
    }
    messages: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": raw.encode(), "more_body": False}]
    statuses: list[int] = []

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop() if messages else await asyncio.get_running_loop().create_future()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    token = current_call.set(call)
    try:
        await app(scope, receive, send)
    finally:
        current_call.reset(token)
    if statuses != [200]:
        raise RuntimeError(f"LiteLLM answered {statuses}")


async def _nothing(call_id: object, more: int) -> bool:
    return False
