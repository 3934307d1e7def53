"""The ledger as a worker's customers share it: none of them waits for a connection because of another, nor for a dead server.

One statement of a customer at a time, so that its lock holds one connection. A row that another transaction has locked is not
waited for inside Postgres (``lock_timeout``) but asked for again, without a connection meanwhile.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import asyncpg

from .bounds import Plans
from .breaker import Breaker
from .ledger import Charge, Decision, Expired, Ledger, Settlement
from .log import log
from .metrics import LEDGER_AWAY
from .request import ChatRequest

T = TypeVar("T")

# How long a customer's locked rows are asked for.
_LOCKED_SECONDS = 3.0
_PAUSE_SECONDS = 0.1

_PROBE_SECONDS = 0.5

# In a customer's place: the sweeper's turn. No customer has an empty id.
_SWEEPER = ""


class LedgerAccess:
    """A worker's way to its ledger. Methods are those of :class:`Ledger`, with the customer whose turn they take."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._breaker = Breaker(ledger.ping, _PROBE_SECONDS, self._reached)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # Called when the ledger has gone silent.
        self.lost: Callable[[], None] = lambda: None

    @property
    def away(self) -> bool:
        """Whether the ledger does not answer: what would ask it is refused."""
        return self._breaker.open

    async def reserve(
        self, call_id: UUID, request: ChatRequest, plans: Plans, *, final: bool, countable: bool = False
    ) -> Decision:
        """As :meth:`Ledger.reserve`."""

        def ask() -> Coroutine[Any, Any, Decision]:
            return self._ledger.reserve(call_id, request, plans, final=final, countable=countable)

        return await self._breaker.ask(self._in_turn(request.identity.customer_id, ask))

    async def extend(self, customer: str, call_id: UUID, more_nanos: int) -> bool:
        """As :meth:`Ledger.extend`."""
        return await self._breaker.ask(self._in_turn(customer, lambda: self._ledger.extend(call_id, more_nanos)))

    async def settle(self, customer: str, call_id: UUID, charge: Charge) -> Settlement:
        """As :meth:`Ledger.settle`. Asks a silent ledger too: a settlement is brought whenever it gets through."""
        try:
            return await self._in_turn(customer, lambda: self._ledger.settle(call_id, charge))
        except Exception:
            self._breaker.suspect()
            raise

    async def expire_holds(self) -> list[Expired]:
        """As :meth:`Ledger.expire_holds`."""
        return await self._in_turn(_SWEEPER, self._ledger.expire_holds)

    async def file_calls(self, limit: int) -> int:
        """As :meth:`Ledger.file_calls`."""
        return await self._in_turn(_SWEEPER, lambda: self._ledger.file_calls(limit))

    async def _in_turn(self, customer: str, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        until = time.monotonic() + _LOCKED_SECONDS
        turn = self._turns.setdefault(customer, asyncio.Lock())
        if turn.locked():
            await asyncio.wait_for(turn.acquire(), _LOCKED_SECONDS)
        else:
            await turn.acquire()
        try:
            while True:
                try:
                    return await ask()
                except asyncpg.LockNotAvailableError:
                    if time.monotonic() > until:
                        raise
                await asyncio.sleep(_PAUSE_SECONDS * random.uniform(0.5, 1.0))
        finally:
            turn.release()

    def _reached(self, away: bool) -> None:
        LEDGER_AWAY.set(int(away))
        if away:
            log("error", "ledger.away", "The ledger does not answer: calls are refused until it does")
            self.lost()
        else:
            log("info", "ledger.back", "The ledger answers again")
