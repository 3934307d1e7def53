"""Whatever the ledger's client raises, calls are refused with 503, the sweeper goes on, and a settlement comes late."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from chat_requests import request
from conftest import add_customer, fresh_ledger
from tollgate_guard import ledger as ledger_module
from tollgate_guard import settling, sweep
from tollgate_guard.admission import Admission
from tollgate_guard.bounds import make_plans
from tollgate_guard.config import Config
from tollgate_guard.ledger import Charge, Ledger, Settlement
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


CUSTOMERS = ("acme", "bigco", "initech", "hooli")


class TestTheLastConnections:
    """A worker whose connections are taken: here two for reservations and one for settlements."""

    def play(self, ledger_url: str, config: Config, monkeypatch: pytest.MonkeyPatch, scene: Any) -> None:
        monkeypatch.setenv("TOLLGATE_LEDGER_URL", ledger_url)
        monkeypatch.setenv("TOLLGATE_LEDGER_CONNECTIONS", "4")

        async def main() -> None:
            async with fresh_ledger(ledger_url) as connection:
                for customer in CUSTOMERS:
                    await add_customer(connection, customer, "tier_3")
                ledger = Ledger(config)
                await ledger.open()
                voided: list[str] = []
                access = LedgerAccess(ledger)
                admission = Admission(access, config, lambda customer, call_id: voided.append(customer))

                async def admit(customer: str) -> Any:
                    chat = request(
                        metadata={"customer_id": customer, "session_id": "s1", "query_type": "cost_analysis"}
                    )
                    try:
                        call_id, decision, _ = await admission.admit(chat, make_plans(chat, config))
                    except Refusal as refusal:
                        return refusal
                    admission.ended(chat)
                    return call_id if decision.decision == "allowed" else decision

                await asyncio.wait_for(scene(connection, ledger, access, admit, voided), 20)

        asyncio.run(main())

    def test_all_taken_is_a_503_after_a_bounded_wait_and_no_settlement_waits(
        self, ledger_url: str, config: Config, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ledger_module, "_POOL_SECONDS", 0.3)

        async def scene(connection: Any, ledger: Any, access: Any, admit: Any, voided: list[str]) -> None:
            earlier = await admit("acme")
            taken = [await ledger._reserving.acquire() for _ in range(2)]
            refused = [asyncio.create_task(admit(customer)) for customer in CUSTOMERS]
            charge = Charge("posted", "success", 1_000, "claude-sonnet-5-5")
            assert (await access.settle("acme", earlier, charge)).settled
            for refusal in await asyncio.gather(*refused):
                assert (refusal.status, refusal.code) == (503, "ledger_unavailable")
                assert refusal.headers()["retry-after"] == "1"
            # A ledger that answers is not away for that, and what may have been held is given back.
            assert not access.away and sorted(voided) == sorted(CUSTOMERS)
            for each in taken:
                await ledger._reserving.release(each)
            for call_id in await asyncio.gather(*(admit(customer) for customer in CUSTOMERS)):
                assert await connection.fetchval(
                    "SELECT held_nanos > 0 FROM ledger.recent_calls WHERE call_id = $1 AND state = 'pending'", call_id
                )

        self.play(ledger_url, config, monkeypatch, scene)

    def test_the_last_one_is_not_kept_by_a_customer_who_waits_for_a_lock(
        self, ledger_url: str, config: Config, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def scene(connection: Any, ledger: Any, access: Any, admit: Any, voided: list[str]) -> None:
            await ledger._reserving.acquire()
            lock = connection.transaction()
            await lock.start()
            await connection.execute("SELECT FROM ledger.customers WHERE customer_id = 'acme' FOR UPDATE")
            flood = [asyncio.create_task(admit("acme")) for _ in range(20)]
            for _ in range(3):
                for answer in await asyncio.gather(*(admit(customer) for customer in CUSTOMERS[1:])):
                    assert not isinstance(answer, Refusal), answer
            assert not any(each.done() for each in flood)
            await lock.rollback()
            assert not any(isinstance(answer, Refusal) for answer in await asyncio.gather(*flood))
            assert voided == []

        self.play(ledger_url, config, monkeypatch, scene)
