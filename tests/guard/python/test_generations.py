"""What Langfuse gets of each attempt at a model, from LiteLLM's own callbacks and the meter, with an exporter in memory."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

import litellm
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from test_call import GEMINI, SONNET, Purse, answer, begin, new_call
from tollgate_guard.call import current_call
from tollgate_guard.config import Config
from tollgate_guard.generations import Generations, charged_dollars, cost_details, send_failed, usage_details
from tollgate_guard.identity import read_identity
from tollgate_guard.meter.endings import Ending
from tollgate_guard.pricing import Usage, cost
from tollgate_guard.refusals import Refusal
from tollgate_guard.traces import TraceEvents, texts_left_out
from tollgate_guard.upstream import known_of

TRACE, PARENT = "ab" * 16, "cd" * 8
TAGS = {
    "customer_id": "acme",
    "plan_tier": "tier_2",
    "session_id": "s1",
    "query_type": "cost_analysis",
    "gcp_project": "shop-prod",
    "tools_invoked": ["get-spend", "list-anomalies"],
    "environment": "dev",
}


# LiteLLM's logging worker stays with the loop that it was first used in.
_loop = asyncio.new_event_loop()


class Seen(TraceEvents):
    """The guard's traces, kept instead of sent."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self._tracer = provider.get_tracer("test")


_seen = Seen()
# LiteLLM takes one callback of a kind, for good.
litellm.callbacks.append(Generations(_seen))


async def attempt(*, prompt: Any = None, trace_id: str | None = TRACE, **changes: Any) -> ReadableSpan:
    """One attempt through LiteLLM, and the span that came of it."""
    _seen.exporter.clear()
    known = {
        "tags": TAGS,
        "trace_id": trace_id,
        "parent": PARENT if trace_id else None,
        "prompt": prompt,
        "route": "analysis",
        "call_id": "call-1",
        "decision": "allowed",
    }
    reply = await litellm.acompletion(
        model="anthropic/claude-sonnet-4-5",
        messages=[{"role": "user", "content": "hello"}],
        max_tokens=50,
        metadata={"tollgate": known},
        model_info={"id": "analysis/claude-sonnet-5-5"},
        input_cost_per_token=0.000003,
        output_cost_per_token=0.000015,
        mock_response="four words of answer",
        **changes,
    )
    if changes.get("stream"):
        async for _ in reply:
            pass
    for _ in range(100):
        if spans := _seen.exporter.get_finished_spans():
            assert len(spans) == 1
            return spans[0]
        await asyncio.sleep(0.05)
    raise AssertionError("no span came")


def seen_of(**changes: Any) -> ReadableSpan:
    return _loop.run_until_complete(attempt(**changes))


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.mark.parametrize("stream", [False, True])
def test_says_what_answered_what_it_cost_and_who_asked(stream: bool) -> None:
    span = seen_of(stream=stream)
    found = attributes(span)
    assert span.name == "cost_analysis"
    assert format(span.context.trace_id, "032x") == TRACE
    assert span.parent is not None and format(span.parent.span_id, "016x") == PARENT
    assert found["langfuse.observation.type"] == "generation"
    assert found["langfuse.observation.model.name"] == "claude-sonnet-5-5"
    assert json.loads(found["langfuse.observation.input"]) == [{"role": "user", "content": "hello"}]
    assert json.loads(found["langfuse.observation.output"]) == {"role": "assistant", "content": "four words of answer"}
    assert json.loads(found["langfuse.observation.model.parameters"])["max_tokens"] == 50
    usage = json.loads(found["langfuse.observation.usage_details"])
    costs = json.loads(found["langfuse.observation.cost_details"])
    assert usage["input"] > 0 and usage["output"] > 0
    kinds = {"input": usage["input"] * 0.000003, "output": usage["output"] * 0.000015}
    assert costs == pytest.approx({**kinds, "total": sum(kinds.values())})
    assert ("langfuse.observation.completion_start_time" in found) is stream


def test_every_tag_is_there_under_the_agents_name_of_the_trace() -> None:
    found = attributes(seen_of())
    assert found["langfuse.trace.name"] == "ask"
    assert found["langfuse.environment"] == "dev"
    assert (found["user.id"], found["session.id"]) == ("acme", "s1")
    metadata = {
        name.removeprefix("langfuse.observation.metadata."): value
        for name, value in found.items()
        if name.startswith("langfuse.observation.metadata.")
    }
    assert {tag: metadata[tag] for tag in (*TAGS, "model_used")} == {
        **TAGS,
        "tools_invoked": '["get-spend", "list-anomalies"]',
        "model_used": "claude-sonnet-5-5",
    }
    # Langfuse takes a trace's tags from its last row that has any: only the agent knows in the end which tools ran.
    assert "langfuse.trace.tags" not in found


def test_a_call_without_an_agents_trace_is_a_trace_with_its_own_name_and_tags() -> None:
    span = seen_of(trace_id=None)
    found = attributes(span)
    assert span.parent is None
    assert found["langfuse.trace.name"] == "cost_analysis"
    assert list(found["langfuse.trace.tags"]) == [
        "customer_id:acme",
        "plan_tier:tier_2",
        "session_id:s1",
        "query_type:cost_analysis",
        "model_used:claude-sonnet-5-5",
        "gcp_project:shop-prod",
        "tools_invoked:get-spend,list-anomalies",
        "environment:dev",
    ]


def test_links_the_prompt_where_there_is_one() -> None:
    found = attributes(seen_of(prompt=("tollgate-assistant", 3)))
    assert found["langfuse.observation.prompt.name"] == "tollgate-assistant"
    assert found["langfuse.observation.prompt.version"] == 3
    assert not any("prompt.name" in name for name in attributes(seen_of()))


def test_a_failed_attempt_is_an_error_with_what_it_is_charged(config: Config) -> None:
    call = new_call(config, Purse(10**9))
    refused = begin(call, config, SONNET)
    refused.status, refused.error = 529, "overloaded_error"
    refused.end(Ending.STATUS_5XX)
    lost = begin(call, config, SONNET)
    lost.error = "ReadError"
    lost.end(Ending.BROKEN)
    answer(begin(call, config, GEMINI))
    _seen.exporter.clear()
    send_failed(_seen, call)
    spans = _seen.exporter.get_finished_spans()
    said = [attributes(span) for span in spans]
    assert [each["langfuse.observation.status_message"] for each in said] == [
        "HTTP 529: overloaded_error",
        "broken: ReadError",
    ]
    dollars = [json.loads(each["langfuse.observation.cost_details"]) for each in said]
    assert [round(each["total"] * 1e9) for each in dollars] == [0, lost.cost] and lost.cost > 0
    for each, span, attempt in zip(dollars, spans, call.attempts[:2], strict=True):
        assert each["input"] + each["output"] == pytest.approx(each["total"])
        assert (span.start_time, span.end_time) == (attempt.began_at, attempt.ended_at)
    for each in said:
        assert each["langfuse.observation.level"] == "ERROR"
        assert each["langfuse.observation.model.name"] == SONNET
        assert each["langfuse.observation.metadata.call_id"] == str(call.id)


@pytest.mark.parametrize("ending", [Ending.CUT, Ending.COMPLETE])
def test_an_answer_that_litellm_takes_for_whole_is_told_once(config: Config, ending: Ending) -> None:
    call = new_call(config)
    begin(call, config, SONNET).end(ending)
    _seen.exporter.clear()
    token = current_call.set(call)
    known = {"litellm_params": {"metadata": {"tollgate": known_of(call)}, "model_info": {"id": f"analysis/{SONNET}"}}}
    now = datetime.now()
    asyncio.run(Generations(_seen).async_log_success_event(known, None, now, now))
    current_call.reset(token)
    send_failed(_seen, call)
    assert len(_seen.exporter.get_finished_spans()) == 1


def test_texts_are_left_out_where_traces_must_not_have_them() -> None:
    _seen.left_out = texts_left_out("none")
    try:
        told = attributes(seen_of())
    finally:
        _seen.left_out = texts_left_out("all")
    assert not [name for name, value in told.items() if "hello" in str(value) or "four words" in str(value)]
    assert told["langfuse.observation.model.name"] == "claude-sonnet-5-5"
    with pytest.raises(ValueError, match="must be all or none"):
        texts_left_out("some")


def test_tokens_count_in_one_kind_each() -> None:
    usage = litellm.Usage(
        prompt_tokens=1_000,
        completion_tokens=20,
        prompt_tokens_details={"cached_tokens": 700},
        cache_creation_input_tokens=100,
    )
    assert usage_details(usage) == {
        "input": 200,
        "input_cached_tokens": 700,
        "input_cache_creation": 100,
        "output": 20,
    }
    assert usage_details(None) == {"input": 0, "output": 0}


def test_an_answer_costs_what_the_meter_charges(config: Config) -> None:
    attempt = begin(new_call(config), config, SONNET)
    attempt.end(Ending.COMPLETE)
    attempt.usage = Usage(prompt=1_000, cached=700, cache_write_5m=100, cache_write_1h=50, completion=20)
    attempt.cost = cost(attempt.model, attempt.usage)
    nanos = {kind: round(dollars * 1e9) for kind, dollars in charged_dollars(attempt).items()}
    assert nanos.pop("total") == attempt.cost == sum(nanos.values())
    assert nanos["input"] == cost(attempt.model, Usage(prompt=150))
    assert nanos["output"] == cost(attempt.model, Usage(completion=20))


def test_the_kinds_of_cost_add_up_to_the_total() -> None:
    breakdown = {"output_cost": 0.2, "cache_read_cost": 0.03, "cache_creation_cost": 0.05, "input_cost": 0.1}
    costs = cost_details({"response_cost": 0.4, "standard_logging_object": {"cost_breakdown": breakdown}})
    kinds = {"input": 0.12, "input_cached_tokens": 0.03, "input_cache_creation": 0.05, "output": 0.2}
    assert costs == {**kinds, "total": 0.4}
    # LiteLLM counts what the answer cost when it was first given.
    assert cost_details({"response_cost": 0.4, "cache_hit": True}) == {"input": 0.0, "output": 0.0, "total": 0.0}
    assert cost_details({}) == {"input": 0.0, "output": 0.0, "total": 0.0}


@pytest.mark.parametrize("version", [0, -1, "3", True, 1.5])
def test_a_prompts_version_is_a_whole_number(version: object) -> None:
    metadata = {"customer_id": "acme", "session_id": "s1", "query_type": "action", "prompt_name": "p"}
    assert read_identity(metadata, ["action"], {}).prompt is None
    assert read_identity({**metadata, "prompt_version": 3}, ["action"], {}).prompt == ("p", 3)
    with pytest.raises(Refusal, match="prompt_version"):
        read_identity({**metadata, "prompt_version": version}, ["action"], {})
