"""What the gateway puts on the agent's trace in Langfuse, sent by OTLP in the background."""

from __future__ import annotations

import base64
import json
import os
import random
import time
from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from .identity import Identity
from .log import tags

_TAGS = (
    "customer_id",
    "plan_tier",
    "session_id",
    "query_type",
    "model_used",
    "gcp_project",
    "tools_invoked",
    "environment",
)
# The agent's name for its traces. Langfuse takes the name, the environment and the tags of a trace from the span that it
# wrote last, and writes the two sides' batches in any order. So both sides send the same name and environment, and only one
# sends tags: the agent, where there is one, as only it knows in the end which tools ran and which model answered.
_TRACE_NAME = "ask"
_TEXTS = frozenset({"langfuse.observation.input", "langfuse.observation.output"})


class TraceEvents:
    """Sends observations; nothing waits for it, and what Langfuse does not take is dropped."""

    left_out: frozenset[str] = frozenset()

    def __init__(self) -> None:
        keys = f"{os.environ['LANGFUSE_PUBLIC_KEY']}:{os.environ['LANGFUSE_SECRET_KEY']}"
        exporter = OTLPSpanExporter(
            endpoint=f"{os.environ['LANGFUSE_HOST'].rstrip('/')}/api/public/otel/v1/traces",
            headers={"Authorization": f"Basic {base64.b64encode(keys.encode()).decode()}"},
            timeout=5,
        )
        self.left_out = texts_left_out(os.environ.get("TOLLGATE_TRACE_TEXTS") or "all")
        provider = TracerProvider(resource=Resource.create({"service.name": "tollgate-guard"}))
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=1_024))
        self._provider = provider
        self._tracer = provider.get_tracer("tollgate_guard")

    def flush(self) -> None:
        """Sends what is left, within three seconds."""
        self._provider.force_flush(3_000)

    def start(
        self, name: str, trace_id: str | None, parent: str | None, start_time: int, attributes: Mapping[str, Any]
    ) -> trace.Span:
        """An observation on the trace that the agent named, or on a new one; the caller ends it. Times are in ns."""
        known = {key: value for key, value in attributes.items() if value is not None and key not in self.left_out}
        return self._tracer.start_span(name, context=_parent(trace_id, parent), start_time=start_time, attributes=known)

    def add(self, name: str, reason: str, who: Identity, tier: str | None, model: str | None, call_id: object) -> None:
        """Puts an event (``budget.refused``, ``budget.degraded``) on the trace."""
        now = time.time_ns()
        attributes = {
            **trace_attributes(tags(who, tier, model), who.trace_id),
            "langfuse.observation.type": "event",
            "langfuse.observation.level": "WARNING",
            "langfuse.observation.status_message": reason,
            "langfuse.observation.metadata.call_id": str(call_id),
        }
        self.start(name, who.trace_id, who.parent_observation_id, now, attributes).end(end_time=now)


def texts_left_out(texts: str) -> frozenset[str]:
    """The attributes that hold what a customer asks or reads, where traces must not."""
    if texts not in ("all", "none"):
        raise ValueError(f'TOLLGATE_TRACE_TEXTS (is "{texts}"): must be all or none')
    return _TEXTS if texts == "none" else frozenset()


def trace_attributes(known: Mapping[str, Any], trace_id: str | None) -> dict[str, Any]:
    """What a span says of its trace, and the tags as the span's own metadata; as the trace's too where it has no agent."""
    values = {tag: known[tag] for tag in _TAGS if known.get(tag)}
    written = [f"{tag}:{value if isinstance(value, str) else ','.join(value)}" for tag, value in values.items()]
    return {
        "langfuse.trace.name": _TRACE_NAME if trace_id else known["query_type"],
        **({} if trace_id else {"langfuse.trace.tags": written}),
        "langfuse.environment": known["environment"],
        "session.id": known["session_id"],
        "user.id": known["customer_id"],
        **{
            f"langfuse.observation.metadata.{tag}": value if isinstance(value, str) else json.dumps(value)
            for tag, value in values.items()
        },
    }


def span_id_of(who: Identity) -> str:
    """The agent's span that a call belongs to; any where it named only the trace."""
    return who.parent_observation_id or _any_span()


def _any_span() -> str:
    return f"{random.getrandbits(64) or 1:016x}"


def _parent(trace_id: str | None, parent: str | None) -> trace.Context | None:
    if trace_id is None:
        return None
    context = trace.SpanContext(
        trace_id=int(trace_id, 16),
        span_id=int(parent or _any_span(), 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(context))
