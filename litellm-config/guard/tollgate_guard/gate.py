"""The gate before LiteLLM, as ASGI middleware: it lets a call through once it is paid for, and nothing else.

LiteLLM gets a request of the gate's making, with the checked body and no header of the client's, so that nothing a client
sends besides it can name a customer, a model or a price. A client that goes away is not seen by LiteLLM: the provider bills
the answer anyway, so it is read to its end and charged as it was.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any
from uuid import UUID

from .admission import Admission
from .answer import Answer
from .asgi import App, Client, Receive, Scope, Send, receive_body, replay, send_json, send_refusal
from .bounds import make_plans, reachable_models
from .call import Call, current_call
from .config import Config
from .counting import Counting
from .dialects.catalogue import models
from .dialects.dialect import ChatCompletions, Dialect
from .embeddings import answer_bytes, read_embeddings
from .generations import send_failed
from .identity import identity_headers
from .keys import Key, Keys
from .ledger import Decision
from .ledger_access import LedgerAccess
from .log import log, tags
from .media import lacks
from .metrics import DECISIONS, HOLDS_IN_FLIGHT
from .refusals import Refusal
from .request import ChatRequest, read_body, read_request
from .room import Room
from .routes import READINESS, dialect_of, is_models, is_open
from .settling import Settler, report_crossings
from .traces import TraceEvents
from .upstream import base_headers, request_body, request_scope, trace_headers
from .warmup import warm_up

# A call whose settlement takes longer no longer counts as one of its customer's in flight.
_SETTLING_SECONDS = 5.0

# Answers with more bytes of vectors than this, of which each worker fetches so many at a time: their size is not the request's.
_LARGE_BYTES = 1024 * 1024
_LARGE_AT_ONCE = 2

# What the body of a request with files holds. They are decoded, and their pages counted, outside the event loop.
_FILES = b"base64"


# By the reason of a degraded call.
_NEARLY_USED_UP = {
    "session_budget": "the session's budget",
    "day_budget": "the customer's daily budget",
    "spend_rate": "the customer's hourly budget",
    "fleet_day": "the fleet's daily budget",
    "fleet_rate": "the fleet's hourly budget",
}


class Gate:
    """Wraps LiteLLM's application."""

    def __init__(
        self,
        app: App,
        config: Config,
        ledger: LedgerAccess,
        admission: Admission,
        settler: Settler,
        traces: TraceEvents,
        keys: Keys,
        counting: Counting | None = None,
    ) -> None:
        self._app = app
        self._config = config
        self._ledger = ledger
        self._admission = admission
        self._settler = settler
        self._traces = traces
        self._counting = counting
        self._keys = keys
        self._room = Room(config.worker_bytes)
        self._large_answers = asyncio.Semaphore(_LARGE_AT_ONCE)
        # What LiteLLM's own check of a key gets to see: no agent's key is needed behind the gate.
        self._inner_key = secrets.token_hex(32).encode()
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

    def is_from_here(self, authorization: bytes) -> bool:
        """Whether an Authorization header is the gate's own."""
        return authorization == b"Bearer " + self._inner_key

    async def warm_up(self) -> None:
        """Prepares LiteLLM; the readiness probe fails until then."""
        await warm_up(self._app, self._config, base_headers(self._inner_key))
        self._warm = True

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with ExitStack() as places:
            await self._serve_in(places, scope, receive, send)

    async def _serve_in(self, places: ExitStack, scope: Scope, receive: Receive, send: Send) -> None:
        request: ChatRequest | None = None
        decision: Decision | None = None
        decided: dict[str, str] = {}
        spoken = dialect_of(scope["method"], scope["path"])
        lists = is_models(scope["method"], scope["path"])
        dialect = spoken or ChatCompletions()
        try:
            if spoken is None and not lists:
                raise Refusal("route_closed")
            key = self._keys.find(_authorization(scope), (scope.get("client") or ("",))[0])
            if lists:
                await send_json(send, models(self._config, key.routes))
                return
            places.enter_context(self._keys.place(key))
            room = places.enter_context(self._room.place())
            raw = await receive_body(receive, room.grow)
            body = read_body(raw)
            read = partial(self._read, dialect, body, scope, key)
            request = await asyncio.to_thread(read) if _FILES in raw else read()
            key.check(request)
            room.belongs_to(request.identity.customer_id)
            plans = make_plans(request, self._config, await self._count_documents(request))
            client = Client(receive)
            places.callback(client.close)
            call_id, decision, plans = await self._admission.admit(request, plans, client)
            decided = _decision_headers(call_id, decision)
            self._report(call_id, request, decision)
            if decision.decision == "refused":
                code = "unknown_customer" if decision.reason == "unknown_tier" else decision.reason
                raise Refusal(code, retry_after=decision.retry_after)
        except Refusal as refusal:
            if decision is None:
                self._report_undecided(refusal, request)
            await send_refusal(send, refusal, decided, dialect.error(refusal))
            return
        except Exception as error:
            log("error", "gateway.error", f"The call could not be prepared: {type(error).__name__}: {error}")
            failed = Refusal("gateway_error")
            await send_refusal(send, failed, decided, dialect.error(failed))
            return
        call = Call(
            id=call_id,
            request=request,
            decision=decision,
            prompt_tokens=plans.prompt_tokens,
            extend=partial(self._ledger.extend, request.identity.customer_id),
            counting=self._counting,
            exact=plans.exact,
        )
        answer = Answer(call, decided, send, dialect, dialect.writer(body))
        client.on_leave = answer.client_left
        await self._forward(call, answer, scope)

    async def _count_documents(self, request: ChatRequest) -> int | None:
        """The prompt's tokens by the providers' count where it holds a document, which has no other bound; else None."""
        if not request.has_documents:
            return None
        models = reachable_models(request, self._config)
        if any(lacks(model, request.media) for model in models):
            return None
        counted = await self._counting.count_request(request, models) if self._counting else None
        if counted is None:
            raise Refusal("document_uncounted", retry_after=2)
        return counted

    def _read(self, dialect: Dialect, body: dict[str, Any], scope: Scope, key: Key) -> ChatRequest:
        # Its refusals are in the client's words.
        asked, headers = dialect.read(body), key.identify(identity_headers(scope["headers"]))
        try:
            if dialect.embeds:
                return read_embeddings(asked, self._config, headers)
            return read_request(asked, self._config.query_types, headers)
        except Refusal as refusal:
            # Named as the client knows it.
            named = dialect.fields.get(refusal.field or "")
            if named is None or refusal.field is None:
                raise
            raise Refusal(refusal.code, refusal.message.replace(refusal.field, named, 1), field=named) from None

    async def _forward(self, call: Call, answer: Answer, scope: Scope) -> None:
        HOLDS_IN_FLIGHT.inc()
        token = current_call.set(call)
        body = request_body(call)
        headers = [
            *base_headers(self._inner_key),
            *trace_headers(call),
            (b"content-length", str(len(body)).encode()),
        ]
        try:
            await asyncio.wait_for(
                self._ask(call, request_scope(scope, headers, call.request), body, answer.send),
                self._config.hold_lease - self._config.settle_margin,
            )
        except (TimeoutError, asyncio.TimeoutError):
            await call.cut()
            await answer.cut(Refusal("provider_timeout"))
        except Exception as error:
            log("error", "gateway.error", f"LiteLLM failed: {type(error).__name__}: {error}", call_id=call.id)
            await answer.cut(Refusal("gateway_error"))
        finally:
            current_call.reset(token)
            # The client has its answer by now. A server that shuts down waits for this.
            settling = asyncio.get_running_loop().create_task(self._settler.settle(call))
            try:
                await asyncio.wait([settling], timeout=_SETTLING_SECONDS)
            finally:
                self._admission.ended(call.request)
            try:
                await settling
            finally:
                HOLDS_IN_FLIGHT.dec()
            send_failed(self._traces, call)

    async def _ask(self, call: Call, scope: Scope, body: bytes, send: Send) -> None:
        large = answer_bytes(call.request, self._config) > _LARGE_BYTES
        async with self._large_answers if large else nullcontext():
            await self._app(scope, replay(body), send)

    def _report_undecided(self, refusal: Refusal, request: ChatRequest | None) -> None:
        # A model that is not in the configuration must not be a label: a client could name any number of them.
        if request is None or self._config.route(request.model) is None:
            DECISIONS.labels("refused", refusal.code, "none", "unknown", "none").inc()
            return
        who, code = request.identity, refusal.code
        DECISIONS.labels("refused", code, request.model, "unknown", who.query_type).inc()
        log("warn", "call.refused", f"Refused: {code}", reason=code, route=request.model, **tags(who, None, None))

    def _report(self, call_id: UUID, request: ChatRequest, decision: Decision) -> None:
        who = request.identity
        DECISIONS.labels(
            decision.decision, decision.reason, request.model, decision.tier or "unknown", who.query_type
        ).inc()
        report_crossings(decision.crossed, who.customer_id, decision.tier, None, None)
        if decision.decision == "allowed":
            # Its one line is that of its settlement.
            return
        fields = {**tags(who, decision.tier, None), "call_id": call_id, "route": request.model}
        refused = decision.decision == "refused"
        if refused:
            log("warn", "call.refused", f"Refused: {decision.reason}", reason=decision.reason, **fields)
        else:
            route = decision.plan.route.name if decision.plan else None
            used_up = _NEARLY_USED_UP.get(decision.reason, "the month's budget")
            log("warn", "call.degraded", f"Goes to {route}: {used_up} is nearly used up", **fields)
        if decision.reason != "unknown_customer":
            name = "budget.refused" if refused else "budget.degraded"
            # The month's budget is what degrades where nothing else does.
            reason = decision.reason if refused or decision.reason in _NEARLY_USED_UP else "month_budget"
            self._traces.add(name, reason, who, decision.tier, None, call_id)


def _authorization(scope: Scope) -> bytes:
    """The Authorization header, or Anthropic's form of it."""
    headers = dict(scope["headers"])
    key = headers.get(b"x-api-key")
    return headers.get(b"authorization") or (b"Bearer " + key if key else b"")


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
