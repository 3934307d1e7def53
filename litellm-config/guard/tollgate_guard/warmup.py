"""Makes LiteLLM import at the start what it would import in its first requests (1 to 3 seconds with the event loop held)."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import litellm.proxy.proxy_server as proxy

from .asgi import App, Headers, Message, replay
from .call import Call, current_call
from .config import Config
from .ledger import Decision
from .log import log
from .meter.rehearsal import rehearsing
from .request import read_request
from .upstream import request_scope


async def warm_up(app: App, config: Config, headers: Headers) -> None:
    """Sends a plain and a streamed request for each provider through LiteLLM; the meter answers them: no trace, no cost."""
    try:
        while proxy.llm_router is None:
            await asyncio.sleep(0.05)
        for model in {model.provider: model.name for model in config.models.values() if not model.embeds}.values():
            for stream in (False, True):
                await _request(app, config.query_types[0], model, headers, stream)
    except Exception as error:  # A gateway that is slow at first is better than none.
        log("warn", "gateway.cold", f"The warm-up failed: {type(error).__name__}: {error}")


async def _request(app: App, query_type: str, model: str, headers: Headers, stream: bool) -> None:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "warm-up"}],
        "metadata": {"customer_id": "none", "session_id": "none", "query_type": query_type},
        "stream": stream,
    }
    request = read_request(body, [query_type])
    nothing = Decision("allowed", "ok", None, None, 0, 0, None, None, None, ())
    call = Call(uuid4(), request, nothing, prompt_tokens=0, extend=_nothing)
    alone = {"max_tokens": 16, "no-log": True, "cache": {"no-cache": True, "no-store": True}}
    raw = json.dumps({**body, **alone}).encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "root_path": "",
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    length = (b"content-length", str(len(raw)).encode())
    statuses: list[int] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    tokens = current_call.set(call), rehearsing.set(True)
    try:
        await app(request_scope(scope, [*headers, length], request), replay(raw), send)
    finally:
        current_call.reset(tokens[0])
        rehearsing.reset(tokens[1])
    if statuses != [200]:
        raise RuntimeError(f"LiteLLM answered {statuses}")


async def _nothing(call_id: object, more: int) -> bool:
    return False
