"""Moves the ledger's old months to the archive, and prunes what belongs to them: ``python -m tollgate_guard.archive``.

A month past its retention is written as compressed CSV, one row a call, read back, compared with the ledger by its number of calls
and their sum, and only then dropped. Then the sessions whose last call was in such a month are deleted, and its refusals. ``--restore 2025-10`` reads an archived month into the table ``ledger.restored_2025_10``.

Environment: ``TOLLGATE_LEDGER_OWNER_URL`` (Postgres URL of ``ledger_owner``), ``TOLLGATE_LEDGER_MONTHS`` (whole months kept
besides the current one), and where the archive is: ``TOLLGATE_ARCHIVE_GCS_BUCKET``, ``TOLLGATE_ARCHIVE_S3_BUCKET`` or
``TOLLGATE_ARCHIVE_FOLDER``.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import hashlib
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from .archive_stores import ArchiveError, Store, open_store

# As in migrate.py: a month is not archived while the schema changes under it.
_ADVISORY_LOCK = 0x70_11_6A_7E

# The first day that is kept: so many whole months before the current one.
_KEPT_FROM = "(ledger.month_of(ledger.clock()) - make_interval(months => $1))::date"

# Rows that are deleted in one transaction.
_PRUNED_AT_ONCE = 10_000


@dataclass(frozen=True)
class Archived:
    """A month in the archive. ``cost`` in nano-dollars; ``sha256`` of the object, in hex."""

    month: date
    object: str
    calls: int
    cost: int
    sha256: str


def _read_back(path: Path) -> tuple[int, int]:
    """The number of calls in a file of the archive, and their sum in nano-dollars."""
    calls = cost = 0
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            calls += 1
            cost += int(row["cost_nanos"])
    return calls, cost


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


async def _archive_month(connection: asyncpg.Connection, store: Store, month: date, folder: Path) -> Archived:
    parts = await connection.fetchval("SELECT count(*) FROM ledger.archived_months WHERE month = $1", month)
    # A second part holds what was filed after the first had gone.
    name = f"calls-{month:%Y-%m}{f'-{parts + 1}' if parts else ''}.csv.gz"
    written, read = folder / "written", folder / "read"
    with gzip.open(written, "wb") as file:

        async def write(data: bytes) -> None:
            file.write(data)

        await connection.copy_from_query(
            "SELECT * FROM ledger.filed WHERE month >= $1 AND month < $1::date + interval '1 month' ORDER BY reserved_at, call_id",
            month,
            output=write,
            format="csv",
            header=True,
        )
    store.put(name, written)
    # Checked by reading the archive back, not by what was sent.
    store.get(name, read)
    calls, cost = _read_back(read)
    digest = _sha256(read)
    await connection.execute("SELECT ledger.drop_month($1, $2, $3, $4, $5)", month, calls, cost, name, digest)
    return Archived(month, name, calls, cost, digest)


async def archive(connection: asyncpg.Connection, store: Store, keep: int) -> list[Archived]:
    """Archives every month all of whose calls are older than ``keep`` whole months before the current one, the oldest first.

    Raises:
        asyncpg.RaiseError: what came back from the archive is not what the ledger has; then the month is still there.
    """
    await connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_LOCK)
    try:
        old = await connection.fetch(
            f"SELECT month FROM ledger.archivable_months({_KEPT_FROM}) AS month ORDER BY month", keep
        )
        archived = []
        for row in old:
            with tempfile.TemporaryDirectory(prefix="tollgate-archive-") as folder:
                archived.append(await _archive_month(connection, store, row["month"], Path(folder)))
        return archived
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _ADVISORY_LOCK)


async def prune(connection: asyncpg.Connection, keep: int) -> tuple[int, int]:
    """Deletes the sessions and refusals of the months that are archived; how many of each.

    Args:
        keep: whole months kept besides the current one.

    Raises:
        asyncpg.RaiseError: a month past its retention is not archived.
    """
    before = await connection.fetchval(
        f"SELECT least({_KEPT_FROM}, (SELECT min(month) FROM ledger.filed_months() WHERE month < {_KEPT_FROM} "
        f"AND month NOT IN (SELECT ledger.archivable_months({_KEPT_FROM}))))",
        keep,
    )
    sessions = refusals = 0
    while True:
        row = await connection.fetchrow("SELECT sessions, refusals FROM ledger.prune($1, $2)", before, _PRUNED_AT_ONCE)
        if not row["sessions"] and not row["refusals"]:
            return sessions, refusals
        sessions += row["sessions"]
        refusals += row["refusals"]


async def restore(connection: asyncpg.Connection, store: Store, month: date) -> str:
    """Reads an archived month into a separate table, made anew, with the columns of ``ledger.calls``; the table's name.

    Raises:
        ArchiveError: the month is not archived, or an object is not the one that was archived.
    """
    parts = await connection.fetch(
        "SELECT object, sha256 FROM ledger.archived_months WHERE month = $1 ORDER BY archived_at", month
    )
    if not parts:
        raise ArchiveError(f"{month:%Y-%m} was not archived: SELECT month FROM ledger.archived_months shows what was")
    table = f"restored_{month:%Y_%m}"
    async with connection.transaction():
        await connection.execute(f"DROP TABLE IF EXISTS ledger.{table}")
        await connection.execute(f"CREATE TABLE ledger.{table} AS SELECT * FROM ledger.filed WITH NO DATA")
        for part in parts:
            with tempfile.TemporaryDirectory(prefix="tollgate-archive-") as folder:
                read = Path(folder) / "read"
                store.get(part["object"], read)
                if _sha256(read) != part["sha256"]:
                    raise ArchiveError(f"{part['object']} has changed since it was archived: nothing is restored")
                with gzip.open(read, "rb") as file:
                    await connection.copy_to_table(table, schema_name="ledger", source=file, format="csv", header=True)
        await connection.execute(f"GRANT SELECT ON ledger.{table} TO ledger_admin, ledger_reader")
    return f"ledger.{table}"


def _month(text: str) -> date:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise argparse.ArgumentTypeError(f'"{text}" is not a month: use one such as 2025-10')
    return date.fromisoformat(f"{text}-01")


def _months_kept() -> int:
    text = os.environ["TOLLGATE_LEDGER_MONTHS"]
    if not re.fullmatch(r"[1-9]\d{0,2}", text):
        raise ArchiveError(f'TOLLGATE_LEDGER_MONTHS (is "{text}"): use a whole number of months from 1 to 999')
    return int(text)


async def _main(options: Any) -> None:
    store = open_store()
    connection = await asyncpg.connect(os.environ["TOLLGATE_LEDGER_OWNER_URL"])
    try:
        if options.restore:
            print(f"archive: {options.restore:%Y-%m} is in {await restore(connection, store, options.restore)}")
            return
        archived = await archive(connection, store, _months_kept())
        for each in archived:
            print(f"archive: {each.month:%Y-%m}, {each.calls} calls of {each.cost} nano-dollars, is in {each.object}")
        if not archived:
            print("archive: no month is past its retention")
        sessions, refusals = await prune(connection, _months_kept())
        if sessions or refusals:
            print(f"archive: {sessions} sessions and {refusals} refusals of earlier months are deleted")
    finally:
        await connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tollgate_guard.archive", description="Archives the ledger's old months."
    )
    parser.add_argument(
        "--restore", type=_month, metavar="YYYY-MM", help="read an archived month into a separate table"
    )
    try:
        asyncio.run(_main(parser.parse_args()))
    except KeyError as missing:
        sys.exit(f"archive: the environment variable {missing} is not set")
    except Exception as error:  # Whatever a store's client raises: the job has failed, and the month is still there.
        sys.exit(f"archive: {type(error).__name__}: {error}")
