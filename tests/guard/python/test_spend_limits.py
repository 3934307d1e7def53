"""Limits of a day and an hour, a customer's and the fleet's, against a real Postgres: never a nano-dollar over, many calls at once."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from conftest import LedgerTest, add_customer, with_ledger
from ledger_calls import check_books, expire, extend, reserve, set_clock, settle
from tollgate_guard.refusals import Refusal

PARALLEL = 200
HUGE = 10**15
# A call of this file holds 6,000 nano-dollars; the shortest that is worth it, 2,600.
LEAST = 2_600


def limits(**changes: Any) -> dict[str, Any]:
    """Limits that no call reaches, but for those named."""
    tiers = {"tiers": ["tier_1", "tier_2", "tier_3"], "plan_caps": [10**9] * 3, "days": [HUGE] * 3, "hours": [HUGE] * 3}
    return {**tiers, "fleet_day": HUGE, "fleet_hour": HUGE, "degrade_percent": 80, **changes}


def on_ledger(customers: int = 1) -> LedgerTest:
    async def prepare(connection: asyncpg.Connection) -> None:
        for number in range(customers):
            await add_customer(connection, f"c{number}")

    return with_ledger(prepare)


async def ask(
    connection: asyncpg.Connection, spend: dict[str, Any], call_id: UUID | None = None, **changes: Any
) -> asyncpg.Record:
    plain = {"customer": "c0", "tier_plans": [1, 1, 1], "caps": [10**9] * 3, "session_cap": 10_000}
    return await reserve(connection, call_id=call_id, **{**plain, "spend_limits": spend, **changes})


async def at_once(
    ledger_url: str, spend: dict[str, Any], customers: int, calls: int = PARALLEL, **changes: Any
) -> list[asyncpg.Record]:
    """So many calls at the same moment, of customers in turn, each in its own session and settled at its full hold."""
    async with asyncpg.create_pool(ledger_url, min_size=20, max_size=20) as pool:

        async def call(number: int) -> asyncpg.Record:
            call_id = uuid4()
            while True:
                async with pool.acquire() as connection:
                    try:
                        row = await ask(
                            connection,
                            spend,
                            call_id,
                            customer=f"c{number % customers}",
                            session=str(call_id),
                            **changes,
                        )
                        if row["decision"] in ("allowed", "degraded"):
                            await settle(connection, call_id, row["held_nanos"])
                        return row
                    except asyncpg.LockNotAvailableError:
                        # As the gateway does.
                        await asyncio.sleep(0.02)

        return list(await asyncio.gather(*(call(number) for number in range(calls))))


async def spent(connection: asyncpg.Connection) -> int:
    return int(
        await connection.fetchval("SELECT coalesce(sum(cost_nanos), 0) FROM ledger.calls WHERE state = 'posted'")
    )


@pytest.mark.parametrize("field, reason", [("days", "day_budget"), ("hours", "spend_rate")])
@pytest.mark.parametrize("limit", [20_000, 333_333])
@on_ledger()
async def test_a_customer_spends_its_limit_and_not_a_nano_dollar_more(
    connection: asyncpg.Connection, ledger_url: str, field: str, reason: str, limit: int
) -> None:
    rows = await at_once(ledger_url, limits(**{field: [limit] * 3}), 1)
    total = await spent(connection)
    assert total == sum(row["held_nanos"] for row in rows if row["decision"] == "allowed")
    assert limit - LEAST < total <= limit
    assert {row["reason"] for row in rows if row["decision"] == "refused"} - {"budget_held"} == {reason}
    await check_books(connection)


@pytest.mark.parametrize("field, reason", [("fleet_day", "fleet_day"), ("fleet_hour", "fleet_rate")])
# The first is counted exactly from the beginning; the second from afar first, then exactly.
@pytest.mark.parametrize("limit", [100_000, 777_777])
@on_ledger(customers=40)
async def test_the_fleet_spends_its_limit_and_not_a_nano_dollar_more(
    connection: asyncpg.Connection, ledger_url: str, field: str, reason: str, limit: int
) -> None:
    rows = await at_once(ledger_url, limits(**{field: limit}), 40)
    total = await spent(connection)
    assert total == sum(row["held_nanos"] for row in rows if row["decision"] == "allowed")
    assert limit - LEAST < total <= limit
    assert {row["reason"] for row in rows if row["decision"] == "refused"} == {reason}
    assert {row["retry_after_seconds"] > 0 for row in rows if row["decision"] == "refused"} == {True}
    refused = await connection.fetchval("SELECT count(*) FROM ledger.refusals WHERE reason = $1", reason)
    assert refused == sum(row["decision"] == "refused" for row in rows)
    assert list(await connection.fetchval("SELECT ledger.fleet_used(ledger.clock())")) == [total, total]


@on_ledger(customers=2)
async def test_far_from_its_limit_the_fleet_has_no_row_that_all_wait_for(
    connection: asyncpg.Connection, ledger_url: str
) -> None:
    others = [await asyncpg.connect(ledger_url) for _ in range(2)]
    shard = "SELECT pg_backend_pid() % 16"
    first, second = others
    while await first.fetchval(shard) == await second.fetchval(shard):
        await second.close()
        second = await asyncpg.connect(ledger_url)
    async with first.transaction():
        assert (await ask(first, limits(), customer="c0"))["decision"] == "allowed"
        # Not committed yet.
        await second.execute("SET lock_timeout = '100ms'")
        assert (await ask(second, limits(), customer="c1"))["decision"] == "allowed"
        near = limits(fleet_day=50_000)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await ask(second, near, customer="c1")
    await first.close()
    await second.close()


@pytest.mark.parametrize(
    "spend, reason",
    [(limits(hours=[10_000] * 3), "spend_rate"), (limits(fleet_hour=10_000), "fleet_rate")],
)
@on_ledger()
async def test_a_rate_first_degrades_and_then_refuses(
    connection: asyncpg.Connection, spend: dict[str, Any], reason: str
) -> None:
    await set_clock(connection, "2026-11-10T12:40:00Z")
    decisions = []
    for number in range(12):
        call = uuid4()
        row = await ask(
            connection, spend, call, session=str(number), tier_plans=[2] * 3, prompt_nanos=[3_000, 400],
            token_nanos=[0, 0],
        )  # fmt: skip
        decisions.append((row["decision"], row["reason"]))
        if row["decision"] != "refused":
            await settle(connection, call, row["held_nanos"])
    # 9,000 of 10,000 are over 80 percent.
    assert decisions == [("allowed", "ok")] * 3 + [("degraded", reason)] * 2 + [("refused", reason)] * 7
    assert row["retry_after_seconds"] == 20 * 60
    assert await connection.fetchval("SELECT count(*) FROM ledger.crossings") == 0
    await set_clock(connection, "2026-11-10T13:00:00Z")
    assert (await ask(connection, spend, session="later"))["decision"] == "allowed"


@on_ledger()
async def test_a_day_ends_at_midnight_and_a_call_counts_in_its_own(connection: asyncpg.Connection) -> None:
    spend = limits(days=[8_000] * 3, fleet_day=8_000)
    await set_clock(connection, "2026-11-10T23:59:50Z")
    call = uuid4()
    await ask(connection, spend, call)
    refused = await ask(connection, limits(fleet_day=8_000), session="s2")
    assert (refused["reason"], refused["retry_after_seconds"]) == ("fleet_day", 10)
    await set_clock(connection, "2026-11-11T00:00:05Z")
    assert (await ask(connection, spend, session="s3"))["held_nanos"] == 6_000
    # Yesterday's call changes nothing of today.
    await settle(connection, call, 1_000)
    assert list(await connection.fetchval("SELECT ledger.fleet_used(ledger.clock())")) == [6_000, 6_000]
    row = await connection.fetchrow("SELECT day_nanos, hour_nanos FROM ledger.customer_months")
    assert tuple(row) == (6_000, 6_000)


@on_ledger()
async def test_what_a_call_gives_back_is_free_again(connection: asyncpg.Connection) -> None:
    spend = limits(days=[8_000] * 3)
    call = uuid4()
    await ask(connection, spend, call)
    waits = await ask(connection, spend, session="s2", final=False)
    assert (waits["decision"], waits["reason"]) == ("wait", "budget_held")
    await settle(connection, call, 0, state="voided", outcome="failure")
    assert (await ask(connection, spend, session="s2"))["decision"] == "allowed"


@on_ledger()
async def test_a_hold_that_expires_is_charged_and_its_correction_counts(connection: asyncpg.Connection) -> None:
    await set_clock(connection, "2026-11-10T12:00:00Z")
    call = uuid4()
    await ask(connection, limits(), call)
    await set_clock(connection, "2026-11-10T12:10:00Z")
    assert len(await expire(connection)) == 1
    assert list(await connection.fetchval("SELECT ledger.fleet_used(ledger.clock())")) == [6_000, 6_000]
    await settle(connection, call, 1_500)
    assert list(await connection.fetchval("SELECT ledger.fleet_used(ledger.clock())")) == [1_500, 1_500]


@pytest.mark.parametrize(
    "field, value", [("days", [9_000] * 3), ("hours", [9_000] * 3), ("fleet_day", 9_000), ("fleet_hour", 9_000)]
)
@on_ledger()
async def test_an_extension_keeps_to_the_limits(connection: asyncpg.Connection, field: str, value: Any) -> None:
    spend = limits(**{field: value})
    call = uuid4()
    await ask(connection, spend, call)
    assert not await extend(connection, call, 3_001, spend_limits=spend)
    assert await extend(connection, call, 3_000, spend_limits=spend)
    assert list(await connection.fetchval("SELECT ledger.fleet_used(ledger.clock())")) == [9_000, 9_000]


@on_ledger()
async def test_an_override_raises_the_day_and_the_hour_in_proportion(connection: asyncpg.Connection) -> None:
    spend = limits(plan_caps=[10_000] * 3, days=[3_000] * 3, hours=[3_000] * 3)
    plan = {"caps": [10_000] * 3, "prompt_nanos": [6_000] * 2, "token_nanos": [0, 0]}
    assert (await ask(connection, spend, **plan))["reason"] == "day_budget"
    await connection.execute("INSERT INTO ledger.overrides VALUES ('c0', 20000, ledger.clock() + interval '1 day')")
    assert (await ask(connection, spend, **plan))["decision"] == "allowed"


@on_ledger()
async def test_a_gateway_without_limits_is_counted_all_the_same(connection: asyncpg.Connection) -> None:
    assert (await reserve(connection, customer="c0"))["decision"] == "allowed"
    assert (await ask(connection, limits(fleet_day=8_000), session="s2"))["reason"] == "fleet_day"


@pytest.mark.parametrize(
    "code, status, words",
    [
        ("day_budget", 429, "at midnight"),
        ("spend_rate", 429, "in 2 minutes"),
        ("fleet_day", 503, "at midnight"),
        ("fleet_rate", 503, "in 2 minutes"),
    ],
)
def test_what_the_customer_reads(code: str, status: int, words: str) -> None:
    refusal = Refusal(code, retry_after=61.2)
    assert (refusal.status, refusal.headers()) == (status, {"retry-after": "62"})
    assert words in json.loads(refusal.body())["error"]["message"]
