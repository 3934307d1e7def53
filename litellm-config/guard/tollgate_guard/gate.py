"""The gate before LiteLLM, as ASGI middleware: it lets a chat completion through once it is paid for, and nothing else.

LiteLLM gets a request of the gate's making, with the checked body and no header of the client's, so that nothing a client
sends beside it can name a customer, a model or a price. A client that goes away is not seen by LiteLLM: the provider bills
the answer anyway, so it is read to its end and charged as it was.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID, uuid4

from .admission import Admission
from .bounds import make_plans
from .call import Call, current_call
from .config import Config
from .ledger import Decision, Ledger
from .log import log, tags
from .metrics import DECISIONS, HOLDS_IN_FLIGHT
from .refusals import Refusal
from .request import ChatRequest, read_request
from .routes import READINESS, is_chat, is_open
from .settling import Settler, report_crossings
from .traces import TraceEvents, span_id_of
from .warmup import warm_up

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_MAX_BODY_BYTES = 8 * 1024 * 1024

# A call is cut this long before its hold would expire, so that it is settled by who knows what it cost.
_MARGIN_SECONDS = 10

# LiteLLM's own headers name keys, addresses and its float costs.
_HIDDEN_HEADERS = (b"x-litellm-", b"llm_provider-", b"x-ratelimit-", b"retry-after")


class Gate:
    """Wraps LiteLLM's application."""

    def __init__(
        self, app: App, config: Config, ledger: Ledger, admission: Admission, settler: Settler, traces: TraceEvents
    ) -> None:
        self._app = app
        self._config = config
        self._ledger = ledger
        self._admission = admission
        self._settler = settler
        self._traces = traces
        self._key = os.environ["TOLLGATE_AGENT_KEY"].encode()
        self._warm = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "route_closed"})
        elif is_open(scope["method"], scope["path"]):
            if scope["path"] == READINESS and not self._warm:
                await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
                await send({"type": "http.response.body", "body": b""})
                return
            # LiteLLM redirects /metrics to /metrics/, to an address that a collector may not reach.
            path = "/metrics/" if scope["path"] == "/metrics" else scope["path"]
            await self._app({**scope, "path": path, "raw_path": path.encode()}, receive, send)
        else:
            await self._serve(scope, receive, send)

    def knows(self, authorization: bytes) -> bool:
        """Whether an Authorization header carries the agent's key."""
        kind, _, key = authorization.partition(b" ")
        return hmac.compare_digest(key.strip(), self._key) and kind.lower() == b"bearer"

    async def warm_up(self) -> None:
        """Prepares LiteLLM; the readiness probe fails until then."""
        await warm_up(self._app, self._config, self._litellm_headers())
        self._warm = True

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        decision: Decision | None = None
        decided: dict[str, str] = {}
        try:
            if not is_chat(scope["method"], scope["path"]):
                raise Refusal("route_closed")
            if not self.knows(dict(scope["headers"]).get(b"authorization", b"")):
                raise Refusal("unauthorized")
            request = read_request(await _read_body(receive))
            plans = make_plans(request, self._config)
            call_id, decision = await self._admission.admit(request, plans)
            decided = _decision_headers(call_id, decision)
            self._tell(call_id, request, decision)
            if decision.decision == "refused":
                code = "unknown_customer" if decision.reason == "unknown_tier" else decision.reason
                raise Refusal(code, retry_after=decision.retry_after)
        except Refusal as refusal:
            if decision is None:
                DECISIONS.labels("refused", refusal.code, "none", "unknown", "none").inc()
            await _send_refusal(send, refusal, decided)
            return
        call = Call(
            id=call_id,
            request=request,
            decision=decision,
            prompt_tokens=plans.prompt_tokens,
            extend=self._ledger.extend,
        )
        await self._forward(call, decided, scope, receive, send)

    async def _forward(self, call: Call, decided: dict[str, str], scope: Scope, receive: Receive, send: Send) -> None:
        HOLDS_IN_FLIGHT.inc()
        token = current_call.set(call)
        answer = _Answer(call, decided, send)
        watcher = asyncio.get_running_loop().create_task(answer.watch(receive))
        body = json.dumps(_litellm_body(call), ensure_ascii=False).encode()
        inner = {**scope, "path": "/v1/chat/completions", "raw_path": b"/v1/chat/completions", "query_string": b""}
        inner["headers"] = [*self._litellm_headers(), *_trace_headers(call), (b"content-length", str(len(body)).encode())]
        inner["state"] = dict(scope.get("state") or {})
        try:
            await asyncio.wait_for(
                self._app(inner, _replay(body), answer.send), self._config.hold_lease - _MARGIN_SECONDS
            )
        except (TimeoutError, asyncio.TimeoutError):
            await answer.cut()
        finally:
            watcher.cancel()
            current_call.reset(token)
            # The client has its answer by now. A server that shuts down waits for this.
            await self._settler.settle(call)
            HOLDS_IN_FLIGHT.dec()

    def _litellm_headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"host", b"gateway"),
            (b"content-type", b"application/json"),
            (b"authorization", b"Bearer " + self._key),
        ]

    def _tell(self, call_id: UUID, request: ChatRequest, decision: Decision) -> None:
        who = request.identity
        DECISIONS.labels(
            decision.decision, decision.reason, request.model, decision.tier or "unknown", who.query_type
        ).inc()
        fields = {**tags(who, decision.tier, None), "call_id": call_id, "route": request.model}
        route = decision.plan.route.name if decision.plan else None
        if decision.decision == "refused":
            log("warn", "call.refused", f"Refused: {decision.reason}", reason=decision.reason, **fields)
        elif decision.decision == "degraded":
            log("warn", "call.degraded", f"Goes to {route}: the month's budget is nearly used up", **fields)
        else:
            log("debug", "call.reserved", f"Held {decision.held_nanos} nano-dollars", held_nanos=decision.held_nanos, **fields)
        if decision.decision != "allowed" and decision.reason != "unknown_customer":
            name = "budget.refused" if decision.decision == "refused" else "budget.degraded"
            self._traces.add(name, decision.reason, who, decision.tier, None, call_id)
        report_crossings(decision.crossed, who.customer_id, decision.tier, None, None)


def _trace_headers(call: Call) -> list[tuple[bytes, bytes]]:
    """W3C trace context: LiteLLM's spans join the agent's trace."""
    who = call.request.identity
    return [(b"traceparent", f"00-{who.trace_id}-{span_id_of(who)}-01".encode())] if who.trace_id else []


def _decision_headers(call_id: UUID, decision: Decision) -> dict[str, str]:
    if decision.tier is None:
        return {}
    model = decision.plan.route.models[0].name if decision.plan and decision.decision != "refused" else None
    return {
        "x-tollgate-decision": decision.decision,
        "x-tollgate-reason": decision.reason,
        "x-tollgate-call-id": str(call_id),
        **({"x-tollgate-model": model} if model else {}),
        **(
            {"x-tollgate-month-remaining-nanos": str(decision.month_left_nanos)}
            if decision.month_left_nanos is not None
            else {}
        ),
        **(
            {"x-tollgate-session-remaining-nanos": str(decision.session_left_nanos)}
            if decision.session_left_nanos is not None
            else {}
        ),
    }


def _litellm_body(call: Call) -> dict[str, Any]:
    request, who, decision = call.request, call.request.identity, call.decision
    assert decision.plan is not None
    return {
        "model": decision.plan.route.name,
        "messages": request.messages,
        **request.params,
        "max_tokens": decision.max_tokens,
        **({"stream": True, "stream_options": {"include_usage": True}} if request.stream else {}),
        # The keys that LiteLLM's langfuse_otel puts on the trace.
        "metadata": {
            "session_id": who.session_id,
            "trace_user_id": who.customer_id,
            "trace_name": who.query_type,
            "generation_name": decision.plan.route.name,
            "tags": [f"plan_tier:{decision.tier}", f"query_type:{who.query_type}", f"environment:{who.environment}"],
            "trace_metadata": {
                **{key: value for key, value in tags(who, decision.tier, None).items() if key != "trace_id"},
                "call_id": str(call.id),
                "decision": decision.decision,
            },
        },
    }


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal("invalid_request", "The client left before its request was whole", field="body")
        body += message.get("body", b"")
        if len(body) > _MAX_BODY_BYTES:
            raise Refusal(
                "invalid_request", f"The body is longer than {_MAX_BODY_BYTES} bytes: shorten it", field="body"
            )
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes) -> Receive:
    """The body, and then nothing: no disconnection either."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        return await asyncio.get_running_loop().create_future()

    return receive


async def _send_refusal(send: Send, refusal: Refusal, headers: dict[str, str]) -> None:
    body = refusal.body()
    told = {
        **headers,
        **({"x-tollgate-decision": "refused", "x-tollgate-reason": refusal.code} if headers else {}),
        **refusal.headers(),
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    await send(
        {
            "type": "http.response.start",
            "status": refusal.status,
            "headers": [(key.encode(), value.encode()) for key, value in told.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


class _Answer:
    """Passes LiteLLM's answer on, with the guard's headers in place of LiteLLM's."""

    def __init__(self, call: Call, decided: dict[str, str], send: Send) -> None:
        self._call = call
        self._decided = decided
        self._send = send
        self._started = False
        self._replaced = False
        self._ended = False

    async def send(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            self._started = True
            refusal = self._call.refusal
            if refusal is not None and message["status"] >= 400:
                self._replaced = True
                await _send_refusal(self._send, refusal, self._decided)
                return
            message = {**message, "headers": self._headers(message.get("headers", []))}
        elif message["type"] == "http.response.body":
            self._ended = not message.get("more_body", False)
        await self._send(message)

    async def watch(self, receive: Receive) -> None:
        """Notes it when the client leaves before its answer is whole."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._call.client_left = not self._ended

    async def cut(self) -> None:
        """Ends an answer that took longer than any call may."""
        if not self._started:
            await _send_refusal(
                self._send,
                Refusal("ledger_unavailable", "The answer took too long. Please try again.", retry_after=1),
                self._decided,
            )
        elif not self._ended and not self._replaced:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _headers(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        model = self._call.model
        told = {**self._decided, **({"x-tollgate-model": model.name} if model else {})}
        kept = [(key, value) for key, value in headers if not key.lower().startswith(_HIDDEN_HEADERS)]
        return [*kept, *((key.encode(), value.encode()) for key, value in told.items())]
