"""Refusals and degradations as events on the session's trace in Langfuse, sent by OTLP in the background."""

from __future__ import annotations

import base64
import json
import os
import random
import time

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from .identity import Identity
from .log import tags


class TraceEvents:
    """Sends events; nothing waits for it, and what Langfuse does not take is dropped."""

    def __init__(self) -> None:
        keys = f"{os.environ['LANGFUSE_PUBLIC_KEY']}:{os.environ['LANGFUSE_SECRET_KEY']}"
        exporter = OTLPSpanExporter(
            endpoint=f"{os.environ['LANGFUSE_HOST'].rstrip('/')}/api/public/otel/v1/traces",
            headers={"Authorization": f"Basic {base64.b64encode(keys.encode()).decode()}"},
            timeout=5,
        )
        provider = TracerProvider(resource=Resource.create({"service.name": "tollgate-guard"}))
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=1_024))
        self._tracer = provider.get_tracer("tollgate_guard")

    def add(self, name: str, reason: str, who: Identity, tier: str | None, model: str | None, call_id: object) -> None:
        """Puts an event (``budget.refused``, ``budget.degraded``) on the trace that the agent named, or on one of its own."""
        known = {key: value for key, value in tags(who, tier, model).items() if value is not None and key != "trace_id"}
        now = time.time_ns()
        span = self._tracer.start_span(
            name,
            context=_parent(who),
            start_time=now,
            attributes={
                "langfuse.observation.type": "event",
                "langfuse.observation.level": "WARNING",
                "langfuse.observation.status_message": reason,
                "langfuse.trace.name": name if who.trace_id is None else "",
                "session.id": who.session_id,
                "user.id": who.customer_id,
                "langfuse.environment": who.environment,
                "langfuse.observation.metadata.call_id": str(call_id),
                **{
                    f"langfuse.observation.metadata.{key}": value if isinstance(value, str) else json.dumps(value)
                    for key, value in known.items()
                },
            },
        )
        span.end(end_time=now)


def span_id_of(who: Identity) -> str:
    """The agent's span that a call belongs to; any where it named only the trace."""
    return who.parent_observation_id or f"{random.getrandbits(64) or 1:016x}"


def _parent(who: Identity) -> trace.Context | None:
    if who.trace_id is None:
        return None
    context = trace.SpanContext(
        trace_id=int(who.trace_id, 16),
        span_id=int(span_id_of(who), 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(context))
