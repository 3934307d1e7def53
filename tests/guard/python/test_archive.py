"""Months past their retention go to the archive and come back from it; none is dropped that the archive does not give back."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from conftest import add_customer, fresh_ledger
from ledger_calls import reserve, set_clock, settle
from object_store import BUCKET, ObjectStore
from test_filing import CALL, DAYS, SPEND, every_call, file_all, make_call
from tollgate_guard.archive import archive, prune, restore
from tollgate_guard.archive_stores import ArchiveError, Folder, Store, open_store

TOTALS = [
    SPEND,
    DAYS,
    "SELECT customer_id, month, spent_nanos, held_nanos, calls FROM ledger.customer_months ORDER BY 1, 2",
    "SELECT customer_id, session_id, spent_nanos, held_nanos, calls FROM ledger.sessions ORDER BY 1, 2",
]


@pytest.fixture
def object_store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    yield store
    store.close()


@pytest.fixture(params=["folder", "s3", "cloud storage"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> Store:
    if request.param == "folder":
        monkeypatch.setenv("TOLLGATE_ARCHIVE_FOLDER", str(tmp_path / "archive"))
    elif request.param == "s3":
        for name, value in {
            "TOLLGATE_ARCHIVE_S3_BUCKET": BUCKET,
            "AWS_ENDPOINT_URL": object_store.url,
            "AWS_ACCESS_KEY_ID": "tollgate",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
    else:
        monkeypatch.setenv("TOLLGATE_ARCHIVE_GCS_BUCKET", BUCKET)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", object_store.url)
    return open_store()


def with_old_months(ledger_url: str, test: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    """A ledger in November 2026 with filed calls of August, September and November; August's have every kind of value."""

    async def main() -> None:
        async with fresh_ledger(ledger_url) as connection:
            await add_customer(connection, "acme")
            await set_clock(connection, "2026-08-31 23:59:59.123456Z")
            await make_call(connection, 1_234, trace_id="a" * 32, tools=["a", 'b "quoted", and more'], gcp_project="shop")
            void = uuid4()
            await reserve(connection, call_id=void)
            await settle(connection, void, 0, state="voided", outcome="failure")
            for at, cost in (("2026-09-10 10:00:00Z", 500), ("2026-11-10 10:00:00Z", 300)):
                await set_clock(connection, at)
                await make_call(connection, cost)
            await set_clock(connection, "2026-11-20 10:00:00Z")
            assert await file_all(connection) == 4
            await test(connection)

    asyncio.run(main())


async def months(connection: asyncpg.Connection) -> list[str]:
    return [str(row["month"])[:7] for row in await connection.fetch("SELECT month FROM ledger.filed_months()")]


def test_old_months_are_archived_and_come_back_whole(ledger_url: str, store: Store) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        calls = await every_call(connection)
        totals = [await connection.fetch(query) for query in TOTALS]
        archived = await archive(connection, store, keep=1)
        assert [(each.object, each.calls, each.cost) for each in archived] == [
            ("calls-2026-08.csv.gz", 2, 1_234),
            ("calls-2026-09.csv.gz", 1, 500),
        ]
        assert await months(connection) == ["2026-11"]
        assert [await connection.fetch(query) for query in TOTALS] == totals
        assert await archive(connection, store, keep=1) == []
        table = await restore(connection, store, date(2026, 8, 1))
        assert table == "ledger.restored_2026_08"
        restored = await connection.fetch(f"SELECT {CALL} FROM {table} ORDER BY call_id")
        assert restored == [call for call in calls if call["month"] == date(2026, 8, 1)]
        with pytest.raises(ArchiveError, match="2026-11 was not archived"):
            await restore(connection, store, date(2026, 11, 1))

    with_old_months(ledger_url, test)


def test_a_month_stays_where_the_archive_gives_back_something_else(ledger_url: str, tmp_path: Path) -> None:
    class Forgetful(Folder):
        """Gives back what was sent without its last call."""

        def get(self, name: str, target: Path) -> None:
            super().get(name, target)
            lines = gzip.decompress(target.read_bytes()).splitlines(keepends=True)
            target.write_bytes(gzip.compress(b"".join(lines[:-1])))

    async def test(connection: asyncpg.Connection) -> None:
        before = await every_call(connection)
        with pytest.raises(asyncpg.RaiseError, match="has 2 calls of 1234 nano-dollars, and its archive 1 of"):
            await archive(connection, Forgetful(tmp_path), keep=1)
        assert await every_call(connection) == before
        assert await connection.fetchval("SELECT count(*) FROM ledger.archived_months") == 0
        # What was sent is whole: the next run takes it as it is.
        assert len(await archive(connection, Folder(tmp_path), keep=1)) == 2

    with_old_months(ledger_url, test)


def test_a_month_with_calls_that_are_not_filed_stays(ledger_url: str, tmp_path: Path) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        await set_clock(connection, "2026-08-15 10:00:00Z")
        await reserve(connection)
        await set_clock(connection, "2026-11-20 10:00:00Z")
        with pytest.raises(asyncpg.RaiseError, match="month 2026-08-01 has calls that are not filed yet"):
            await archive(connection, Folder(tmp_path), keep=1)
        assert await months(connection) == ["2026-08", "2026-09", "2026-11"]

    with_old_months(ledger_url, test)


def test_calls_that_are_filed_after_their_month_has_gone_are_archived_beside_it(ledger_url: str, store: Store) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        await archive(connection, store, keep=1)
        await set_clock(connection, "2026-08-20 10:00:00Z")
        await make_call(connection, 77)
        await set_clock(connection, "2026-11-20 10:00:00Z")
        await file_all(connection)
        assert [each.object for each in await archive(connection, store, keep=1)] == ["calls-2026-08-2.csv.gz"]
        table = await restore(connection, store, date(2026, 8, 1))
        assert await connection.fetchval(f"SELECT sum(cost_nanos)::bigint FROM {table}") == 1_234 + 77

    with_old_months(ledger_url, test)


def test_an_object_that_has_changed_is_not_restored(ledger_url: str, tmp_path: Path) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        await archive(connection, Folder(tmp_path), keep=1)
        (tmp_path / "calls-2026-08.csv.gz").write_bytes(b"another")
        with pytest.raises(ArchiveError, match="has changed since it was archived"):
            await restore(connection, Folder(tmp_path), date(2026, 8, 1))

    with_old_months(ledger_url, test)


def test_the_environment_must_name_an_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GCS_BUCKET", "S3_BUCKET", "FOLDER"):
        monkeypatch.delenv(f"TOLLGATE_ARCHIVE_{name}", raising=False)
    with pytest.raises(ArchiveError, match="set TOLLGATE_ARCHIVE_GCS_BUCKET"):
        open_store()


SESSIONS = "SELECT session_id FROM ledger.sessions ORDER BY 1"
REFUSALS = "SELECT at::date::text FROM ledger.refusals ORDER BY at"


def test_sessions_and_refusals_leave_with_their_months(ledger_url: str, tmp_path: Path) -> None:
    store = Folder(tmp_path)

    async def main() -> None:
        async with fresh_ledger(ledger_url) as connection:
            await add_customer(connection, "acme")
            for at, session in (
                ("2026-08-31 23:59:59Z", "august"),
                ("2026-08-20 10:00:00Z", "goes on"),
                ("2026-10-01 00:00:00Z", "october"),
                ("2026-11-10 10:00:00Z", "goes on"),
            ):
                await set_clock(connection, at)
                await make_call(connection, 100, session=session)
            await set_clock(connection, "2026-09-01 00:00:00Z")
            open_call = uuid4()
            await reserve(connection, call_id=open_call, session="open")
            await set_clock(connection, "2026-11-20 10:00:00Z")
            for at in ("2026-08-31 23:59:59Z", "2026-10-01 00:00:00Z"):
                await connection.execute(
                    "INSERT INTO ledger.refusals (at, customer_id, session_id, month, reason, route, query_type) "
                    "VALUES ($1::text::timestamptz, 'acme', 's', '2026-08-01', 'month_budget', 'simple', 'action')",
                    at,
                )
            await file_all(connection)
            totals = [await connection.fetch(query) for query in (SPEND, DAYS)]
            with pytest.raises(asyncpg.RaiseError, match="are not archived yet"):
                await prune(connection, 1)
            await archive(connection, store, keep=1)
            assert await prune(connection, 1) == (1, 1)
            assert [row[0] for row in await connection.fetch(SESSIONS)] == ["goes on", "october", "open"]
            assert [row[0] for row in await connection.fetch(REFUSALS)] == ["2026-10-01"]
            assert [await connection.fetch(query) for query in (SPEND, DAYS)] == totals
            assert await prune(connection, 1) == (0, 0)
            # What is still open is settled, filed and archived as ever.
            await settle(connection, open_call, 700)

    asyncio.run(main())
