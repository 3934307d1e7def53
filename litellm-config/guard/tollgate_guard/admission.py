"""Asks the ledger for a call's hold, and waits a little where other calls in flight are what stands in the way."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from .bounds import Plans, make_plans
from .config import Config
from .counting import Counting
from .ledger import Decision, Ledger
from .log import log
from .metrics import LEDGER_ERRORS_TOTAL, RESERVE_SECONDS
from .refusals import Refusal
from .request import ChatRequest

# Other workers' settlements are seen by asking again; this worker's wake a waiter at once.
_POLL_SECONDS = 0.2

Session = tuple[str, str]


class _Asking:
    """A call that asks the ledger, once or again: its plans, by bytes until they are counted."""

    def __init__(self, request: ChatRequest, plans: Plans, countable: bool) -> None:
        self.call_id = uuid4()
        self.request = request
        self.plans = plans
        self.countable = countable


class _Queue:
    """Those of one session who wait. One at a time asks the ledger, in the order of arrival."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.freed = asyncio.Event()
        self.waiting = 0


class Admission:
    """Reservations, with the waits of the configuration (``hold_wait``, ``token_wait``).

    Args:
        void: settles a call for nothing in the background. For a reservation whose answer was lost.
        counting: counts what does not fit by its bytes; None where no provider can be asked.
    """

    def __init__(
        self, ledger: Ledger, config: Config, void: Callable[[UUID], None], counting: Counting | None = None
    ) -> None:
        self._ledger = ledger
        self._config = config
        self._void = void
        self._counting = counting
        self._queues: dict[Session, _Queue] = {}

    async def admit(self, request: ChatRequest, plans: Plans) -> tuple[UUID, Decision, Plans]:
        """The id of the call, the ledger's decision (allowed, degraded or refused) and the plans that it is about.

        Raises:
            Refusal: ``ledger_unavailable``.
        """
        asking = _Asking(request, plans, self._counting is not None and self._counting.can_count(plans.models))
        session = (request.identity.customer_id, request.identity.session_id)
        queue = self._queues.get(session)
        if queue is None:
            decision = await self._decide(asking, final=False)
            if decision.decision != "wait":
                return asking.call_id, decision, asking.plans
            queue = self._queues.setdefault(session, _Queue())
        queue.waiting += 1
        try:
            decision = await self._wait(queue, lambda final: self._decide(asking, final=final))
            return asking.call_id, decision, asking.plans
        finally:
            queue.waiting -= 1
            if queue.waiting == 0 and self._queues.get(session) is queue:
                del self._queues[session]

    def freed(self, session: Session) -> None:
        """A call was settled: the first who waits in its session asks again, or else one in another of that customer."""
        queue = self._queues.get(session) or next(
            (queue for (customer, _), queue in self._queues.items() if customer == session[0]), None
        )
        if queue is not None:
            queue.freed.set()

    async def _wait(self, queue: _Queue, reserve: Callable[[bool], Awaitable[Decision]]) -> Decision:
        began = time.monotonic()
        limits = {"tokens_per_minute": self._config.token_wait, "budget_held": self._config.hold_wait}
        try:
            await asyncio.wait_for(queue.turn.acquire(), max(limits.values()))
        except (TimeoutError, asyncio.TimeoutError):
            return await reserve(True)
        try:
            final = False
            while True:
                queue.freed.clear()
                decision = await reserve(final)
                if decision.decision != "wait":
                    return decision
                left = began + limits[decision.reason] - time.monotonic()
                # What comes back only later than the wait is not waited for.
                final = left <= 0 or (decision.retry_after or 0) > left
                if not final:
                    pause = min(left, _POLL_SECONDS * random.uniform(0.5, 1.0))
                    with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
                        await asyncio.wait_for(queue.freed.wait(), pause)
        finally:
            queue.turn.release()

    async def _decide(self, asking: _Asking, *, final: bool) -> Decision:
        decision = await self._reserve(asking, final=final)
        if decision.decision != "count":
            return decision
        # Once for a call: its content does not change while it waits.
        asking.countable = False
        assert self._counting is not None
        counted = await self._counting.count_request(asking.request, asking.plans.models)
        if counted is not None:
            asking.plans = make_plans(asking.request, self._config, counted)
        return await self._reserve(asking, final=final)

    async def _reserve(self, asking: _Asking, *, final: bool) -> Decision:
        began = time.perf_counter()
        try:
            return await self._ledger.reserve(
                asking.call_id, asking.request, asking.plans, final=final, countable=asking.countable
            )
        except Exception as error:
            LEDGER_ERRORS_TOTAL.labels("reserve").inc()
            log(
                "error", "ledger.unavailable", f"The ledger did not answer: {type(error).__name__}", operation="reserve"
            )
            self._void(asking.call_id)
            raise Refusal("ledger_unavailable", retry_after=1) from error
        finally:
            RESERVE_SECONDS.observe(time.perf_counter() - began)
