"""What a call comes to, attempt by attempt."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from chat_requests import request
from tollgate_guard.bounds import make_plans
from tollgate_guard.call import Call, NotSent
from tollgate_guard.config import Config
from tollgate_guard.ledger import Decision
from tollgate_guard.meter.answers import AnswerReader
from tollgate_guard.meter.attempt import Attempt
from tollgate_guard.meter.endings import Ending
from tollgate_guard.meter.wire_request import WireRequest
from tollgate_guard.meter.wires import read_wire_request
from tollgate_guard.pricing import Usage, cost

MAX_TOKENS = 100
SONNET, GEMINI = "claude-sonnet-5-5", "gemini-3.1-pro-preview"


class Purse:
    """What the ledger may add to a hold."""

    def __init__(self, nanos: int) -> None:
        self.nanos = nanos

    async def extend(self, call_id: UUID, more: int) -> bool:
        if more > self.nanos:
            return False
        self.nanos -= more
        return True


def new_call(config: Config, purse: Purse | None = None, **options: Any) -> Call:
    chat = request()
    plans = make_plans(chat, config)
    plan = plans.plans[0]
    held = plan.prompt_nanos + plan.token_nanos * MAX_TOKENS
    decision = Decision("allowed", "ok", "tier_1", plan, MAX_TOKENS, held, 0, 0, None, ())
    return Call(uuid4(), chat, decision, plans.prompt_tokens, (purse or Purse(0)).extend, **options)


def sent(text: str = "hello", **changes: Any) -> WireRequest:
    body = {"model": SONNET, "max_tokens": MAX_TOKENS, "messages": [{"role": "user", "content": text}], **changes}
    return read_wire_request("anthropic", "/v1/messages", json.dumps(body).encode())


def begin(call: Call, config: Config, model: str, wire: WireRequest | None = None) -> Attempt:
    return asyncio.run(call.begin(config.models[model], wire or sent()))


def answer(attempt: Attempt, prompt: Any = 10, completion: Any = 5, text: str = "hello") -> None:
    attempt.answer = AnswerReader("anthropic", stream=False)
    message = {
        "type": "message",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": prompt, "output_tokens": completion},
    }
    attempt.answer.feed(json.dumps(message).encode())
    attempt.answer.end()
    attempt.end(Ending.COMPLETE)


def test_an_answer_costs_what_the_provider_counted(config: Config) -> None:
    call = new_call(config)
    answer(begin(call, config, SONNET))
    charge = call.close()
    assert (charge.state, charge.outcome, charge.cost, charge.model) == ("posted", "success", 70_000, SONNET)


def test_refusals_of_the_provider_are_free_and_leave_the_hold_whole(config: Config) -> None:
    call = new_call(config)
    for model in (SONNET, SONNET, GEMINI):
        begin(call, config, model).end(Ending.STATUS_5XX)
    charge = call.close()
    assert (charge.state, charge.outcome, charge.cost) == ("posted", "refused_by_provider", 0)


def test_a_time_out_is_charged_and_the_fallback_is_held_for_first(config: Config) -> None:
    purse = Purse(10**9)
    call = new_call(config, purse)
    held = call.held_nanos
    lost = begin(call, config, SONNET)
    lost.end(Ending.TIMEOUT)
    assert lost.cost == lost.bound_nanos
    fallback = begin(call, config, GEMINI)
    assert call.held_nanos == lost.cost + fallback.bound_nanos and 10**9 - purse.nanos == call.held_nanos - held
    answer(fallback)
    own = cost(config.models[GEMINI], Usage(prompt=10, completion=5))
    assert call.close().cost == lost.cost + own <= call.held_nanos


def test_a_model_that_may_have_billed_is_not_asked_again(config: Config) -> None:
    call = new_call(config, Purse(10**9))
    begin(call, config, SONNET).end(Ending.BROKEN)
    with pytest.raises(NotSent):
        begin(call, config, SONNET)
    begin(call, config, GEMINI)


def test_without_money_for_it_no_further_attempt_is_made(config: Config) -> None:
    call = new_call(config)
    lost = begin(call, config, SONNET)
    lost.end(Ending.TIMEOUT)
    with pytest.raises(NotSent):
        begin(call, config, GEMINI)
    assert call.refusal is not None and call.refusal.code == "budget_held"
    assert call.close().cost == lost.cost <= call.held_nanos


def test_what_litellm_adds_is_held_before_it_is_sent(config: Config) -> None:
    purse = Purse(10**9)
    call = new_call(config, purse)
    attempt = begin(call, config, SONNET, sent("hello" + "x" * 5_000))
    assert attempt.prompt_bound == call.prompt_tokens + 5_000
    assert attempt.bound_nanos <= call.held_nanos
    with pytest.raises(NotSent):
        begin(new_call(config), config, SONNET, sent("hello" + "x" * 5_000))
    raised = new_call(config)
    with pytest.raises(NotSent):
        begin(raised, config, SONNET, sent(max_tokens=20 * MAX_TOKENS))
    assert raised.refusal is not None and raised.refusal.status == 402


def test_a_ledger_that_is_away_keeps_the_attempt_from_being_made(config: Config) -> None:
    async def away(call_id: UUID, more: int) -> bool:
        raise ValueError("whatever a client library raises")

    call = new_call(config)
    call.extend = away
    with pytest.raises(NotSent):
        begin(call, config, SONNET, sent("x" * 5_000))
    assert call.refusal is not None and call.refusal.code == "ledger_unavailable"
    assert call.close().state == "voided"


def test_the_wait_that_a_provider_asks_for_is_kept_once_and_only_when_short(config: Config) -> None:
    call = new_call(config)
    begin(call, config, SONNET).end(Ending.STATUS_429)
    call.ask_again_after(config.models[SONNET], 30)
    with pytest.raises(NotSent):
        begin(call, config, SONNET)
    assert call.retry_after == pytest.approx(30, abs=1)
    call.ask_again_after(config.models[SONNET], 0.01)
    begin(call, config, SONNET).end(Ending.STATUS_429)
    call.ask_again_after(config.models[SONNET], 1)
    with pytest.raises(NotSent):
        begin(call, config, SONNET)


def test_what_never_began_is_void_and_what_never_ended_is_charged_in_full(config: Config) -> None:
    assert new_call(config).close().state == "voided"
    call = new_call(config)
    attempt = begin(call, config, SONNET)
    charge = call.close()
    assert (charge.state, charge.outcome, charge.cost) == ("posted", "timeout", attempt.bound_nanos)
    with pytest.raises(NotSent):
        begin(call, config, SONNET)


def test_a_cache_hit_is_free(config: Config) -> None:
    call = new_call(config)
    call.cached = Usage(prompt=10, completion=5)
    charge = call.close()
    assert (charge.cost, charge.cache_hit, charge.prompt_tokens, charge.state) == (0, True, 10, "posted")


def test_a_client_that_left_pays_for_its_answer(config: Config) -> None:
    call = new_call(config)
    attempt = begin(call, config, SONNET)
    call.client_left = True
    answer(attempt)
    assert (call.close().outcome, call.close().cost) == ("disconnected", 70_000)


def test_only_a_whole_answer_of_a_single_attempt_may_be_cached(config: Config) -> None:
    call = new_call(config, Purse(10**9))
    answer(begin(call, config, SONNET))
    assert call.repeatable
    empty = new_call(config)
    answer(begin(empty, config, SONNET), text="")
    assert not empty.repeatable
    second = new_call(config, Purse(10**9))
    begin(second, config, SONNET).end(Ending.BROKEN)
    answer(begin(second, config, GEMINI))
    assert not second.repeatable
