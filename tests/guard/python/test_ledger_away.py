"""Whatever the ledger's client raises, calls are refused with 503, the sweeper goes on, and a settlement comes late."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from chat_requests import request
from tollgate_guard import settling, sweep
from tollgate_guard.admission import Admission
from tollgate_guard.bounds import make_plans
from tollgate_guard.config import Config
from tollgate_guard.ledger import Settlement
from tollgate_guard.ledger_access import LedgerAccess
from tollgate_guard.refusals import Refusal
from tollgate_guard.settling import Settler

ERRORS = [
    asyncpg.PostgresError("gone"),
    asyncpg.DataError("value out of int32 range"),
    OSError("no route"),
    RuntimeError("pool is closing"),
    ValueError("anything"),
    KeyError("row"),
]


class Away:
    """A ledger that fails so many times with an error."""

    def __init__(self, error: Exception, times: int = 10**9) -> None:
        self.error, self.left, self.asked = error, times, 0

    def _fail(self) -> None:
        self.asked += 1
        self.left -= 1
        if self.left >= 0:
            raise self.error

    async def reserve(self, *arguments: Any, **options: Any) -> Any:
        self._fail()

    async def expire_holds(self) -> list[Any]:
        self._fail()
        return []

    async def ping(self) -> None:
        pass

    async def settle(self, *arguments: Any) -> Settlement:
        self._fail()
        return Settlement(False, 0, None, (), 0, 0)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_reservation_that_fails_is_a_503(config: Config, error: Exception) -> None:
    async def main() -> None:
        voided: list[Any] = []
        chat = request()
        with pytest.raises(Refusal) as refused:
            access = LedgerAccess(Away(error))  # type: ignore[arg-type]
            await Admission(access, config, lambda *which: voided.append(which)).admit(chat, make_plans(chat, config))
        assert (refused.value.status, refused.value.code) == (503, "ledger_unavailable")
        assert [customer for customer, _ in voided] == ["acme"]
        assert str(error) not in refused.value.message

    asyncio.run(main())


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_sweeper_goes_on(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(sweep, "_EVERY_SECONDS", 0.001)
    ledger = Away(error, times=3)

    async def main() -> None:
        task = asyncio.create_task(sweep.sweep_forever(ledger))  # type: ignore[arg-type]
        while ledger.asked < 5:
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(asyncio.wait_for(main(), 5))


def test_a_settlement_is_brought_after_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_FIRST_PAUSE_SECONDS", 0.001)
    ledger = Away(ValueError("away"), times=6)

    async def main() -> None:
        settler = Settler(LedgerAccess(ledger), lease=0.0)  # type: ignore[arg-type]
        settler.void("acme", uuid4())
        while ledger.asked < 7:
            await asyncio.sleep(0.005)

    asyncio.run(asyncio.wait_for(main(), 10))
