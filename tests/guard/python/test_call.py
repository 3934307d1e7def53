"""What a call comes to, attempt by attempt."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from chat_requests import request
from tollgate_guard.bounds import attempt_bound, make_plans
from tollgate_guard.call import Call
from tollgate_guard.config import Config
from tollgate_guard.ledger import Decision
from tollgate_guard.pricing import Usage, cost
from tollgate_guard.refusals import Refusal

MAX_TOKENS = 100


class Purse:
    """What the ledger may add to a hold."""

    def __init__(self, nanos: int) -> None:
        self.nanos = nanos

    async def extend(self, call_id: UUID, more: int) -> bool:
        if more > self.nanos:
            return False
        self.nanos -= more
        return True


def new_call(config: Config, purse: Purse | None = None) -> Call:
    chat = request()
    plans = make_plans(chat, config)
    plan = plans.plans[0]
    held = plan.prompt_nanos + plan.token_nanos * MAX_TOKENS
    decision = Decision("allowed", "ok", "tier_1", plan, MAX_TOKENS, held, 0, 0, None, ())
    return Call(uuid4(), chat, decision, plans.prompt_tokens, (purse or Purse(0)).extend)


def begin(call: Call, config: Config, model: str) -> int:
    asyncio.run(call.begin(config.models[model]))
    return attempt_bound(config.models[model], call.prompt_tokens, MAX_TOKENS, 1)


SONNET, GEMINI = "claude-sonnet-5-5", "gemini-3.1-pro-preview"


def test_an_answer_costs_what_the_provider_counted(config: Config) -> None:
    call = new_call(config)
    begin(call, config, SONNET)
    call.succeed(Usage(prompt=10, completion=5), 20)
    charge = call.close()
    assert (charge.state, charge.outcome, charge.cost, charge.model) == ("posted", "success", 70_000, SONNET)


def test_refusals_of_the_provider_are_free_and_leave_the_hold_whole(config: Config) -> None:
    call = new_call(config)
    for model in (SONNET, SONNET, GEMINI):
        begin(call, config, model)
        call.fail("refused_by_provider", billed=False)
    charge = call.close()
    assert (charge.state, charge.outcome, charge.cost) == ("posted", "refused_by_provider", 0)


def test_a_time_out_is_charged_and_the_fallback_is_held_for_first(config: Config) -> None:
    purse = Purse(10**9)
    call = new_call(config, purse)
    held = call.held_nanos
    lost = begin(call, config, SONNET)
    call.fail("timeout", billed=True)
    bound = begin(call, config, GEMINI)
    assert call.held_nanos == lost + bound and 10**9 - purse.nanos == lost + bound - held
    call.succeed(Usage(prompt=10, completion=5), 20)
    assert call.close().cost == lost + cost(config.models[GEMINI], Usage(prompt=10, completion=5)) <= call.held_nanos


def test_without_money_for_it_no_further_attempt_is_made(config: Config) -> None:
    call = new_call(config)
    lost = begin(call, config, SONNET)
    call.fail("timeout", billed=True)
    with pytest.raises(Refusal):
        begin(call, config, GEMINI)
    assert call.refusal is not None and call.refusal.code == "budget_held"
    assert call.close().cost == lost <= call.held_nanos


def test_an_answer_without_usage_is_charged_by_its_bytes_and_never_over_the_limit_it_kept(config: Config) -> None:
    for size, completion in ((60, 60), (400, MAX_TOKENS), (8 * MAX_TOKENS, MAX_TOKENS), (5_000, 5_000)):
        call = new_call(config)
        begin(call, config, SONNET)
        call.succeed(None, size)
        charge = call.close()
        assert charge.completion_tokens == completion
        assert charge.cost == call.prompt_tokens * 2_500 + completion * 10_000


def test_a_broken_stream_is_charged_for_what_came(config: Config) -> None:
    call = new_call(config)
    begin(call, config, SONNET)
    call.break_off(30)
    charge = call.close()
    assert (charge.outcome, charge.cost) == ("failure", call.prompt_tokens * 2_500 + 30 * 10_000)


def test_what_never_began_is_void_and_what_never_ended_is_charged_in_full(config: Config) -> None:
    assert new_call(config).close().state == "voided"
    call = new_call(config)
    bound = begin(call, config, SONNET)
    charge = call.close()
    assert (charge.state, charge.outcome, charge.cost) == ("posted", "timeout", bound)
    with pytest.raises(Refusal):
        begin(call, config, SONNET)


def test_a_cache_hit_is_free(config: Config) -> None:
    call = new_call(config)
    begin(call, config, SONNET)
    call.hit_cache(Usage(prompt=10, completion=5))
    charge = call.close()
    assert (charge.cost, charge.cache_hit, charge.prompt_tokens) == (0, True, 10)


def test_a_client_that_left_pays_for_its_answer(config: Config) -> None:
    call = new_call(config)
    begin(call, config, SONNET)
    call.client_left = True
    call.succeed(Usage(prompt=10, completion=5), 20)
    assert (call.close().outcome, call.close().cost) == ("disconnected", 70_000)
