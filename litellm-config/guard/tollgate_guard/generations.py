"""Each attempt at a model as one generation in Langfuse.

LiteLLM's own ``langfuse_otel`` names the route instead of the model, sends a total instead of input and output cost, and
repeats each prompt in several spans. This says once what Langfuse's own SDK would say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from litellm.integrations.custom_logger import CustomLogger
from opentelemetry.trace import Status, StatusCode

from .call import Call, current_call
from .media import described
from .meter.attempt import Attempt
from .pricing import Usage, cost
from .traces import TraceEvents, trace_attributes
from .upstream import known_of

_OBSERVATION = "langfuse.observation"
_NANOS_PER_DOLLAR = 1_000_000_000
_PARAMETERS = ("max_tokens", "max_completion_tokens", "temperature", "top_p", "tool_choice", "stop", "stream")


class Generations(CustomLogger):  # type: ignore[misc]
    """LiteLLM calls it once for each answer, in the background. Of failed attempts it hears by some wires only: those are the meter's."""

    def __init__(self, traces: TraceEvents) -> None:
        super().__init__()
        self._traces = traces

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        params = kwargs.get("litellm_params") or {}
        known = (params.get("metadata") or {}).get("tollgate")
        if not isinstance(known, dict):
            return
        # The deployment's id is "<group>/<model>" in the rendered config.yaml.
        model = str((params.get("model_info") or {}).get("id", "")).partition("/")[2]
        call = current_call.get()
        attempts = [attempt for attempt in call.attempts if attempt.model.name == model] if call else []
        if attempts and attempts[-1].ending is not None and attempts[-1].failed:
            # LiteLLM takes some answers that were cut for whole ones.
            return
        answers = [attempt for attempt in attempts if attempt.ending is not None and not attempt.failed]
        # LiteLLM reports some answers of a fallback as free. Vectors that came in parts are several attempts.
        costs = charged_dollars(answers[0]) if len(answers) == 1 else cost_details(kwargs)
        optional = kwargs.get("optional_params") or {}
        cache_hit = kwargs.get("cache_hit") is True
        attributes = {
            **_attributes(known, model, kwargs.get("messages"), optional, cache_hit=cache_hit),
            f"{_OBSERVATION}.output": _output(response_obj),
            f"{_OBSERVATION}.usage_details": json.dumps(usage_details(getattr(response_obj, "usage", None))),
            f"{_OBSERVATION}.cost_details": json.dumps(costs),
        }
        first_token = kwargs.get("completion_start_time")
        if kwargs.get("stream") and isinstance(first_token, datetime):
            attributes[f"{_OBSERVATION}.completion_start_time"] = _iso(first_token)
        name = known["tags"]["query_type"]
        span = self._traces.start(name, known["trace_id"], known["parent"], _nanos(start_time), attributes)
        span.end(end_time=_nanos(end_time))


def send_failed(traces: TraceEvents, call: Call) -> None:
    """The attempts of a settled call that gave no whole answer, each with what it is charged; never an error's text, which may
    repeat the prompt."""
    failed = [attempt for attempt in call.attempts if attempt.failed]
    if not failed:
        return
    known = known_of(call)
    messages: Any = list(call.request.texts) or call.request.messages
    limit = {"max_tokens": call.decision.max_tokens, "stream": call.request.stream}
    for attempt in failed:
        reason = _reason(attempt)
        attributes = {
            **_attributes(known, attempt.model.name, messages, {**call.request.params, **limit}, cache_hit=False),
            f"{_OBSERVATION}.level": "ERROR",
            f"{_OBSERVATION}.status_message": reason,
            f"{_OBSERVATION}.usage_details": json.dumps(_charged_tokens(attempt.usage)),
            f"{_OBSERVATION}.cost_details": json.dumps(charged_dollars(attempt)),
        }
        name = known["tags"]["query_type"]
        span = traces.start(name, known["trace_id"], known["parent"], attempt.began_at, attributes)
        span.set_status(Status(StatusCode.ERROR, reason))
        span.end(end_time=attempt.ended_at)


def _reason(attempt: Attempt) -> str:
    """As ``HTTP 529: overloaded_error``, or ``broken: ReadError``."""
    assert attempt.ending is not None
    refused = attempt.status is not None and attempt.status >= 400
    reason = f"HTTP {attempt.status}" if refused else attempt.ending.value.replace("_", " ")
    return f"{reason}: {attempt.error}" if attempt.error else reason


def _attributes(
    known: Mapping[str, Any], model: str, messages: Any, parameters: Mapping[str, Any], *, cache_hit: bool
) -> dict[str, Any]:
    prompt = known.get("prompt")
    return {
        **trace_attributes({**known["tags"], "model_used": model}, known["trace_id"]),
        f"{_OBSERVATION}.type": "generation",
        f"{_OBSERVATION}.model.name": model,
        f"{_OBSERVATION}.model.parameters": json.dumps(
            {key: parameters[key] for key in _PARAMETERS if key in parameters}, default=str
        ),
        f"{_OBSERVATION}.input": json.dumps(described(messages), ensure_ascii=False, default=str),
        **(
            {f"{_OBSERVATION}.prompt.name": prompt[0], f"{_OBSERVATION}.prompt.version": prompt[1]}
            if prompt
            else {}
        ),
        **{f"{_OBSERVATION}.metadata.{key}": known[key] for key in ("call_id", "decision", "route")},
        f"{_OBSERVATION}.metadata.cache_hit": str(cache_hit).lower(),
    }


def _charged_tokens(usage: Usage) -> dict[str, int]:
    written = usage.cache_write_5m + usage.cache_write_1h
    kinds = {
        "input": usage.prompt - usage.cached - written,
        "input_cached_tokens": usage.cached,
        "input_cache_creation": written,
        "output": usage.completion,
    }
    return {kind: tokens for kind, tokens in kinds.items() if tokens or kind in ("input", "output")}


def charged_dollars(attempt: Attempt) -> dict[str, float]:
    """What the meter charges for an attempt, by kind of token; of a prompt that nothing was reported of, all is input."""
    model, usage = attempt.model, attempt.usage
    written = usage.cache_write_5m + usage.cache_write_1h
    without = {
        "input_cached_tokens": replace(usage, prompt=usage.prompt - usage.cached, cached=0),
        "input_cache_creation": replace(usage, prompt=usage.prompt - written, cache_write_5m=0, cache_write_1h=0),
        "output": replace(usage, completion=0),
    }
    whole = cost(model, usage)
    parts = {kind: min(attempt.cost, whole - cost(model, less)) for kind, less in without.items()}
    nanos = {"input": max(0, attempt.cost - sum(parts.values())), **parts, "total": attempt.cost}
    always = ("input", "output", "total")
    return {kind: each / _NANOS_PER_DOLLAR for kind, each in nanos.items() if each or kind in always}


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
