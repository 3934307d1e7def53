"""Infrastructure traces in Tempo: how long each step of a call took, without texts of prompts or answers.

A gateway with ``TEMPO_URL`` wraps its parts in spans when it starts. Without it, this module is not loaded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .admission import Admission
from .asgi import App, Message, Receive, Scope, Send
from .call import Call
from .config import Model
from .meter.attempt import Attempt
from .meter.wire_request import WireRequest
from .routes import dialect_of
from .settling import Settler

_Result = TypeVar("_Result")

# Headers of the gate's answer, and their attributes.
_DECISION = {
    b"x-tollgate-decision": "tollgate.decision",
    b"x-tollgate-reason": "tollgate.reason",
    b"x-tollgate-call-id": "tollgate.call_id",
    b"x-tollgate-model": "tollgate.model",
}


class Spans:
    """Makes a span of each call, and children of it for the steps that take time.

    Args:
        exporter: receives the spans in the background; spans that it cannot accept are dropped.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": "gateway"}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=4_096))
        self._tracer = self._provider.get_tracer("tollgate_guard")
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to_tempo(cls, url: str) -> Spans:
        """Spans for Tempo.

        Args:
            url: Tempo's address for OTLP over HTTP.
        """
        return cls(OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=5))

    def around(self, app: App) -> App:
        """An application whose calls are spans, each in the trace that its ``traceparent`` names."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or dialect_of(scope["method"], scope["path"]) is None:
                await app(scope, receive, send)
                return
            carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            with self._tracer.start_as_current_span(
                f"POST {scope['path']}",
                context=self._propagator.extract(carrier),
                kind=SpanKind.SERVER,
                record_exception=False,
                end_on_exit=False,
            ) as span:

                async def noting(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        span.set_attribute("http.response.status_code", message["status"])
                        for name, value in message.get("headers", ()):
                            if name in _DECISION:
                                span.set_attribute(_DECISION[name], value.decode("latin-1"))
                        if message["status"] >= 500:
                            span.set_status(Status(StatusCode.ERROR))
                    await send(message)
                    if message["type"] == "http.response.body" and not message.get("more_body", False):
                        # The client has its answer; the call is settled after that.
                        span.end()

                try:
                    await app(scope, receive, noting)
                finally:
                    if span.is_recording():
                        span.end()

        return traced

    def step(self, name: str, work: Callable[..., Awaitable[_Result]]) -> Callable[..., Awaitable[_Result]]:
        """A coroutine function whose runs are spans."""

        async def traced(*args: Any, **kwargs: Any) -> _Result:
            with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False):
                return await work(*args, **kwargs)

        return traced

    def watch(self, admission: Admission, settler: Settler) -> None:
        """Makes spans of reservations, of settlements and of each request to a provider."""
        admission.admit = self.step("reserve", admission.admit)  # type: ignore[method-assign, assignment]
        settler.settle = self.step("settle", settler.settle)  # type: ignore[method-assign, assignment]
        begin = Call.begin

        async def traced(call: Call, model: Model, request: WireRequest) -> Attempt:
            attempt = await begin(call, model, request)
            span = self._tracer.start_span(
                model.name,
                kind=SpanKind.CLIENT,
                attributes={"gen_ai.provider.name": model.provider, "gen_ai.request.model": model.name},
            )
            ended = attempt.ended

            def end(ending: Attempt) -> None:
                ended(ending)
                assert ending.ending is not None
                span.set_attribute("tollgate.ending", ending.ending.value)
                if ending.status is not None:
                    span.set_attribute("http.response.status_code", ending.status)
                if ending.failed:
                    span.set_status(Status(StatusCode.ERROR))
                span.end()

            attempt.ended = end
            return attempt

        Call.begin = traced  # type: ignore[method-assign, assignment]

    def flush(self) -> None:
        """Sends what is left, within three seconds."""
        self._provider.force_flush(3_000)
