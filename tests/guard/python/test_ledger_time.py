"""Month ends, leases and clocks that are set, against a real Postgres."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg

from ledger_calls import check_books, expire, on_ledger, reserve, set_clock, settle


@on_ledger
async def test_a_call_is_paid_from_the_month_in_which_it_began(connection: asyncpg.Connection) -> None:
    await set_clock(connection, "2026-11-30 23:59:59.999Z")
    old, new = uuid4(), uuid4()
    await reserve(connection, call_id=old)
    await set_clock(connection, "2026-12-01 00:00:00Z")
    await reserve(connection, call_id=new)
    await settle(connection, old, 1_000)
    await settle(connection, new, 2_000)
    rows = await connection.fetch("SELECT month::text, spent_nanos FROM ledger.customer_months ORDER BY month")
    assert [tuple(row) for row in rows] == [("2026-11-01", 1_000), ("2026-12-01", 2_000)]
    assert await connection.fetchval("SELECT spent_nanos FROM ledger.sessions") == 3_000
    await check_books(connection)


@on_ledger
async def test_a_session_that_begins_at_midnight_has_one_cap(connection: asyncpg.Connection, ledger_url: str) -> None:
    other = await asyncpg.connect(ledger_url)
    try:
        expensive = {"prompt_nanos": [30_000, 30_000], "token_nanos": [0, 0]}
        await set_clock(connection, "2026-11-30 23:59:59.999Z")
        november = other.transaction()
        await november.start()
        assert (await reserve(other, **expensive))["held_nanos"] == 30_000
        await set_clock(connection, "2026-12-01 00:00:00Z")
        december = asyncio.create_task(reserve(connection, **expensive))
        await asyncio.sleep(0.3)
        await november.commit()
        assert (await december)["reason"] == "budget_held"
        await check_books(connection)
    finally:
        await other.close()


@on_ledger
async def test_a_hold_that_is_left_behind_is_charged(connection: asyncpg.Connection) -> None:
    calls = [uuid4() for _ in range(3)]
    await set_clock(connection, "2026-11-30 23:58:00Z")
    await reserve(connection, call_id=calls[0])
    await reserve(connection, customer="bigco", call_id=calls[1])
    await set_clock(connection, "2026-12-01 00:02:59Z")
    await reserve(connection, call_id=calls[2])
    assert await expire(connection) == []
    await set_clock(connection, "2026-12-01 00:03:01Z")
    expired = await expire(connection)
    assert {row["call_id"] for row in expired} == set(calls[:2])
    assert {row["held_nanos"] for row in expired} == {6_000}
    states = await connection.fetch("SELECT state, outcome, cost_nanos FROM ledger.calls ORDER BY reserved_at")
    assert [tuple(row) for row in states][:2] == [("posted", "expired", 6_000)] * 2
    await check_books(connection)


@on_ledger
async def test_a_late_settlement_corrects_what_a_lease_charged(connection: asyncpg.Connection) -> None:
    late, void = uuid4(), uuid4()
    for call in (late, void):
        await reserve(connection, call_id=call, lease_seconds=0)
    assert len(await expire(connection)) == 2
    corrected = await settle(connection, late, 2_500)
    assert (corrected["settled"], corrected["held_nanos"], corrected["spent_nanos"]) == (True, 6_000, 8_500)
    # Once: the second is the same news again.
    assert not (await settle(connection, late, 9_999))["settled"]
    assert (await settle(connection, void, 0, state="voided", outcome="failure"))["spent_nanos"] == 2_500
    assert await connection.fetchval("SELECT calls FROM ledger.sessions") == 1
    await check_books(connection)


@on_ledger
async def test_a_clock_that_is_set_back_blocks_nothing(connection: asyncpg.Connection) -> None:
    limits = {"tokens_per_minute": 1_000, "prompt_nanos": [1, 1], "token_nanos": [0, 0], "max_tokens": [100, 100]}
    await set_clock(connection, "2026-11-10 11:00:00Z")
    settled, left = uuid4(), uuid4()
    await reserve(connection, call_id=settled, prompt_tokens=800, **limits)
    await settle(connection, settled, 1, prompt=800, completion=100)
    await reserve(connection, call_id=left, session="s2", **limits)
    await set_clock(connection, "2026-11-10 10:00:00Z")
    assert (await reserve(connection, prompt_tokens=800, **limits))["decision"] == "allowed"
    # The hold of a gateway that died does not wait an hour for its lease.
    assert [row["call_id"] for row in await expire(connection)] == [left]
    await check_books(connection)


@on_ledger
async def test_a_clock_that_is_set_forward_charges_nothing_for_good(connection: asyncpg.Connection) -> None:
    await set_clock(connection, "2026-11-10 10:00:00Z")
    calls = [uuid4() for _ in range(5)]
    for call in calls:
        await reserve(connection, call_id=call)
    await set_clock(connection, "2026-11-10 12:00:00Z")
    assert len(await expire(connection)) == 5
    for call in calls:
        assert (await settle(connection, call, 300))["settled"]
    assert await connection.fetchval("SELECT spent_nanos FROM ledger.customer_months") == 1_500
    await check_books(connection)
