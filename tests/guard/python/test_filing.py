"""Settled calls are filed by month, once, with their totals; queries of ``calls`` see no difference."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from conftest import add_customer, fresh_ledger
from ledger_calls import check_books, expire, reserve, set_clock, settle

# All of a call but its lease, which ends with it.
CALL = """
call_id, customer_id, month, session_id, plan_tier, query_type, gcp_project, tools_invoked, environment, route, model_asked,
model_used, decision, state, outcome, held_nanos, cost_nanos, prompt_bound, held_tokens, prompt_tokens, cached_tokens,
completion_tokens, cache_hit, reserved_at, settled_at, trace_id"""

SPEND = """
SELECT hour, environment, plan_tier, query_type, model_used, sum(calls)::int AS calls, sum(cost_nanos)::bigint AS cost,
  sum(cache_hits)::int AS hits
FROM ledger.spend WHERE scope IN (customer_id) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"""

DAYS = """
SELECT day, customer_id, environment, plan_tier, sum(calls)::int AS calls, sum(cost_nanos)::bigint AS cost
FROM ledger.customer_spend GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""


async def every_call(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    return list(await connection.fetch(f"SELECT {CALL} FROM ledger.calls ORDER BY call_id"))


async def make_call(connection: asyncpg.Connection, cost: int, **changes: object) -> UUID:
    call = uuid4()
    row = await reserve(connection, call_id=call, **changes)  # type: ignore[arg-type]
    assert row["decision"] == "allowed", row
    assert (await settle(connection, call, cost))["settled"]
    return call


async def file_all(connection: asyncpg.Connection, limit: int = 1_000) -> int:
    count = 0
    while filed := await connection.fetchval("SELECT ledger.file_calls($1)", limit):
        count += filed
    return count


def test_filing_changes_no_answer(ledger_url: str) -> None:
    async def main() -> None:
        async with fresh_ledger(ledger_url) as connection:
            await add_customer(connection, "acme")
            await add_customer(connection, "bigco", "tier_2")
            for at, count in (("2026-10-31 23:59:00Z", 2), ("2026-11-01 00:01:00Z", 3), ("2026-11-20 12:00:00Z", 4)):
                await set_clock(connection, at)
                for n in range(count):
                    await make_call(connection, 100 + n, session=f"s{n % 2}", trace_id=f"{n:032x}", tools=["a", "b"])
                    await make_call(connection, 200 + n, customer="bigco", session=f"s{n % 2}", gcp_project="shop-prod")
            void, pending = uuid4(), uuid4()
            await reserve(connection, call_id=void)
            await settle(connection, void, 0, state="voided", outcome="failure")
            await reserve(connection, call_id=pending)

            async def answers() -> list[list[asyncpg.Record]]:
                return [await every_call(connection), *[await connection.fetch(q) for q in (SPEND, DAYS)]]

            before = await answers()
            # What is in the last minute stays where a reservation counts its tokens.
            assert await file_all(connection) == 10
            assert await answers() == before
            await set_clock(connection, "2026-11-20 12:01:01Z")
            assert await file_all(connection, 2) == 9
            assert await answers() == before
            assert await file_all(connection) == 0
            assert await connection.fetchval("SELECT count(*) FROM ledger.recent_calls") == 1
            months = await connection.fetch(
                "SELECT tableoid::regclass::text AS name, count(*) AS calls FROM ledger.filed_calls GROUP BY 1 ORDER BY 1"
            )
            assert [tuple(row) for row in months] == [
                ("ledger.filed_calls_2026_10", 4),
                ("ledger.filed_calls_2026_11", 15),
            ]
            # A call that is filed is settled: the same news again changes nothing.
            assert not (await settle(connection, void, 5))["settled"]
            assert (await settle(connection, pending, 700))["settled"]
            await check_books(connection)

            of_one = await connection.fetchrow(
                "SELECT sum(calls) AS calls, sum(cost_nanos) AS cost FROM ledger.spend WHERE scope IN ('bigco')"
            )
            assert tuple(of_one) == (9, 200 * 9 + 10)

    asyncio.run(main())


def test_a_hold_that_was_charged_waits_two_hours_for_its_settlement(ledger_url: str) -> None:
    async def main() -> None:
        async with fresh_ledger(ledger_url) as connection:
            await add_customer(connection, "acme")
            await set_clock(connection, "2026-11-30 23:50:00Z")
            late, lost = uuid4(), uuid4()
            for call in (late, lost):
                await reserve(connection, call_id=call, lease_seconds=60)
            await set_clock(connection, "2026-12-01 00:00:00Z")
            assert len(await expire(connection)) == 2
            await set_clock(connection, "2026-12-01 01:59:00Z")
            assert await file_all(connection) == 0
            corrected = await settle(connection, late, 2_500)
            assert (corrected["settled"], corrected["spent_nanos"]) == (True, 8_500)
            await check_books(connection)
            await set_clock(connection, "2026-12-01 02:00:01Z")
            assert await file_all(connection) == 2
            assert not (await settle(connection, lost, 1))["settled"]
            await check_books(connection)

    asyncio.run(main())


def test_a_trace_id_of_another_form_does_not_stop_the_filing(ledger_url: str) -> None:
    async def main() -> None:
        async with fresh_ledger(ledger_url) as connection:
            await add_customer(connection, "acme")
            await set_clock(connection, "2026-11-10 10:00:00Z")
            await make_call(connection, 1, trace_id="no trace")
            await set_clock(connection, "2026-11-10 10:02:00Z")
            assert await file_all(connection) == 1
            assert (await every_call(connection))[0]["trace_id"] is None

    asyncio.run(main())


def test_a_call_without_its_session_is_not_lost(ledger_url: str) -> None:
    async def main() -> None:
        async with fresh_ledger(ledger_url) as connection:
            await add_customer(connection, "acme")
            await set_clock(connection, "2026-11-10 10:00:00Z")
            await make_call(connection, 1)
            before = await every_call(connection)
            await connection.execute("DELETE FROM ledger.sessions")
            await set_clock(connection, "2026-11-10 10:02:00Z")
            with pytest.raises(asyncpg.RaiseError, match="0 calls were filed of 1"):
                await file_all(connection)
            assert await every_call(connection) == before

    asyncio.run(main())


def test_settlements_change_rows_on_their_page(ledger_url: str) -> None:
    """An update that moves a row to another page writes every index anew: the ledger would slow down with its age."""

    async def main() -> None:
        async with fresh_ledger(ledger_url) as connection:
            await add_customer(connection, "acme")
            for n in range(200):
                await make_call(connection, 1, session=f"s{n % 4}", prompt_nanos=[1, 1], token_nanos=[0, 0])
            await connection.execute("SELECT pg_stat_force_next_flush()")
            rows = await connection.fetch(
                "SELECT relname, n_tup_upd AS updates, n_tup_hot_upd AS hot FROM pg_stat_user_tables "
                "WHERE schemaname = 'ledger' AND relname IN ('recent_calls', 'customer_months', 'sessions')"
            )
            updates = {row["relname"]: (row["updates"], row["hot"]) for row in rows}
            assert updates.keys() == {"recent_calls", "customer_months", "sessions"}
            for name, (all_of_them, hot) in updates.items():
                assert all_of_them >= 196 and hot >= 0.95 * all_of_them, (name, updates)

    asyncio.run(main())
