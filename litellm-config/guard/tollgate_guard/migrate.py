"""Brings the ledger's schema up to date: ``python -m tollgate_guard.migrate``.

Applies ``sql/NNN_name.sql`` in order, each once, and then, where one of them has changed, everything that can be replaced:
``sql/functions/*.sql``, ``sql/views.sql`` and ``sql/privileges.sql``. All in one transaction under an advisory lock, so that it may
run at every start and from several machines at once. A migration that was applied and has changed since is refused. One that is
newer than every file here is left alone, with the functions that came with it, so that an older release can be deployed again.
Writes the tiers of the guard's configuration too, for reports.

Environment: ``TOLLGATE_LEDGER_OWNER_URL`` (Postgres URL of ``ledger_owner``), ``TOLLGATE_GUARD_CONFIG`` (guard.json).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path

import asyncpg

SQL = Path(__file__).resolve().parent.parent / "sql"

# The name under which the checksum of what can be replaced is kept.
REPLACEABLE = "functions, views and privileges"

# Any constant that no other program locks.
_ADVISORY_LOCK = 0x70_11_6A_7E

_BOOK = """
CREATE SCHEMA IF NOT EXISTS ledger;
CREATE TABLE IF NOT EXISTS ledger.migrations (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
"""


class MigrationError(Exception):
    """The schema cannot be brought up to date; the message says why and what to do."""


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _replaceable(folder: Path) -> str:
    files = [*sorted(folder.glob("functions/*.sql")), folder / "views.sql", folder / "privileges.sql"]
    return "\n".join(path.read_text("utf-8") for path in files if path.exists())


async def _note(connection: asyncpg.Connection, name: str, text: str) -> None:
    await connection.execute(
        "INSERT INTO ledger.migrations (name, checksum) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()",
        name,
        _checksum(text),
    )


async def migrate(connection: asyncpg.Connection, folder: Path = SQL) -> list[str]:
    """Applies what is missing and returns the names applied now.

    Raises:
        MigrationError: an applied migration has changed, or is gone and not newer than the last one here.
    """
    applied_now: list[str] = []
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
        await connection.execute("SET LOCAL client_min_messages = warning")
        await connection.execute(_BOOK)
        rows = await connection.fetch("SELECT name, checksum FROM ledger.migrations")
        applied = {row["name"]: row["checksum"] for row in rows}
        replaced = applied.pop(REPLACEABLE, None)
        files = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("[0-9][0-9][0-9]_*.sql"))}
        newer = sorted(applied.keys() - files.keys())
        for name in newer:
            if name < max(files):
                raise MigrationError(f"{name} was applied but is not in {folder}: put it back")
            # A release that was rolled back: its migration stays, and the schema serves the older release too.
            print(f"ledger: {name} is of a newer release and stays applied", file=sys.stderr)
        for name, text in files.items():
            if name not in applied:
                await connection.execute(text)
                await _note(connection, name, text)
                applied_now.append(name)
            elif applied[name] != _checksum(text):
                raise MigrationError(
                    f"{name} has changed since it was applied: restore it and put the change into a new migration"
                )
        text = _replaceable(folder)
        if text and replaced != _checksum(text) and not newer:
            # Functions may use one another in any order.
            await connection.execute("SET LOCAL check_function_bodies = off")
            await connection.execute(text)
            await _note(connection, REPLACEABLE, text)
            applied_now.append(REPLACEABLE)
    return applied_now


async def write_tiers(connection: asyncpg.Connection, tiers: dict[str, dict[str, int]]) -> None:
    """Writes the tiers (nano-dollars a month) for reports. A tier that is gone stays while a customer has it."""
    async with connection.transaction():
        await connection.executemany(
            "INSERT INTO ledger.tiers (tier, price_nanos, budget_nanos) VALUES ($1, $2, $3) "
            "ON CONFLICT (tier) DO UPDATE SET price_nanos = excluded.price_nanos, budget_nanos = excluded.budget_nanos",
            [(name, tier["price_nanos"], tier["budget_nanos"]) for name, tier in tiers.items()],
        )
        await connection.execute(
            "DELETE FROM ledger.tiers t WHERE NOT tier = ANY($1) "
            "AND NOT EXISTS (SELECT FROM ledger.customers c WHERE c.tier = t.tier)",
            list(tiers),
        )


async def write_judge(connection: asyncpg.Connection, judge: dict[str, str]) -> None:
    """Adds the customer that Langfuse's judges call as. What operators have changed of it stays."""
    await connection.execute(
        "INSERT INTO ledger.customers (customer_id, name, tier) VALUES ($1, $2, $3) ON CONFLICT (customer_id) DO NOTHING",
        judge["customer_id"],
        judge["name"],
        judge["tier"],
    )


async def _main() -> None:
    connection = await asyncpg.connect(os.environ["TOLLGATE_LEDGER_OWNER_URL"])
    try:
        applied = await migrate(connection)
        config = json.loads(Path(os.environ["TOLLGATE_GUARD_CONFIG"]).read_text("utf-8"))
        await write_tiers(connection, config["tiers"])
        await connection.execute("UPDATE ledger.tiers SET prorated = $1", config["prorated"])
        await write_judge(connection, config["judge"])
    finally:
        await connection.close()
    print(f"ledger: {', '.join(applied)} applied" if applied else "ledger: up to date")


if __name__ == "__main__":
    try:
        asyncio.run(_main())
    except KeyError as missing:
        sys.exit(f"migrate: the environment variable {missing} is not set")
    except (MigrationError, OSError, asyncpg.PostgresError) as error:
        sys.exit(f"migrate: {error}")
