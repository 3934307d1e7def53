"""Makes LiteLLM import at the start what it would import in its first requests (1 to 3 seconds with the event loop held)."""

from __future__ import annotations

import asyncio
import gc
import json
from uuid import uuid4

import litellm.proxy.proxy_server as proxy

from .asgi import App, Headers, Message, replay
from .call import Call, current_call
from .config import Config, Model
from .embeddings import read_embeddings
from .ledger import Decision
from .log import log
from .meter.rehearsal import rehearsing
from .request import ChatRequest, read_request
from .upstream import request_scope


async def warm_up(app: App, config: Config, headers: Headers) -> None:
    """Sends a request of each kind for each provider through LiteLLM; the meter answers them: no trace, no cost."""
    try:
        while proxy.llm_router is None:
            await asyncio.sleep(0.05)
        for model in {(model.provider, model.embeds): model for model in config.models.values()}.values():
            for stream in (False,) if model.embeds else (False, True):
                await _request(app, _read(config, model, stream), headers)
    except Exception as error:  # A gateway that is slow at first is better than none.
        log("warn", "gateway.cold", f"The warm-up failed: {type(error).__name__}: {error}")
    _keep_what_stays()


def _keep_what_stays() -> None:
    """Takes the modules and clients that are there from now on out of Python's search for garbage.

    They are 750,000 objects, and a whole search waits until a quarter as many have come: until then garbage in circles, such
    as errors with the prompts of their calls, stayed. Without them it is searched often, and in a few milliseconds.
    """
    gc.collect()
    gc.freeze()


def _read(config: Config, model: Model, stream: bool) -> ChatRequest:
    identity = {"customer_id": "none", "session_id": "none", "query_type": config.query_types[0]}
    body = {"model": model.name, "metadata": identity}
    if model.embeds:
        return read_embeddings({**body, "input": "warm-up"}, config, {})
    messages = [{"role": "user", "content": "warm-up"}]
    return read_request({**body, "messages": messages, "stream": stream}, config.query_types)


async def _request(app: App, request: ChatRequest, headers: Headers) -> None:
    nothing = Decision("allowed", "ok", None, None, 0, 0, None, None, None, ())
    call = Call(uuid4(), request, nothing, prompt_tokens=0, extend=_nothing)
    asked = {"input": list(request.texts)} if request.texts else {"messages": request.messages, "max_tokens": 16}
    alone = {"stream": request.stream, "no-log": True, "cache": {"no-cache": True, "no-store": True}}
    raw = json.dumps({"model": request.model, **asked, **alone}).encode()
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
