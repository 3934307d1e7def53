"""A customer's calls: how many run and wait at once, who asks the ledger next, and what others notice of it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from chat_requests import request
from tollgate_guard import lanes
from tollgate_guard.admission import Admission, least_nanos
from tollgate_guard.asgi import Client, Message
from tollgate_guard.bounds import make_plans
from tollgate_guard.config import Config
from tollgate_guard.ledger import Decision
from tollgate_guard.ledger_access import LedgerAccess
from tollgate_guard.refusals import Refusal
from tollgate_guard.request import ChatRequest

BIG, SMALL = 4_000, 40


def cost_of(config: Config, size: int) -> int:
    """What a call of so many characters needs at least, in nano-dollars."""
    chat = request(messages=[{"role": "user", "content": "x" * size}])
    return least_nanos(make_plans(chat, config).plans[0])


class Purse:
    """A ledger of nano-dollars for each customer, which it lends, and gets back when a call has ended."""

    def __init__(self, nanos: int = 10**15) -> None:
        self.left: dict[str, int] = {}
        self.nanos = nanos
        self.order: list[str] = []
        self.asked = self.asking = self.most_asking = 0
        # Each answer waits for this.
        self.answers: Callable[[ChatRequest], Awaitable[object]] = lambda chat: asyncio.sleep(0)

    async def reserve(self, call_id: Any, chat: ChatRequest, plans: Any, *, final: bool, countable: bool) -> Decision:
        self.asked += 1
        self.asking += 1
        self.most_asking = max(self.most_asking, self.asking)
        try:
            await self.answers(chat)
        finally:
            self.asking -= 1
        who = chat.identity.customer_id
        left = self.left.setdefault(who, self.nanos)
        plan = plans.plans[0]
        need = least_nanos(plan)
        if need > left:
            decision = "refused" if final else "wait"
            return Decision(decision, "budget_held", "tier_1", plan, 0, 0, 10**15, 0, 0, ())
        self.left[who] -= need
        self.order.append(chat.messages[0]["content"].strip())
        return Decision("allowed", "ok", "tier_1", plan, need, 0, 0, 0, None, ())

    async def ping(self) -> None:
        pass


class Desk:
    """The admission over a purse."""

    def __init__(self, config: Config, purse: Purse) -> None:
        self.purse = purse
        self.config = config
        self.voided: list[str] = []
        self.admission = Admission(LedgerAccess(purse), config, lambda who, _: self.voided.append(who))  # type: ignore[arg-type]

    async def begin(
        self, name: str, size: int = SMALL, customer: str = "acme", session: str = "s1", client: Client | None = None
    ) -> ChatRequest:
        """Waits until a call is let in; it stays in flight until :meth:`end`."""
        chat = request(
            messages=[{"role": "user", "content": name.ljust(size)}],
            metadata={"customer_id": customer, "session_id": session, "query_type": "cost_analysis"},
        )
        _, decision, _ = await self.admission.admit(chat, make_plans(chat, self.config), client)
        if decision.decision == "refused":
            raise Refusal(decision.reason)
        return chat

    def end(self, chat: ChatRequest) -> None:
        self.purse.left[chat.identity.customer_id] += least_nanos(make_plans(chat, self.config).plans[0])
        self.admission.ended(chat)


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 20))


async def settle_down() -> None:
    for _ in range(500):
        await asyncio.sleep(0)




@pytest.fixture
def narrow(config: Config) -> Config:
    return replace(config, customer_calls=2, customer_queue=3, queue_wait=30.0, hold_wait=10.0)


def test_calls_in_flight_and_the_queue_are_bounded_and_go_on_in_order(narrow: Config) -> None:
    async def scene() -> None:
        desk = Desk(narrow, Purse())
        calls = [asyncio.create_task(desk.begin(str(i))) for i in range(7)]
        await settle_down()
        assert [task.done() for task in calls] == [True, True, False, False, False, True, True]
        for task in calls[5:]:
            refusal = task.exception()
            assert isinstance(refusal, Refusal)
            assert (refusal.status, refusal.code, refusal.headers()["retry-after"]) == (429, "customer_busy", "3")
        for ended, begun in ((0, 2), (1, 3), (2, 4)):
            desk.end(calls[ended].result())
            await settle_down()
            assert calls[begun].done()
        assert desk.purse.order == ["0", "1", "2", "3", "4"]

    play(scene)


def test_a_call_that_finds_no_place_in_time_is_refused(narrow: Config) -> None:
    async def scene() -> None:
        desk = Desk(replace(narrow, queue_wait=0.05), Purse())
        running = [await desk.begin("a"), await desk.begin("b")]
        with pytest.raises(Refusal) as refused:
            await desk.begin("c")
        assert (refused.value.code, desk.purse.asked) == ("customer_busy", 2)
        desk.end(running[0])
        await desk.begin("d")

    play(scene)


def test_a_place_is_free_again_whatever_becomes_of_a_call_that_waits_for_it(narrow: Config) -> None:
    async def scene() -> None:
        desk = Desk(narrow, Purse())
        running = [await desk.begin("a"), await desk.begin("b")]
        waiting = [asyncio.create_task(desk.begin(name)) for name in "cde"]
        await settle_down()
        for task in waiting[:2]:
            task.cancel()
        await settle_down()
        desk.end(running[0])
        assert (await waiting[2]).messages[0]["content"].strip() == "e"
        more = [asyncio.create_task(desk.begin(name)) for name in "fgh"]
        await settle_down()
        assert not any(task.done() for task in more)
        for task in more:
            task.cancel()

    play(scene)


class Leaver:
    """A client that leaves on demand."""

    def __init__(self) -> None:
        self._gone = asyncio.Event()
        self.client = Client(self._receive)

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def leave(self) -> None:
        self._gone.set()
        await settle_down()


def test_a_call_whose_client_leaves_the_queue_is_not_begun_and_makes_room(narrow: Config) -> None:
    async def scene() -> None:
        desk, leaver = Desk(narrow, Purse()), Leaver()
        running = [await desk.begin("a"), await desk.begin("b")]
        waiting = [asyncio.create_task(desk.begin("c", client=leaver.client))]
        await settle_down()
        waiting += [asyncio.create_task(desk.begin(name)) for name in "de"]
        await settle_down()
        await leaver.leave()
        refusal = waiting[0].exception()
        assert isinstance(refusal, Refusal) and (refusal.status, refusal.code) == (499, "client_left")
        waiting.append(asyncio.create_task(desk.begin("f")))
        await settle_down()
        assert not waiting[3].done()
        for call in running:
            desk.end(call)
        await settle_down()
        assert desk.purse.order == ["a", "b", "d", "e"]
        assert desk.voided == []
        waiting[3].cancel()

    play(scene)


def test_a_call_whose_client_left_before_it_is_let_in_never_asks(narrow: Config) -> None:
    async def scene() -> None:
        desk, leaver = Desk(narrow, Purse()), Leaver()
        await leaver.leave()
        with pytest.raises(Refusal, match="closed the connection"):
            await desk.begin("a", client=leaver.client)
        assert (desk.purse.asked, desk.voided) == (0, [])

    play(scene)


def test_what_is_held_for_a_client_that_leaves_meanwhile_is_given_back(narrow: Config) -> None:
    async def scene() -> None:
        desk, leaver = Desk(narrow, Purse()), Leaver()
        asked, answer = asyncio.Event(), asyncio.Event()
        reserve = desk.purse.reserve

        async def slow(*arguments: Any, **options: Any) -> Decision:
            asked.set()
            await answer.wait()
            return await reserve(*arguments, **options)

        desk.purse.reserve = slow  # type: ignore[method-assign]
        call = asyncio.create_task(desk.begin("a", client=leaver.client))
        await asked.wait()
        await leaver.leave()
        assert not call.done()
        answer.set()
        await settle_down()
        refusal = call.exception()
        assert isinstance(refusal, Refusal) and refusal.code == "client_left"
        assert desk.voided == ["acme"]
        for name in "bc":
            await desk.begin(name)

    play(scene)


def test_one_call_of_a_customer_asks_at_a_time_and_no_other_customer_waits_for_it(config: Config) -> None:
    async def scene() -> None:
        purse = Purse()
        locked = asyncio.Event()

        async def answers(chat: ChatRequest) -> None:
            if chat.identity.customer_id == "acme":
                await locked.wait()

        purse.answers = answers
        desk = Desk(config, purse)
        stuck = [asyncio.create_task(desk.begin(str(i))) for i in range(20)]
        await settle_down()
        assert purse.asking == 1
        for i in range(5):
            await desk.begin(f"other {i}", customer=f"other-{i}")
        assert purse.most_asking == 2 and not any(task.done() for task in stuck)
        locked.set()
        await settle_down()
        assert sum(task.done() for task in stuck) >= 1
        for task in stuck:
            task.cancel()

    play(scene)


def test_small_calls_pass_a_big_one_that_waits_for_money(config: Config) -> None:
    async def scene() -> None:
        desk = Desk(config, Purse(cost_of(config, BIG) + 3 * cost_of(config, SMALL)))
        first = await desk.begin("first", BIG // 2)
        big = asyncio.create_task(desk.begin("big", BIG))
        await settle_down()
        small = [await desk.begin(f"small {i}") for i in range(4)]
        assert not big.done()
        for call in (first, *small):
            desk.end(call)
        await big

    play(scene)


def test_a_call_that_needs_as_much_does_not_ask_again_while_one_before_it_lacks_that(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_POLL_SECONDS", 100.0)

    async def scene() -> None:
        desk = Desk(config, Purse(cost_of(config, SMALL)))
        first = await desk.begin("first", SMALL)
        desk.purse.left["acme"] = 0
        waiting = [asyncio.create_task(desk.begin(f"{i}", SMALL)) for i in range(20)]
        await settle_down()
        assert desk.purse.asked == 2
        desk.purse.left["acme"] = 10**15
        desk.end(first)
        await settle_down()
        assert desk.purse.order[1:] == [str(i) for i in range(config.customer_calls)]
        for task in waiting:
            task.cancel()

    play(scene)


def test_small_calls_that_never_end_do_not_starve_a_big_one(config: Config) -> None:
    async def scene() -> None:
        # The last half of the wait belongs to the big one.
        desk = Desk(replace(config, hold_wait=1.0), Purse(cost_of(config, BIG) + 1))
        names = itertools.count()
        stop = False

        async def stream_of_small_calls() -> None:
            while not stop:
                call = await desk.begin(f"small {next(names)}")
                await asyncio.sleep(0.03)
                desk.end(call)

        streams = []
        for _ in range(3):
            streams.append(asyncio.create_task(stream_of_small_calls()))
            await asyncio.sleep(0.01)
        big = asyncio.create_task(desk.begin("big", BIG))
        await big
        before = desk.purse.order.index("big")
        assert before > 3
        desk.end(big.result())
        stop = True
        await asyncio.gather(*streams)

    play(scene)


def test_another_session_does_not_wait_for_what_a_session_lacks(config: Config) -> None:
    async def scene() -> None:
        desk = Desk(config, Purse(cost_of(config, BIG) + 2 * cost_of(config, SMALL)))
        first = await desk.begin("first", BIG // 2)
        big = asyncio.create_task(desk.begin("big", BIG))
        await settle_down()
        await desk.begin("elsewhere", SMALL, session="s2")
        assert not big.done()
        big.cancel()
        desk.end(first)

    play(scene)


def test_a_call_whose_wait_is_over_gets_the_ledgers_own_refusal(config: Config) -> None:
    async def scene() -> None:
        desk = Desk(replace(config, hold_wait=0.05), Purse(cost_of(config, BIG)))
        await desk.begin("first", BIG)
        with pytest.raises(Refusal) as refused:
            await desk.begin("second", BIG)
        assert refused.value.code == "budget_held"

    play(scene)


def test_while_others_are_active_a_customers_further_calls_begin_when_the_loop_is_quiet(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_QUIET_SECONDS", 0.2)

    async def scene() -> None:
        desk = Desk(config, Purse())
        await desk.begin("alone 1")
        await desk.begin("alone 2")
        await desk.begin("other", customer="bigco")
        further = asyncio.create_task(desk.begin("further"))
        await settle_down()
        assert not further.done()
        first_of_its_customer = asyncio.create_task(desk.begin("first", customer="third"))
        await settle_down()
        assert first_of_its_customer.done() and not further.done()
        await further

    play(scene)


def test_a_loop_that_is_never_quiet_lets_them_begin_at_a_pace(config: Config) -> None:
    async def scene() -> None:
        desk = Desk(config, Purse())
        await desk.begin("first")
        await desk.begin("other", customer="bigco")
        further = [asyncio.create_task(desk.begin(f"further {i}")) for i in range(3)]

        async def work() -> None:
            while True:
                time.sleep(0.01)  # noqa: ASYNC251
                await asyncio.sleep(0)

        working = asyncio.create_task(work())
        await further[0]
        assert not further[2].done()
        await asyncio.gather(*further)
        working.cancel()

    play(scene)


def test_all_who_wait_are_refused_when_the_ledger_is_lost(narrow: Config) -> None:
    async def scene() -> None:
        desk = Desk(narrow, Purse())
        await desk.begin("a")
        await desk.begin("b")
        waiting = [asyncio.create_task(desk.begin(name)) for name in "cde"]
        await settle_down()
        desk.admission.lanes.refuse_all(lambda: Refusal("ledger_unavailable", retry_after=1))
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [result.code for result in results if isinstance(result, Refusal)] == ["ledger_unavailable"] * 3

    play(scene)
