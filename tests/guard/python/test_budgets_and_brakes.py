"""What operators decide while the gateway runs, against a real Postgres: overrides, grants, brakes, and the events of it."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import asyncpg
import pytest

from conftest import add_customer, with_ledger
from ledger_calls import check_books, expire, reserve, set_clock, settle
from tollgate_guard.refusals import Refusal

PARALLEL = 200
# A call of this file holds 6,000 nano-dollars, and the plan has 100,000 of them.
COST = 6_000


async def customers(connection: asyncpg.Connection) -> None:
    await add_customer(connection, "acme")
    await add_customer(connection, "bigco", "tier_2")


on_ledger = with_ledger(customers)


async def at_once(ledger_url: str, calls: int = PARALLEL) -> list[asyncpg.Record]:
    """So many calls of acme at the same moment, each in its own session and settled at its full hold."""
    async with asyncpg.create_pool(ledger_url, min_size=20, max_size=20) as pool:

        async def call() -> asyncpg.Record:
            call_id = uuid4()
            async with pool.acquire() as connection:
                row = await reserve(connection, session=str(call_id), call_id=call_id, tier_plans=[1, 1, 1])
                if row["decision"] == "allowed":
                    await settle(connection, call_id, row["held_nanos"])
            return row

        return list(await asyncio.gather(*(call() for _ in range(calls))))


async def override(connection: asyncpg.Connection, nanos: int, ends: str = "1 day") -> None:
    await connection.execute(
        "INSERT INTO ledger.overrides VALUES ('acme', $1, ledger.clock() + $2::text::interval) "
        "ON CONFLICT (customer_id) DO UPDATE SET budget_nanos = $1, ends_at = excluded.ends_at",
        nanos,
        ends,
    )


async def grant(connection: asyncpg.Connection, nanos: int, ends: str = "1 day") -> int:
    return int(
        await connection.fetchval(
            "INSERT INTO ledger.grants (customer_id, amount_nanos, expires_at) "
            "VALUES ('acme', $1, ledger.clock() + $2::text::interval) RETURNING grant_id",
            nanos,
            ends,
        )
    )


async def used(connection: asyncpg.Connection) -> list[int]:
    return [
        row["used_nanos"] for row in await connection.fetch("SELECT used_nanos FROM ledger.grants ORDER BY grant_id")
    ]


async def month(connection: asyncpg.Connection) -> asyncpg.Record:
    return await connection.fetchrow(
        "SELECT * FROM ledger.customer_months WHERE customer_id = 'acme' ORDER BY month DESC"
    )


async def usage(connection: asyncpg.Connection) -> asyncpg.Record:
    return await connection.fetchrow("SELECT * FROM ledger.customer_usage WHERE customer_id = 'acme'")


@pytest.mark.parametrize("budget", [20_000, 100_000, 333_333])
@on_ledger
async def test_an_override_is_the_cap_and_not_a_nano_dollar_more(
    connection: asyncpg.Connection, ledger_url: str, budget: int
) -> None:
    await override(connection, budget)
    assert (await usage(connection))["cap_nanos"] == budget
    rows = await at_once(ledger_url)
    spent = (await month(connection))["spent_nanos"]
    assert spent == sum(row["held_nanos"] for row in rows if row["decision"] == "allowed")
    # What is left is too little for the shortest answer (16 tokens).
    assert budget - 2_600 < spent <= budget
    await check_books(connection)


@on_ledger
async def test_an_override_ends_on_its_day(connection: asyncpg.Connection) -> None:
    await set_clock(connection, "2026-11-10T12:00:00Z")
    await override(connection, 3_000, "1 day")
    assert (await reserve(connection))["max_tokens"] == 20
    await set_clock(connection, "2026-11-11T11:59:59Z")
    assert (await reserve(connection, tier_plans=[1, 1, 1]))["reason"] == "budget_held"
    await set_clock(connection, "2026-11-11T12:00:00Z")
    assert (await reserve(connection))["decision"] == "allowed"
    assert (await month(connection))["cap_nanos"] == 100_000


@on_ledger
async def test_grants_are_used_after_the_budget_the_first_to_expire_first_and_never_exceeded(
    connection: asyncpg.Connection, ledger_url: str
) -> None:
    await grant(connection, 30_000, "2 days")
    await grant(connection, 12_000, "1 day")
    await at_once(ledger_url, 10)
    assert await used(connection) == [0, 0]
    rows = await at_once(ledger_url)
    assert {row["reason"] for row in rows} <= {"ok", "month_budget", "budget_held"}
    row = await month(connection)
    assert 142_000 - 2_600 < row["spent_nanos"] <= 142_000 == row["cap_nanos"]
    assert (row["budget_nanos"], row["granted_nanos"]) == (100_000, row["spent_nanos"] - 100_000)
    assert await used(connection) == [row["granted_nanos"] - 12_000, 12_000]
    told = await connection.fetch("SELECT type, data FROM ledger.events WHERE type = 'grant.used'")
    # In no order: `at` is when a transaction began, and those that run at once wait for each other.
    amounts = sorted(json.loads(event["data"])["amount_nanos"] for event in told)
    assert amounts == ([12_000, 30_000] if row["spent_nanos"] == 142_000 else [12_000])
    await check_books(connection)


@on_ledger
async def test_a_grant_is_used_once_over_two_months(connection: asyncpg.Connection) -> None:
    await set_clock(connection, "2026-11-30T23:59:00Z")
    await grant(connection, 10_000, "10 days")
    first = uuid4()
    november = {"prompt_nanos": [106_000, 106_000], "token_nanos": [0, 0], "session_cap": 10**9}
    assert (await reserve(connection, call_id=first, **november))["decision"] != "refused"
    await set_clock(connection, "2026-12-01T00:00:30Z")
    # November's call holds 6,000 of the grant.
    december = {"prompt_nanos": [105_000, 105_000], "token_nanos": [0, 0], "session_cap": 10**9}
    assert (await reserve(connection, session="s2", **december))["decision"] == "refused"
    await settle(connection, first, 101_000)
    assert await used(connection) == [1_000]
    assert (await reserve(connection, session="s2", **december))["decision"] != "refused"


@on_ledger
async def test_a_corrected_charge_gives_back_what_it_drew(connection: asyncpg.Connection) -> None:
    await set_clock(connection, "2026-11-10T12:00:00Z")
    await grant(connection, 10_000, "10 days")
    call = uuid4()
    await reserve(connection, call_id=call, prompt_nanos=[108_000] * 2, token_nanos=[0, 0], session_cap=10**9)
    await set_clock(connection, "2026-11-10T12:10:00Z")
    assert len(await expire(connection)) == 1
    assert await used(connection) == [8_000]
    assert (await settle(connection, call, 90_000))["settled"]
    assert await used(connection) == [0]
    assert (await month(connection))["granted_nanos"] == 0
    await check_books(connection, 10**9)


@on_ledger
async def test_an_expired_grant_pays_nothing(connection: asyncpg.Connection) -> None:
    await set_clock(connection, "2026-11-10T12:00:00Z")
    await grant(connection, 10_000, "1 hour")
    await set_clock(connection, "2026-11-10T13:00:00Z")
    row = await reserve(connection, prompt_nanos=[101_000] * 2, token_nanos=[0, 0], session_cap=10**9)
    assert (row["decision"], row["reason"]) == ("refused", "month_budget")


@pytest.mark.parametrize(
    "scope, value, refused",
    [
        ("all", "", ["acme", "bigco", "deep"]),
        ("customer", "acme", ["acme"]),
        ("tier", "tier_2", ["bigco"]),
        ("route", "deep", ["deep"]),
    ],
)
@on_ledger
async def test_a_brake_refuses_what_it_names_at_once_and_no_more(
    connection: asyncpg.Connection, scope: str, value: str, refused: list[str]
) -> None:
    async def reasons(connection: asyncpg.Connection) -> list[str]:
        rows = {
            "acme": await reserve(connection, customer="acme", session=str(uuid4())),
            "bigco": await reserve(connection, customer="bigco", session=str(uuid4())),
            "deep": await reserve(
                connection,
                customer="bigco" if scope != "tier" else "acme",
                session=str(uuid4()),
                routes=["deep", "economy"],
            ),
        }
        return [name for name, row in rows.items() if (row["decision"], row["reason"]) == ("refused", "brake")]

    assert await reasons(connection) == []
    await connection.execute("INSERT INTO ledger.brakes VALUES ($1, $2, now(), 'a test')", scope, value)
    assert await reasons(connection) == refused
    assert await connection.fetchval("SELECT count(*) FROM ledger.refusals WHERE reason = 'brake'") == len(refused)
    await connection.execute("DELETE FROM ledger.brakes")
    assert await reasons(connection) == []


@on_ledger
async def test_no_call_passes_a_brake_that_stands_before_it(connection: asyncpg.Connection, ledger_url: str) -> None:
    await connection.execute("INSERT INTO ledger.brakes VALUES ('all', '', now(), 'a test')")
    rows = await at_once(ledger_url)
    assert {(row["decision"], row["reason"]) for row in rows} == {("refused", "brake")}
    assert await month(connection) is None


@on_ledger
async def test_a_route_behind_its_brake_is_not_degraded_to(connection: asyncpg.Connection) -> None:
    await connection.execute("INSERT INTO ledger.brakes VALUES ('route', 'economy', now(), 'a test')")
    call = uuid4()
    await reserve(connection, call_id=call, prompt_nanos=[96_000] * 2, token_nanos=[0, 0], session_cap=10**9)
    await settle(connection, call, 96_000)
    row = await reserve(connection, session="s2", prompt_nanos=[1_000, 100])
    assert (row["decision"], row["plan"]) == ("allowed", 1)


@on_ledger
async def test_each_crossing_is_told_once_in_the_transaction_that_crosses(
    connection: asyncpg.Connection, ledger_url: str
) -> None:
    await at_once(ledger_url)
    rows = await connection.fetch(
        "SELECT data FROM ledger.events WHERE type = 'budget.crossed' AND customer_id = 'acme'"
    )
    events = [json.loads(row["data"]) for row in rows]
    assert sorted(event["percent"] for event in events) == [50, 80, 95, 100]
    assert {event["cap_nanos"] for event in events} == {100_000}
    crossed = await connection.fetchval("SELECT count(*) FROM ledger.crossings WHERE customer_id = 'acme'")
    assert crossed == len(events)


def test_a_paused_customer_reads_what_to_do() -> None:
    refusal = Refusal("brake")
    assert (refusal.status, refusal.type, refusal.headers()) == (503, "service_unavailable", {"retry-after": "60"})
    assert "paused" in refusal.message
