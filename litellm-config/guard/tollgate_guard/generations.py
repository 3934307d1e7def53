"""Each attempt at a model as one generation in Langfuse.

LiteLLM's own ``langfuse_otel`` names the route instead of the model, sends a total instead of input and output cost, and
repeats each prompt in several spans. This says once what Langfuse's own SDK would say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from litellm.integrations.custom_logger import CustomLogger
from opentelemetry.trace import Status, StatusCode

from .media import described
from .traces import TraceEvents, trace_attributes

_OBSERVATION = "langfuse.observation"
_PARAMETERS = ("max_tokens", "max_completion_tokens", "temperature", "top_p", "tool_choice", "stop", "stream")


class Generations(CustomLogger):  # type: ignore[misc]
    """LiteLLM calls it once for each attempt that ended, in the background of the answer."""

    def __init__(self, traces: TraceEvents) -> None:
        super().__init__()
        self._traces = traces

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        attributes = {
            f"{_OBSERVATION}.output": _output(response_obj),
            f"{_OBSERVATION}.usage_details": json.dumps(usage_details(getattr(response_obj, "usage", None))),
            f"{_OBSERVATION}.cost_details": json.dumps(cost_details(kwargs)),
        }
        first_token = kwargs.get("completion_start_time")
        if kwargs.get("stream") and isinstance(first_token, datetime):
            attributes[f"{_OBSERVATION}.completion_start_time"] = _iso(first_token)
        self._send(kwargs, attributes, start_time, end_time, None)

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        # The kind of error only: its text may repeat the prompt.
        self._send(kwargs, {}, start_time, end_time, type(kwargs.get("exception")).__name__)

    def _send(
        self,
        kwargs: Mapping[str, Any],
        ended: Mapping[str, str],
        start_time: datetime,
        end_time: datetime,
        error: str | None,
    ) -> None:
        params = kwargs.get("litellm_params") or {}
        known = (params.get("metadata") or {}).get("tollgate")
        if not isinstance(known, dict):
            return
        # The deployment's id is "<group>/<model>" in the rendered config.yaml.
        model = str((params.get("model_info") or {}).get("id", "")).partition("/")[2]
        tags = {**known["tags"], "model_used": model}
        prompt = known.get("prompt")
        optional = kwargs.get("optional_params") or {}
        attributes = {
            **trace_attributes(tags, known["trace_id"]),
            f"{_OBSERVATION}.type": "generation",
            f"{_OBSERVATION}.model.name": model,
            f"{_OBSERVATION}.model.parameters": json.dumps(
                {key: optional[key] for key in _PARAMETERS if key in optional}, default=str
            ),
            f"{_OBSERVATION}.input": json.dumps(described(kwargs.get("messages")), ensure_ascii=False, default=str),
            **(
                {f"{_OBSERVATION}.prompt.name": prompt[0], f"{_OBSERVATION}.prompt.version": prompt[1]}
                if prompt
                else {}
            ),
            **{f"{_OBSERVATION}.metadata.{key}": known[key] for key in ("call_id", "decision", "route")},
            f"{_OBSERVATION}.metadata.cache_hit": str(kwargs.get("cache_hit") is True).lower(),
            **ended,
        }
        span = self._traces.start(
            tags["query_type"], known["trace_id"], known["parent"], _nanos(start_time), attributes
        )
        if error is not None:
            span.set_attribute(f"{_OBSERVATION}.level", "ERROR")
            span.set_attribute(f"{_OBSERVATION}.status_message", error)
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(end_time=_nanos(end_time))


def usage_details(usage: Any) -> dict[str, int]:
    """Tokens by kind, each counted in one kind only: Langfuse adds them up."""
    read = _detail(getattr(usage, "prompt_tokens_details", None), "cached_tokens")
    written = _detail(usage, "cache_creation_input_tokens")
    kinds = {
        "input": max(0, _detail(usage, "prompt_tokens") - read - written),
        "input_cached_tokens": read,
        "input_cache_creation": written,
        "output": _detail(usage, "completion_tokens"),
    }
    return {kind: tokens for kind, tokens in kinds.items() if tokens or kind in ("input", "output")}


def cost_details(kwargs: Mapping[str, Any]) -> dict[str, float]:
    """Dollars by kind of token; nothing for an answer from the cache."""
    if kwargs.get("cache_hit") is True:
        return {"input": 0.0, "output": 0.0, "total": 0.0}
    breakdown = (kwargs.get("standard_logging_object") or {}).get("cost_breakdown") or {}
    total = float(kwargs.get("response_cost") or 0)
    output = float(breakdown.get("output_cost") or 0)
    read = float(breakdown.get("cache_read_cost") or 0)
    written = float(breakdown.get("cache_creation_cost") or 0)
    # What is left is input, so that the kinds always add up to the total that LiteLLM counted.
    kinds = {
        "input": max(0.0, total - output - read - written),
        "input_cached_tokens": read,
        "input_cache_creation": written,
        "output": output,
    }
    shown = {kind: dollars for kind, dollars in kinds.items() if dollars or kind in ("input", "output")}
    # Langfuse adds up input and output only: with a third kind and no total a call would cost nothing. Its columns hold twelve
    # digits after the point and cut off what follows: 0.00024209999999999998 would be a trillionth less.
    return {kind: round(dollars, 12) for kind, dollars in {**shown, "total": total}.items()}


def _detail(holder: Any, name: str) -> int:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) else 0


def _output(response: Any) -> str:
    vectors = getattr(response, "data", None)
    if vectors:
        return f"{len(vectors)} vectors of {len(vectors[0]['embedding'])} numbers"
    choices = getattr(response, "choices", None) or []
    message = getattr(choices[0], "message", None) if choices else None
    shown = {
        "role": "assistant",
        "content": getattr(message, "content", None),
        "tool_calls": [
            {"id": call.id, "name": call.function.name, "arguments": call.function.arguments}
            for call in getattr(message, "tool_calls", None) or []
        ],
    }
    return json.dumps({key: value for key, value in shown.items() if value}, ensure_ascii=False)


def _nanos(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
