"""Prompts are counted by their provider's endpoint, once for each content, and never below what may be billed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID, uuid4

import litellm
import pytest
from aiohttp import web
from litellm.llms.vertex_ai.vertex_llm_base import VertexBase

from chat_requests import request
from tollgate_guard.admission import Admission
from tollgate_guard.bounds import Plans, make_plans
from tollgate_guard.call import Call
from tollgate_guard.config import Config, Model
from tollgate_guard.counting import Counting, count_path, wire_body, with_margin
from tollgate_guard.ledger import Decision
from tollgate_guard.ledger_access import LedgerAccess
from tollgate_guard.meter.answers import AnswerReader
from tollgate_guard.meter.endings import Ending
from tollgate_guard.meter.wires import read_wire_request
from tollgate_guard.request import ChatRequest

pytestmark = pytest.mark.anyio

SONNET, FLASH = "claude-sonnet-5-5", "gemini-3.8-flash"


class Endpoint:
    """Counts in place of the providers, and refuses what they document as wrong."""

    allowed: ClassVar = {
        "anthropic": {"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"},
        "vertex": {"contents", "systemInstruction", "tools", "generationConfig"},
    }

    def __init__(self, tokens: int = 1_000) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.tokens = tokens
        self.seconds = 0.0
        self.answer: tuple[int, bytes] | None = None

    async def post(self, provider: str, path: str, body: bytes) -> tuple[int, bytes]:
        sent = json.loads(body)
        self.asked.append((provider, path, sent))
        await asyncio.sleep(self.seconds)
        if self.answer is not None:
            return self.answer
        if set(sent) - self.allowed[provider] or "cache_control" in json.dumps(sent):
            return 400, b"{}"
        return 200, json.dumps({("input_tokens" if provider == "anthropic" else "totalTokens"): self.tokens}).encode()


TOOL = {
    "type": "function",
    "function": {
        "name": "get_spend",
        "description": "Spend of a project",
        "parameters": {"type": "object", "properties": {"project": {"type": "string"}}, "required": ["project"]},
    },
}
CALL = {"id": "t1", "type": "function", "function": {"name": "get_spend", "arguments": '{"project": "p"}'}}
CONVERSATION = [
    {"role": "system", "content": "You help with cloud costs."},
    {"role": "user", "content": [{"type": "text", "text": "What did I spend? \ufdfa"}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "t1", "content": '{"usd": "12.50"}'},
]
SCHEMA = {"type": "object", "properties": {"usd": {"type": "string"}}, "required": ["usd"], "additionalProperties": False}

REQUESTS = {
    "plain": {"messages": CONVERSATION[:2]},
    "tools": {"messages": CONVERSATION, "tools": [TOOL], "tool_choice": "auto"},
    "history of tools that are not sent": {"messages": CONVERSATION},
    "schema": {
        "messages": CONVERSATION[:2],
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA, "strict": True}},
    },
    "reasoning": {"messages": CONVERSATION[:2], "reasoning_effort": "low", "max_tokens": 4_000},
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def provider() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A server that keeps what it is sent, and answers that it is overloaded."""
    bodies: list[dict[str, Any]] = []

    async def serve(incoming: web.Request) -> web.Response:
        bodies.append(await incoming.json())
        return web.json_response({"error": {"message": "overloaded"}}, status=529)

    app = web.Application()
    app.router.add_route("POST", "/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}", bodies
    await runner.cleanup()


async def sent_by_litellm(model: Model, chat: ChatRequest, url: str, bodies: list[dict[str, Any]]) -> dict[str, Any]:
    kind = "vertex_ai" if model.provider == "vertex" else "anthropic"
    with pytest.raises(Exception):  # noqa: B017 - what LiteLLM makes of the stand-in's refusal is its own business
        await litellm.acompletion(
            model=f"{kind}/{model.name}",
            messages=chat.messages,
            api_base=url,
            api_key="none",
            vertex_project="p",
            vertex_location="global",
            max_tokens=chat.max_tokens or 100,
            drop_params=True,
            max_retries=0,
            cache_control_injection_points=[{"location": "message", "index": -1}] if kind == "anthropic" else [],
            **chat.params,
        )
    return bodies[-1]


@pytest.mark.parametrize("name", [SONNET, FLASH])
@pytest.mark.parametrize("kind", REQUESTS)
async def test_what_is_counted_before_is_what_litellm_sends(
    config: Config, provider: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    async def token(*_: Any, **__: Any) -> tuple[str, str]:
        return "token", "p"

    monkeypatch.setattr(VertexBase, "_ensure_access_token_async", token)
    url, bodies = provider
    model, chat, endpoint = config.models[name], request(**REQUESTS[kind]), Endpoint()
    counting = Counting(endpoint.post)
    before = await counting.count_request(chat, [model])
    sent = await sent_by_litellm(model, chat, url, bodies)
    assert await counting.count_prompt(model, json.dumps(sent).encode()) == before == 1_064
    assert len(endpoint.asked) == 1, "the body on the wire has the content that was counted before"
    assert ("'usd': {'type': 'string'}" in str(endpoint.asked)) == (kind == "schema"), "an answer's schema is billed"


def test_the_margin_is_two_percent_and_never_nothing() -> None:
    assert [with_margin(tokens) for tokens in (1, 3_200, 3_201, 100_000)] == [65, 3_264, 3_266, 102_000]


async def test_the_endpoints_are_the_documented_ones(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERTEXAI_PROJECT", "acme")
    monkeypatch.delenv("VERTEXAI_LOCATION", raising=False)
    assert count_path(config.models[SONNET]) == "/v1/messages/count_tokens"
    assert count_path(config.models[FLASH]) == (
        f"/v1/projects/acme/locations/global/publishers/google/models/{FLASH}:countTokens"
    )


async def test_the_largest_count_of_the_models_that_may_be_reached_holds(config: Config) -> None:
    sizes = {SONNET: 1_000, "claude-haiku-5-5": 2_000}

    async def post(_: str, __: str, body: bytes) -> tuple[int, bytes]:
        return 200, json.dumps({"input_tokens": sizes[json.loads(body)["model"]]}).encode()

    models = [config.models[name] for name in sizes]
    assert await Counting(post).count_request(request(), models) == with_margin(2_000)


async def test_one_question_for_one_content(config: Config) -> None:
    endpoint = Endpoint()
    endpoint.seconds = 0.05
    counting, model = Counting(endpoint.post), config.models[SONNET]
    body = wire_body(model, request())
    marked = {**body, "messages": [{"role": "user", "content": [{**PART, "cache_control": {"type": "ephemeral"}}]}]}
    others = {"max_tokens": 9, "stream": True, "metadata": {"user_id": "x"}, "temperature": 1}
    counts = await asyncio.gather(*(counting.count_prompt(model, each) for each in (body, marked, {**body, **others})))
    assert counts == [1_064] * 3 and len(endpoint.asked) == 1
    assert await counting.count_prompt(model, body) == 1_064 and len(endpoint.asked) == 1
    await counting.count_prompt(config.models["claude-opus-5-5"], body)
    assert len(endpoint.asked) == 2


PART = {"type": "text", "text": "hello"}


@pytest.mark.parametrize(
    "break_it",
    [
        lambda endpoint: setattr(endpoint, "answer", (429, b"{}")),
        lambda endpoint: setattr(endpoint, "answer", (200, b"<html>")),
        lambda endpoint: setattr(endpoint, "answer", (200, b'{"input_tokens": -4}')),
        lambda endpoint: setattr(endpoint, "answer", (200, b'{"input_tokens": true}')),
        lambda endpoint: setattr(endpoint, "answer", (200, b"[]")),
        lambda endpoint: setattr(endpoint, "seconds", 9.0),
    ],
)
async def test_without_a_count_the_bytes_bound_the_prompt_and_the_provider_is_left_alone_for_a_while(
    config: Config, monkeypatch: pytest.MonkeyPatch, break_it: Callable[[Endpoint], None]
) -> None:
    monkeypatch.setattr("tollgate_guard.counting._TIMEOUT_SECONDS", 0.05)
    endpoint = Endpoint()
    break_it(endpoint)
    counting, model = Counting(endpoint.post), config.models[SONNET]
    assert await counting.count_request(request(), [model]) is None
    assert await counting.count_request(request(), [model]) is None
    assert len(endpoint.asked) == 1
    # The other provider is asked.
    await counting.count_request(request(), [config.models[FLASH]])
    assert len(endpoint.asked) == 2
    endpoint.answer, endpoint.seconds = None, 0.0
    monkeypatch.setattr(counting, "_paused_until", {})
    assert await counting.count_request(request(), [model]) == 1_064


async def test_a_route_with_a_model_that_nobody_counts_is_bounded_by_bytes(config: Config) -> None:
    endpoint = Endpoint()
    counting = Counting(endpoint.post)
    own = Model("own", "self_hosted", config.models[SONNET].prices, 1_000, 1_000, None)
    assert not counting.can_count([config.models[SONNET], own])
    assert await counting.count_request(request(), [config.models[SONNET], own]) is None
    assert await counting.count_prompt(own, {}) is None
    assert endpoint.asked == []


async def test_a_model_that_bills_more_than_its_count_is_not_counted_again(config: Config) -> None:
    endpoint = Endpoint()
    counting, model = Counting(endpoint.post), config.models[SONNET]
    counting.check(model, counted=1_064, billed=1_064)
    assert await counting.count_request(request(), [model]) == 1_064
    counting.check(model, counted=1_064, billed=1_065)
    assert not counting.can_count([model])
    assert await counting.count_request(request(), [model]) is None
    assert counting.can_count([config.models["claude-opus-5-5"]])


async def test_a_property_named_as_a_mark_is_counted(config: Config) -> None:
    endpoint = Endpoint()
    endpoint.allowed = {**endpoint.allowed}
    property_ = {"type": "object", "properties": {"cache_control": {"type": "string", "description": "of a bucket"}}}
    tool = {"name": "f", "input_schema": property_}
    await Counting(endpoint.post).count_prompt(config.models[SONNET], {"messages": [], "tools": [tool]})
    assert endpoint.asked[0][2]["tools"] == [tool]


class Ledger:
    """Answers ``count`` to what is not exact, and ``wait`` so often."""

    away = False

    def __init__(self, waits: int = 0) -> None:
        self.asked: list[tuple[bool, bool, int]] = []
        self.waits = waits

    async def reserve(self, call_id: UUID, chat: ChatRequest, plans: Plans, *, final: bool, countable: bool) -> Decision:
        self.asked.append((plans.exact, countable, plans.prompt_tokens))
        if countable:
            decision = "count"
        elif self.waits > 0:
            self.waits -= 1
            decision = "wait"
        else:
            decision = "allowed"
        return Decision(decision, "budget_held", "tier_1", plans.plans[0], 10, 0, None, None, None, ())

    async def ping(self) -> None:
        pass


def admission_of(ledger: Ledger, config: Config, endpoint: Endpoint) -> Admission:
    return Admission(LedgerAccess(ledger), config, lambda *which: None, Counting(endpoint.post))  # type: ignore[arg-type]


@pytest.mark.parametrize("waits", [0, 2])
async def test_a_call_that_does_not_fit_by_its_bytes_is_counted_once_and_asked_for_again(config: Config, waits: int) -> None:
    endpoint, ledger = Endpoint(), Ledger(waits)
    chat = request(messages=[{"role": "user", "content": "x" * 8_000}])
    admission = admission_of(ledger, config, endpoint)
    bound = make_plans(chat, config)
    _, decision, plans = await admission.admit(chat, bound)
    assert decision.decision == "allowed" and plans.exact and plans.prompt_tokens == 1_064
    # The route's two models, and the two that it may be degraded to: two of them at each provider.
    assert len(endpoint.asked) == 4
    assert ledger.asked == [(False, True, bound.prompt_tokens), *[(True, False, 1_064)] * (1 + waits)]


async def test_a_call_is_judged_by_its_bytes_where_no_count_comes(config: Config) -> None:
    endpoint, ledger = Endpoint(), Ledger()
    endpoint.answer = (500, b"")
    chat = request()
    _, decision, plans = await admission_of(ledger, config, endpoint).admit(
        chat, make_plans(chat, config)
    )
    assert decision.decision == "allowed" and not plans.exact
    assert [asked[:2] for asked in ledger.asked] == [(False, True), (False, False)]


async def test_nothing_is_counted_for_a_model_that_nobody_counts(config: Config) -> None:
    endpoint, ledger = Endpoint(), Ledger()
    models = {name: replace(model, provider="self_hosted") for name, model in config.models.items()}
    routes = {
        name: replace(route, models=tuple(models[model.name] for model in route.models))
        for name, route in config.routes.items()
    }
    own = replace(config, models=models, routes=routes)
    chat = request()
    await admission_of(ledger, own, endpoint).admit(chat, make_plans(chat, own))
    assert [asked[:2] for asked in ledger.asked] == [(False, False)] and endpoint.asked == []


@pytest.mark.parametrize("exact", [False, True])
async def test_a_bill_above_the_count_that_let_a_call_in_ends_the_trust_in_it(config: Config, exact: bool) -> None:
    counting, model = Counting(Endpoint().post), config.models[SONNET]
    chat = request(messages=[{"role": "user", "content": "hello"}])
    plan = make_plans(chat, config, counted=100).plans[0]
    decision = Decision("allowed", "ok", "tier_1", plan, 100, 10**9, 0, 0, None, ())
    call = Call(uuid4(), chat, decision, 100, Purse().extend, counting=counting, exact=exact)
    body = {"model": SONNET, "max_tokens": 100, "messages": [{"role": "user", "content": "hello"}]}
    attempt = await call.begin(model, read_wire_request("anthropic", "/v1/messages", json.dumps(body).encode()))
    attempt.answer = AnswerReader("anthropic", stream=False)
    message = {
        "type": "message",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 101, "output_tokens": 1},
    }
    attempt.answer.feed(json.dumps(message).encode())
    attempt.answer.end()
    attempt.end(Ending.COMPLETE)
    assert counting.can_count([model]) is not exact


class Purse:
    """Has what is asked for."""

    async def extend(self, call_id: UUID, more: int) -> bool:
        return True
