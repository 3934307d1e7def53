"""What Tempo gets of a call: its steps with their times, in the caller's trace, and no text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from tollgate_guard.asgi import Message, Receive, Scope, Send
from tollgate_guard.call import Call
from tollgate_guard.meter.attempt import Attempt
from tollgate_guard.meter.endings import Ending
from tollgate_guard.spans import Spans

TRACE, PARENT = "ab" * 16, "cd" * 8
CONTEXT = [(b"traceparent", f"00-{TRACE}-{PARENT}-01".encode()), (b"authorization", b"Bearer secret-key")]
QUESTION = "what does the customer ask"


@pytest.fixture(autouse=True)
def begin() -> Iterator[None]:
    original = Call.begin
    yield
    Call.begin = original  # type: ignore[method-assign]


class Seen:
    """Spans that are kept, around an application of the test's."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.spans = Spans(self.exporter)

    def by_name(self) -> dict[str, ReadableSpan]:
        self.spans.flush()
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def ask(self, app: Any, path: str = "/v1/chat/completions", headers: Any = CONTEXT) -> list[Message]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": QUESTION.encode()}

        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        asyncio.run(self.spans.around(app)(scope, receive, send))
        return sent


def answering(status: int, *headers: tuple[bytes, bytes]) -> Any:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": QUESTION.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


def test_a_call_is_a_span_of_the_callers_trace_with_the_gates_decision() -> None:
    seen = Seen()
    sent = seen.ask(answering(402, (b"x-tollgate-decision", b"refused"), (b"x-tollgate-reason", b"month_budget")))
    assert [message["type"] for message in sent] == ["http.response.start", *["http.response.body"] * 2]
    span = seen.by_name()["POST /v1/chat/completions"]
    assert span.context is not None and format(span.context.trace_id, "032x") == TRACE
    assert span.parent is not None and format(span.parent.span_id, "016x") == PARENT
    assert dict(span.attributes or {}) == {
        "http.response.status_code": 402,
        "tollgate.decision": "refused",
        "tollgate.reason": "month_budget",
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.resource.attributes["service.name"] == "gateway"


def test_a_failure_of_ours_is_an_error_and_what_was_raised_is_not_told() -> None:
    seen = Seen()
    seen.ask(answering(503))
    assert seen.by_name()["POST /v1/chat/completions"].status.status_code is StatusCode.ERROR

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError(QUESTION)

    with pytest.raises(ValueError, match=QUESTION):
        seen.ask(broken)
    span = seen.exporter.get_finished_spans()[-1] if not seen.spans.flush() else None
    assert span is not None and not span.events and QUESTION not in span.to_json()


@pytest.mark.parametrize("path", ["/metrics", "/v1/models", "/key/generate", f"/{QUESTION}"])
def test_what_is_no_call_is_no_span(path: str) -> None:
    seen = Seen()
    seen.ask(answering(404), path)
    assert seen.by_name() == {}


@pytest.mark.parametrize("header", [b"", b"nonsense", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01"])
def test_a_call_without_a_trace_begins_its_own(header: bytes) -> None:
    seen = Seen()
    seen.ask(answering(200), headers=[(b"traceparent", header)])
    assert seen.by_name()["POST /v1/chat/completions"].parent is None


@pytest.mark.parametrize(("ending", "status"), [(Ending.COMPLETE, StatusCode.UNSET), (Ending.BROKEN, StatusCode.ERROR)])
def test_the_steps_of_a_call_and_its_attempts_are_its_children(ending: Ending, status: StatusCode) -> None:
    seen = Seen()
    model = SimpleNamespace(name="claude-sonnet-5-5", provider="anthropic")
    reported: list[Attempt] = []
    admission, settler = SimpleNamespace(admit=None), SimpleNamespace(settle=None)

    async def admit(question: str) -> str:
        return question

    async def settle(call: object) -> None:
        pass

    async def begin(call: object, model: object, request: object) -> Any:
        return SimpleNamespace(ended=reported.append, ending=None, status=200, failed=ending is Ending.BROKEN)

    admission.admit, settler.settle = admit, settle
    Call.begin = begin  # type: ignore[method-assign, assignment]
    seen.spans.watch(admission, settler)  # type: ignore[arg-type]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert await admission.admit(QUESTION) == QUESTION
        attempt = await Call.begin(None, model, None)  # type: ignore[arg-type]
        attempt.ending = ending
        attempt.ended(attempt)
        assert reported == [attempt]
        await answering(200)(scope, receive, send)
        await settler.settle(None)

    seen.ask(app)
    found = seen.by_name()
    call = found.pop("POST /v1/chat/completions").context
    assert set(found) == {"reserve", "claude-sonnet-5-5", "settle"}
    assert all(span.parent is not None and span.parent.span_id == call.span_id for span in found.values())
    attempt = found["claude-sonnet-5-5"]
    assert attempt.status.status_code is status
    assert dict(attempt.attributes or {}) == {
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-5-5",
        "tollgate.ending": ending.value,
        "http.response.status_code": 200,
    }
    everything = "".join(span.to_json() for span in seen.exporter.get_finished_spans())
    assert QUESTION not in everything and "secret-key" not in everything
