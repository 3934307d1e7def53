"""Asks the ledger for a call's hold, and waits a little where other calls in flight are what stands in the way."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from .bounds import Plans
from .config import Config
from .ledger import LEDGER_ERRORS, Decision, Ledger
from .log import log
from .metrics import LEDGER_ERRORS_TOTAL, RESERVE_SECONDS
from .refusals import Refusal
from .request import ChatRequest

# Other workers' settlements are seen by asking again; this worker's wake a waiter at once.
_POLL_SECONDS = 0.2

Session = tuple[str, str]


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
    """

    def __init__(self, ledger: Ledger, config: Config, void: Callable[[UUID], None]) -> None:
        self._ledger = ledger
        self._config = config
        self._void = void
        self._queues: dict[Session, _Queue] = {}

    async def admit(self, request: ChatRequest, plans: Plans) -> tuple[UUID, Decision]:
        """The id of the call and the ledger's decision: allowed, degraded or refused.

        Raises:
            Refusal: ``ledger_unavailable``.
        """
        call_id = uuid4()
        session = (request.identity.customer_id, request.identity.session_id)
        queue = self._queues.get(session)
        if queue is None:
            decision = await self._reserve(call_id, request, plans, final=False)
            if decision.decision != "wait":
                return call_id, decision
            queue = self._queues.setdefault(session, _Queue())
        queue.waiting += 1
        try:
            return call_id, await self._wait(queue, lambda final: self._reserve(call_id, request, plans, final=final))
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
                    try:
                        await asyncio.wait_for(queue.freed.wait(), pause)
                    except (TimeoutError, asyncio.TimeoutError):
                        pass
        finally:
            queue.turn.release()

    async def _reserve(self, call_id: UUID, request: ChatRequest, plans: Plans, *, final: bool) -> Decision:
        began = time.perf_counter()
        try:
            return await self._ledger.reserve(call_id, request, plans, final=final)
        except LEDGER_ERRORS as error:
            LEDGER_ERRORS_TOTAL.labels("reserve").inc()
            log(
                "error", "ledger.unavailable", f"The ledger did not answer: {type(error).__name__}", operation="reserve"
            )
            self._void(call_id)
            raise Refusal("ledger_unavailable", retry_after=1) from error
        finally:
            RESERVE_SECONDS.observe(time.perf_counter() - began)
