"""Migrations run once each, and one that has changed is refused."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from ledger_calls import check_books, expire, reserve, set_clock, settle
from test_filing import every_call, file_all
from tollgate_guard.migrate import REPLACEABLE, SQL, MigrationError, migrate, write_judge, write_tiers


async def _at(url: str, folder: Path) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return await migrate(connection, folder)
    finally:
        await connection.close()


async def _drop(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA IF EXISTS ledger CASCADE")
    await connection.close()


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("[0-9]*.sql"))


def copy_of_the_migrations(folder: Path) -> list[str]:
    shutil.copytree(SQL, folder, dirs_exist_ok=True)
    return _names(folder)


def test_each_runs_once_also_when_many_start_together(ledger_url: str) -> None:
    async def main() -> None:
        await _drop(ledger_url)
        runs = await asyncio.gather(*(_at(ledger_url, SQL) for _ in range(4)))
        assert [name for applied in runs for name in applied] == [*_names(SQL), REPLACEABLE]
        assert await _at(ledger_url, SQL) == []

    asyncio.run(main())


def test_one_that_changed_or_is_gone_is_refused_and_a_failing_one_leaves_nothing(
    ledger_url: str, tmp_path: Path
) -> None:
    async def main() -> None:
        await _drop(ledger_url)
        names = copy_of_the_migrations(tmp_path)
        (tmp_path / "900_breaks.sql").write_text("CREATE TABLE ledger.half (); SELECT 1 / 0;", "utf-8")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await _at(ledger_url, tmp_path)
        (tmp_path / "900_breaks.sql").write_text("CREATE TABLE ledger.half ()", "utf-8")
        assert await _at(ledger_url, tmp_path) == [*names, "900_breaks.sql", REPLACEABLE]
        (tmp_path / "900_breaks.sql").write_text("CREATE TABLE ledger.other ()", "utf-8")
        with pytest.raises(MigrationError, match=r"900_breaks\.sql has changed"):
            await _at(ledger_url, tmp_path)
        (tmp_path / names[0]).unlink()
        with pytest.raises(MigrationError, match=rf"{names[0]} was applied but is not in"):
            await _at(ledger_url, tmp_path)

    asyncio.run(main())


def test_a_release_goes_back_behind_a_newer_migration(
    ledger_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def main() -> None:
        await _drop(ledger_url)
        names = copy_of_the_migrations(tmp_path)
        (tmp_path / "900_newer.sql").write_text("CREATE TABLE ledger.newer ()", "utf-8")
        views = (tmp_path / "views.sql").read_text("utf-8")
        (tmp_path / "views.sql").write_text(f"{views}CREATE OR REPLACE VIEW ledger.newest AS SELECT 1;", "utf-8")
        assert await _at(ledger_url, tmp_path) == [*names, "900_newer.sql", REPLACEABLE]
        (tmp_path / "900_newer.sql").unlink()
        (tmp_path / "views.sql").write_text("DROP VIEW ledger.newest", "utf-8")
        assert await _at(ledger_url, tmp_path) == []
        assert "900_newer.sql is of a newer release and stays applied" in capsys.readouterr().err
        (tmp_path / "views.sql").write_text(f"{views}CREATE OR REPLACE VIEW ledger.newest AS SELECT 1;", "utf-8")
        # Forward again: it is known, and runs no second time.
        (tmp_path / "900_newer.sql").write_text("CREATE TABLE ledger.newer ()", "utf-8")
        assert await _at(ledger_url, tmp_path) == []

    asyncio.run(main())


def test_the_judges_are_a_customer_that_operators_may_change(ledger_url: str) -> None:
    judge = {"customer_id": "judges", "name": "Judges", "tier": "tier_1"}

    async def main() -> None:
        await _drop(ledger_url)
        await _at(ledger_url, SQL)
        connection = await asyncpg.connect(ledger_url)
        await write_tiers(connection, {name: {"price_nanos": 2, "budget_nanos": 1} for name in ("tier_1", "tier_2")})
        await write_judge(connection, judge)
        await connection.execute("UPDATE ledger.customers SET tier = 'tier_2'")
        await write_judge(connection, judge)
        rows = await connection.fetch("SELECT customer_id, name, tier FROM ledger.customers")
        await connection.close()
        assert [tuple(row) for row in rows] == [("judges", "Judges", "tier_2")]

    asyncio.run(main())


def test_a_tier_that_is_gone_stays_while_a_customer_has_it(ledger_url: str) -> None:
    async def main() -> None:
        await _drop(ledger_url)
        await _at(ledger_url, SQL)
        connection = await asyncpg.connect(ledger_url)
        both = {name: {"price_nanos": 2, "budget_nanos": 1} for name in ("tier_1", "tier_2")}
        await write_tiers(connection, both)
        await connection.execute("INSERT INTO ledger.customers (customer_id, name, tier) VALUES ('c', 'c', 'tier_2')")
        await write_tiers(connection, {"tier_3": {"price_nanos": 4, "budget_nanos": 3}})
        rows = await connection.fetch("SELECT tier FROM ledger.tiers ORDER BY tier")
        await connection.close()
        assert [row["tier"] for row in rows] == ["tier_2", "tier_3"]

    asyncio.run(main())


_RESERVE_OF_002 = """
SELECT decision FROM ledger.reserve($1, 'c', 's', 'action', NULL, '{}', 'test', NULL, 'deep', ARRAY['deep'], 10,
  ARRAY[1000]::bigint[], ARRAY[10]::bigint[], ARRAY[50], 1, 16, ARRAY['tier_1'], ARRAY[100000]::bigint[], ARRAY[1],
  50000, 100, 50000, ARRAY[1, 95], ARRAY['log', 'degrade'], 300, true)
"""


_REPLACEABLE = ("functions", "views.sql", "privileges.sql")


def _only(folder: Path, until: str) -> list[str]:
    """The migrations before ``until``, which the folder has then; the names of those that ``_put_back`` adds to it."""
    later = [name for name in copy_of_the_migrations(folder) if name >= until]
    for name in (*later, *_REPLACEABLE):
        (folder / name).rename(folder / f"later-{name}")
    return later


def _put_back(folder: Path, names: list[str]) -> None:
    for name in (*names, *_REPLACEABLE):
        (folder / f"later-{name}").rename(folder / name)


def test_a_ledger_with_data_is_brought_up_to_date_and_serves_gateways_of_both_revisions(
    ledger_url: str, tmp_path: Path
) -> None:
    async def main() -> None:
        await _drop(ledger_url)
        later = _only(tmp_path, "003")
        await _at(ledger_url, tmp_path)
        connection = await asyncpg.connect(ledger_url)
        await write_tiers(connection, {"tier_1": {"price_nanos": 200_000, "budget_nanos": 100_000}})
        await connection.execute("INSERT INTO ledger.customers (customer_id, name, tier) VALUES ('c', 'c', 'tier_1')")
        before, during = uuid4(), uuid4()
        assert await connection.fetchval(_RESERVE_OF_002, before) == "allowed"

        _put_back(tmp_path, later)
        assert await _at(ledger_url, tmp_path) == [*later, REPLACEABLE]
        # A gateway of the older revision goes on until it is replaced, and what it held is settled.
        assert await connection.fetchval(_RESERVE_OF_002, during) == "allowed"
        for call in (before, during):
            assert (await settle(connection, call, 1_100))["settled"]
        assert (await reserve(connection, customer="c", session="s"))["decision"] == "allowed"
        spent = await connection.fetchval("SELECT spent_nanos FROM ledger.customer_months")
        await connection.close()
        assert spent == 2_200

    asyncio.run(main())


def test_calls_of_before_the_filing_are_kept_and_filed(ledger_url: str, tmp_path: Path) -> None:
    """Settled, voided, expired and pending calls of three months: none is lost, and none is settled twice or never."""

    async def main() -> None:
        await _drop(ledger_url)
        later = _only(tmp_path, "020")
        await _at(ledger_url, tmp_path)
        connection = await asyncpg.connect(ledger_url)
        await write_tiers(connection, {"tier_1": {"price_nanos": 200_000, "budget_nanos": 100_000}})
        for customer in ("acme", "bigco"):
            await connection.execute(
                "INSERT INTO ledger.customers (customer_id, name, tier) VALUES ($1, $1, 'tier_1')", customer
            )

        async def reserved(session: str, customer: str = "acme", trace: int | None = None) -> UUID:
            call = uuid4()
            row = await reserve(
                connection,
                customer,
                session,
                call,
                trace_id=None if trace is None else f"{trace:032x}",
                gcp_project="shop",
            )
            assert row["decision"] == "allowed", row
            return call

        for at in ("2026-09-30 23:59:59Z", "2026-10-15 10:00:00Z", "2026-11-20 09:00:00Z"):
            await set_clock(connection, at)
            for n in range(4):
                await settle(connection, await reserved("old", trace=n), 700 + n)
            await settle(connection, await reserved("void"), 0, state="voided", outcome="failure")
        await set_clock(connection, "2026-11-20 10:00:00Z")
        lost = await reserved("lost")
        await set_clock(connection, "2026-11-20 10:06:00Z")
        assert [row["call_id"] for row in await expire(connection)] == [lost]
        pending, others = await reserved("late", trace=77), await reserved("late", "bigco")
        refused = await reserve(connection, "bigco", "late", prompt_nanos=[99_000, 99_000], session_cap=10**9)
        assert refused["reason"] == "budget_held"
        before = await every_call(connection)
        months = await connection.fetch(
            "SELECT customer_id, month, spent_nanos, held_nanos, calls FROM ledger.customer_months"
        )

        _put_back(tmp_path, later)
        assert await _at(ledger_url, tmp_path) == [*later, REPLACEABLE]
        assert await every_call(connection) == before
        assert months == await connection.fetch(
            "SELECT customer_id, month, spent_nanos, held_nanos, calls FROM ledger.customer_months"
        )
        await check_books(connection)
        latest = await connection.fetchrow(
            "SELECT last_call_at::text, last_decision FROM ledger.customer_months WHERE customer_id = 'acme' AND month = '2026-11-01'"
        )
        assert tuple(latest) == ("2026-11-20 10:06:00+00", "allowed")
        trace = "SELECT last_trace_id FROM ledger.sessions WHERE session_id = 'late' AND customer_id = 'acme'"
        assert await connection.fetchval(trace) == f"{77:032x}"

        # A hold from before is settled, and an expired one corrected.
        assert (await settle(connection, pending, 900))["held_nanos"] == 6_000
        assert (await settle(connection, lost, 800))["settled"]
        after = await every_call(connection)
        await set_clock(connection, "2026-11-20 10:08:00Z")
        assert await file_all(connection, 4) == len(before) - 1
        assert await every_call(connection) == after
        assert await connection.fetchval("SELECT count(*) FROM ledger.calls_before_020") == 0
        assert [row["call_id"] for row in await connection.fetch("SELECT call_id FROM ledger.recent_calls")] == [others]
        await check_books(connection)
        await set_clock(connection, None)
        await connection.close()

    asyncio.run(main())
