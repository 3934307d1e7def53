"""Budget months that begin on a customer's own day, on a real Postgres."""

from __future__ import annotations

import asyncio
import itertools
from datetime import date, timedelta
from uuid import uuid4

import asyncpg

from conftest import LedgerTest, add_customer, with_ledger
from ledger_calls import check_books, reserve, set_clock, settle

# A call of this file holds and costs 6,000 nano-dollars.
COST = 6_000


def on_ledger(clock: str | None = None) -> LedgerTest:
    async def prepare(connection: asyncpg.Connection) -> None:
        await add_customer(connection, "acme")
        # As the reservations of these tests have them.
        await connection.execute("UPDATE ledger.tiers SET budget_nanos = 100000 * right(tier, 1)::integer")
        if clock is not None:
            await set_clock(connection, clock)

    return with_ledger(prepare)


async def anchor(connection: asyncpg.Connection, day: int) -> None:
    await connection.execute("SELECT ledger.set_anchor('acme', $1)", day)


async def call(connection: asyncpg.Connection, **changes: object) -> asyncpg.Record:
    """A call that costs its hold, in its own session; what the ledger decided."""
    call_id = uuid4()
    row = await reserve(connection, session=str(call_id), call_id=call_id, tier_plans=[1, 1, 1], **changes)
    if row["decision"] == "allowed":
        await settle(connection, call_id, row["held_nanos"])
    return row


async def period(connection: asyncpg.Connection, at: str) -> tuple[str, str]:
    row = await connection.fetchrow(
        f"SELECT starts::text, ends::text FROM ledger.period_of('acme', '{at}'::timestamptz)"
    )
    return row["starts"], row["ends"]


async def usage(connection: asyncpg.Connection) -> tuple[str, str, int, int]:
    row = await connection.fetchrow(
        "SELECT month::text, month_end::text, spent_nanos, cap_nanos FROM ledger.customer_usage"
    )
    return tuple(row)


EDGES = [
    # As Stripe's documentation has it: an anchor of 31 bills on the last day of a month that is shorter.
    (31, "2026-01-31 00:00Z", "2026-01-31", "2026-02-28"),
    (31, "2026-02-27 23:59:59.999Z", "2026-01-31", "2026-02-28"),
    (31, "2026-02-28 00:00Z", "2026-02-28", "2026-03-31"),
    (31, "2026-03-30 12:00Z", "2026-02-28", "2026-03-31"),
    (31, "2026-03-31 00:00Z", "2026-03-31", "2026-04-30"),
    (31, "2028-02-28 12:00Z", "2028-01-31", "2028-02-29"),
    (31, "2028-02-29 00:00Z", "2028-02-29", "2028-03-31"),
    (30, "2027-02-28 00:00Z", "2027-02-28", "2027-03-30"),
    (29, "2028-02-29 00:00Z", "2028-02-29", "2028-03-29"),
    (29, "2027-03-01 00:00Z", "2027-02-28", "2027-03-29"),
    (15, "2026-12-31 23:59Z", "2026-12-15", "2027-01-15"),
    (15, "2027-01-14 23:59Z", "2026-12-15", "2027-01-15"),
    (1, "2026-11-28 12:00Z", "2026-11-01", "2026-12-01"),
    # A moment elsewhere on Earth is UTC's day here.
    (15, "2026-12-14 23:30-01:00", "2026-12-15", "2027-01-15"),
]


@on_ledger()
async def test_a_budget_month_begins_on_the_customers_day(connection: asyncpg.Connection) -> None:
    await connection.execute("SET timezone = 'Pacific/Auckland'")
    for day, at, starts, ends in EDGES:
        await anchor(connection, day)
        assert await period(connection, at) == (starts, ends), (day, at)


@on_ledger()
async def test_budget_months_follow_each_other_without_gap_or_overlap(connection: asyncpg.Connection) -> None:
    for day in range(1, 32):
        await anchor(connection, day)
        rows = await connection.fetch(
            """
            SELECT at::date AS day, p.* FROM generate_series(timestamp '2027-01-01', '2029-03-01', interval '1 day') at
            CROSS JOIN LATERAL ledger.period_of('acme', at AT TIME ZONE 'UTC') p ORDER BY 1
            """
        )
        months = sorted({(row["starts"], row["ends"]) for row in rows})
        for row in rows:
            assert row["starts"] <= row["day"] < row["ends"]
            assert row["days"] == row["whole_days"]
        for (_, ends), (starts, _) in itertools.pairwise(months):
            assert ends == starts
        for starts, _ in months:
            last = (starts.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
            assert starts.day == min(day, last.day)


@on_ledger("2026-11-28 12:00Z")
async def test_a_months_row_says_when_a_whole_month_ends(connection: asyncpg.Connection) -> None:
    async def rows() -> list[tuple[str, str | None, int]]:
        query = "SELECT month::text, ends::text, calls FROM ledger.customer_months ORDER BY month"
        return [tuple(row) for row in await connection.fetch(query)]

    for _ in range(2):
        await call(connection)
    assert await rows() == [("2026-11-01", "2026-12-01", 2)]
    # As a reservation before the migration left it.
    await connection.execute("UPDATE ledger.customer_months SET ends = NULL")
    await call(connection)
    assert await rows() == [("2026-11-01", "2026-12-01", 3)]
    await anchor(connection, 15)
    await set_clock(connection, "2026-11-30 23:59:59Z")
    await call(connection)
    months = [("2026-11-01", "2026-12-01", 4)]
    assert await rows() == months
    # Shorter than its rule's: looked up at each call.
    for at in ("2026-12-01 00:00Z", "2026-12-14 23:59:59Z"):
        await set_clock(connection, at)
        await call(connection)
    months.append(("2026-12-01", None, 2))
    assert await rows() == months
    for at in ("2026-12-15 00:00Z", "2027-01-14 23:59:59Z"):
        await set_clock(connection, at)
        await call(connection)
    months.append(("2026-12-15", "2027-01-15", 2))
    assert await rows() == months
    # A clock that is set back.
    await set_clock(connection, "2026-11-30 12:00Z")
    await call(connection)
    months[0] = ("2026-11-01", "2026-12-01", 5)
    assert await rows() == months


@on_ledger("2027-01-31 08:00Z")
async def test_a_month_that_is_spent_stays_spent_until_the_customers_day(connection: asyncpg.Connection) -> None:
    await anchor(connection, 31)
    for _ in range(16):
        await call(connection)
    assert (await call(connection, final=True))["decision"] == "allowed"
    assert (await call(connection))["reason"] == "month_budget"
    # The calendar's month begins: nothing for this customer.
    await set_clock(connection, "2027-02-01 00:00Z")
    assert (await call(connection))["reason"] == "month_budget"
    await set_clock(connection, "2027-02-27 23:59:59Z")
    assert (await call(connection))["reason"] == "month_budget"
    assert await usage(connection) == ("2027-01-31", "2027-02-28", 100_000, 100_000)
    await set_clock(connection, "2027-02-28 00:00Z")
    assert (await call(connection))["decision"] == "allowed"
    assert await usage(connection) == ("2027-02-28", "2027-03-31", COST, 100_000)
    crossed = await connection.fetch(
        "SELECT percent FROM ledger.crossings WHERE month = $1 ORDER BY 1", date(2027, 1, 31)
    )
    assert [row["percent"] for row in crossed] == [50, 80, 95, 100]
    data = await connection.fetchval(
        "SELECT data FROM ledger.events WHERE type = 'budget.crossed' AND data ->> 'percent' = '50'"
    )
    assert '"month": "2027-01-31"' in data and '"month_end": "2027-02-28"' in data
    await check_books(connection)


@on_ledger("2026-11-28 09:00Z")
async def test_a_new_day_holds_from_the_end_of_the_running_month_and_nothing_spent_vanishes(
    connection: asyncpg.Connection,
) -> None:
    for _ in range(5):
        await call(connection)
    await anchor(connection, 15)
    # The running month goes on with what it has spent and its whole budget.
    assert await usage(connection) == ("2026-11-01", "2026-12-01", 5 * COST, 100_000)
    await set_clock(connection, "2026-11-30 23:59:59Z")
    await call(connection)
    assert await usage(connection) == ("2026-11-01", "2026-12-01", 6 * COST, 100_000)
    # Then 14 of the 30 days from 15 November to 15 December, with their share of the budget.
    await set_clock(connection, "2026-12-01 00:00Z")
    assert await usage(connection) == ("2026-12-01", "2026-12-15", 0, 100_000 * 14 // 30)
    rows = [await call(connection) for _ in range(20)]
    assert sum(row["held_nanos"] or 0 for row in rows) == 100_000 * 14 // 30 - (100_000 * 14 // 30 - 1_000) % 100
    assert rows[-1]["reason"] == "month_budget"
    # Changed again within the short month: it ends as it would have.
    await anchor(connection, 20)
    assert (await call(connection))["reason"] == "month_budget"
    await set_clock(connection, "2026-12-15 00:00Z")
    assert await usage(connection) == ("2026-12-15", "2026-12-20", 0, 100_000 * 5 // 30)
    await set_clock(connection, "2026-12-20 00:00Z")
    assert await usage(connection) == ("2026-12-20", "2027-01-20", 0, 100_000)
    total = await connection.fetchval("SELECT sum(spent_nanos) FROM ledger.customer_months")
    assert total == await connection.fetchval("SELECT sum(cost_nanos) FROM ledger.calls")
    await check_books(connection)


@on_ledger("2026-11-28 09:00Z")
async def test_a_change_that_is_taken_back_leaves_no_short_month(connection: asyncpg.Connection) -> None:
    await anchor(connection, 10)
    await call(connection)
    await anchor(connection, 20)
    await anchor(connection, 10)
    assert await period(connection, "2027-01-10 00:00Z") == ("2027-01-10", "2027-02-10")
    assert await connection.fetchval("SELECT count(*) FROM ledger.billing_anchors") == 1


@on_ledger("2026-11-28 09:00Z")
async def test_a_customer_that_has_spent_nothing_gets_its_day_at_once(connection: asyncpg.Connection) -> None:
    await anchor(connection, 15)
    assert await usage(connection) == ("2026-11-15", "2026-12-15", 0, 100_000)
    await anchor(connection, 1)
    assert await usage(connection) == ("2026-11-01", "2026-12-01", 0, 100_000)
    assert await connection.fetchval("SELECT count(*) FROM ledger.billing_anchors") == 0


@on_ledger("2028-02-28 23:59:59.9Z")
async def test_two_hundred_calls_across_the_edge_spend_no_month_over_its_cap(
    connection: asyncpg.Connection, ledger_url: str
) -> None:
    await anchor(connection, 31)
    async with asyncpg.create_pool(ledger_url, min_size=20, max_size=20) as pool:

        async def one(number: int) -> str:
            async with pool.acquire() as own:
                row = await call(own)
                if number == 100:
                    await set_clock(own, "2028-02-29 00:00Z")
                return str(row["decision"])

        decisions = await asyncio.gather(*(one(number) for number in range(200)))
    rows = await connection.fetch(
        "SELECT month::text, spent_nanos, held_nanos, cap_nanos FROM ledger.customer_months ORDER BY month"
    )
    assert [row["month"] for row in rows] == ["2028-01-31", "2028-02-29"]
    assert [(row["spent_nanos"], row["held_nanos"]) for row in rows] == [(100_000, 0), (100_000, 0)]
    assert decisions.count("allowed") == 34
    await check_books(connection)


@on_ledger("2026-11-30 23:59:59Z")
async def test_a_change_of_day_waits_for_reservations_and_they_for_it(
    connection: asyncpg.Connection, ledger_url: str
) -> None:
    """At the edge: whichever is first, calls before it and after it land in months that follow each other."""
    await call(connection)
    async with asyncpg.create_pool(ledger_url, min_size=20, max_size=20) as pool:

        async def change(day: int) -> None:
            async with pool.acquire() as own, own.transaction():
                await own.execute("SELECT FROM ledger.customers WHERE customer_id = 'acme' FOR UPDATE")
                await anchor(own, day)

        async def edge() -> None:
            async with pool.acquire() as own:
                await set_clock(own, "2026-12-01 00:00Z")

        async def one() -> None:
            async with pool.acquire() as own:
                await call(own, caps=[10**9] * 3)

        todo = [one() for _ in range(100)]
        todo[50:50] = [change(15), edge(), change(20)]
        await asyncio.gather(*todo)
    months = await connection.fetch("SELECT month::text, spent_nanos FROM ledger.customer_months ORDER BY month")
    assert [row["month"] for row in months] == ["2026-11-01", "2026-12-01"]
    assert sum(row["spent_nanos"] for row in months) == 101 * COST
    await check_books(connection)


# tier_1 has 100,000, tier_2 200,000 and tier_3 300,000 for the 30 days of November.
TIER_CHANGES = [
    (False, [("2026-11-16 00:00Z", "tier_3")], 300_000),
    (True, [("2026-11-16 00:00Z", "tier_3")], 200_000),
    (True, [("2026-11-30 23:59:59.5Z", "tier_3")], 100_000),
    (True, [("2026-11-11 00:00Z", "tier_2"), ("2026-11-21 00:00Z", "tier_3")], 200_000),
    # A change that is reverted within a second does not count.
    (True, [("2026-11-16 00:00:00.1Z", "tier_3"), ("2026-11-16 00:00:00.2Z", "tier_1")], 100_000),
    # The month before does not count.
    (True, [("2026-10-16 00:00Z", "tier_3")], 300_000),
]


@on_ledger()
async def test_a_change_of_tier_gives_its_budget_at_once_or_for_its_time(connection: asyncpg.Connection) -> None:
    for number, (prorated, changes, cap) in enumerate(TIER_CHANGES):
        who = f"c{number}"
        await add_customer(connection, who)
        await connection.execute("UPDATE ledger.tiers SET prorated = $1", prorated)
        await set_clock(connection, "2026-10-01 00:00Z" if changes[0][0] < "2026-11" else "2026-11-02 00:00Z")
        await call(connection, customer=who, prorated=prorated)
        for at, tier in changes:
            await set_clock(connection, at)
            await connection.execute("UPDATE ledger.customers SET tier = $1 WHERE customer_id = $2", tier, who)
        await set_clock(connection, "2026-11-30 23:59:59.9Z")
        reported = "SELECT cap_nanos FROM ledger.customer_usage WHERE customer_id = $1"
        decided = "SELECT cap_nanos FROM ledger.customer_months WHERE customer_id = $1 ORDER BY month DESC LIMIT 1"
        # What reports say before the next call, what that call is judged by, and what reports say after it.
        assert await connection.fetchval(reported, who) == cap, changes
        await call(connection, customer=who, prorated=prorated)
        assert await connection.fetchval(decided, who) == cap, changes
        assert await connection.fetchval(reported, who) == cap, changes


@on_ledger("2026-11-28 09:00Z")
async def test_an_override_and_a_grant_hold_in_a_short_month(connection: asyncpg.Connection) -> None:
    await call(connection)
    await anchor(connection, 16)
    await set_clock(connection, "2026-12-01 00:00Z")
    await connection.execute("INSERT INTO ledger.overrides VALUES ('acme', 60000, '2027-06-01')")
    await connection.execute(
        "INSERT INTO ledger.grants (customer_id, amount_nanos, expires_at) VALUES ('acme', 10000, '2027-06-01')"
    )
    assert (await usage(connection))[3] == 60_000 * 15 // 30 + 10_000
    rows = [await call(connection) for _ in range(9)]
    assert sum(row["held_nanos"] or 0 for row in rows) == 40_000
    assert await connection.fetchval("SELECT used_nanos FROM ledger.grants") == 10_000
    await set_clock(connection, "2026-12-16 00:00Z")
    assert (await usage(connection))[3] == 60_000


@on_ledger("2027-01-31 12:00Z")
async def test_calls_are_filed_and_archived_by_the_month_in_which_their_budget_month_begins(
    connection: asyncpg.Connection,
) -> None:
    await anchor(connection, 31)
    await call(connection)
    await set_clock(connection, "2027-02-20 12:00Z")
    await call(connection)
    await set_clock(connection, "2027-02-20 13:00Z")
    assert await connection.fetchval("SELECT ledger.file_calls(100)") == 2
    assert [row[0] for row in await connection.fetch("SELECT month FROM ledger.filed_months()")] == [date(2027, 1, 1)]
    archivable = "SELECT count(*) FROM ledger.archivable_months($1)"
    assert await connection.fetchval(archivable, date(2027, 2, 1)) == 0
    assert await connection.fetchval(archivable, date(2027, 3, 1)) == 1
    await connection.execute(
        "SELECT ledger.drop_month($1, 2, $2, 'calls-2027-01.csv.gz', 'x')", date(2027, 1, 1), 2 * COST
    )
    assert await connection.fetchval("SELECT count(*) FROM ledger.calls") == 0


@on_ledger("2026-11-28 09:00Z")
async def test_a_deleted_customer_keeps_its_months(connection: asyncpg.Connection) -> None:
    await anchor(connection, 15)
    await call(connection)
    await connection.execute("UPDATE ledger.customers SET tier = 'tier_2', disabled_at = now()")
    await connection.execute("SELECT ledger.anonymise('acme', 'deleted_1')")
    assert await usage(connection) == ("2026-11-15", "2026-12-15", COST, 200_000)
    assert await connection.fetchval("SELECT count(*) FROM ledger.tier_changes WHERE customer_id = 'deleted_1'") == 1
