"""The ledger's functions as the guard calls them, with every parameter given a plain default."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from conftest import add_customer, with_ledger

PERCENTS = [50, 80, 95, 100]
ACTIONS = ["log", "notify", "degrade", "block"]

_DEFAULTS: dict[str, Any] = {
    "query_type": "cost_analysis",
    "gcp_project": None,
    "tools": [],
    "environment": "test",
    "trace_id": None,
    "model_asked": "analysis",
    "routes": ["analysis", "economy"],
    "prompt_tokens": 10,
    "prompt_nanos": [1_000, 100],
    "token_nanos": [100, 10],
    "max_tokens": [50, 50],
    "choices": 1,
    "least_tokens": 16,
    "tiers": ["tier_1", "tier_2", "tier_3"],
    "caps": [100_000, 200_000, 300_000],
    "tier_plans": [2, 2, 2],
    "session_cap": 50_000,
    "session_calls": 100,
    "tokens_per_minute": 50_000,
    "percents": PERCENTS,
    "actions": ACTIONS,
    "lease_seconds": 300,
    "final": True,
    "exact": False,
    "countable": False,
    "prorated": False,
    "spend_limits": None,
}


async def reserve(
    connection: asyncpg.Connection,
    customer: str = "acme",
    session: str = "s1",
    call_id: UUID | None = None,
    **changes: Any,
) -> asyncpg.Record:
    unknown = changes.keys() - _DEFAULTS.keys()
    assert not unknown, unknown
    reservation = {
        "call_id": str(call_id or uuid4()),
        "customer": customer,
        "session": session,
        **_DEFAULTS,
        **changes,
    }
    return await connection.fetchrow("SELECT * FROM ledger.reserve($1::jsonb)", json.dumps(reservation))


async def settle(
    connection: asyncpg.Connection,
    call_id: UUID,
    cost: int,
    state: str = "posted",
    outcome: str = "success",
    prompt: int = 5,
    completion: int = 5,
    cached: int = 0,
) -> asyncpg.Record:
    return await connection.fetchrow(
        "SELECT * FROM ledger.settle($1, $2, $3, $4, 'model', $5, $9, $6, false, $7, $8)",
        call_id,
        state,
        outcome,
        cost,
        prompt,
        completion,
        PERCENTS,
        ACTIONS,
        cached,
    )


async def extend(
    connection: asyncpg.Connection,
    call_id: UUID,
    more: int,
    session_cap: int = 50_000,
    spend_limits: dict[str, Any] | None = None,
) -> bool:
    limits = json.dumps(spend_limits)
    return bool(await connection.fetchval("SELECT ledger.extend($1, $2, $3, $4)", call_id, more, session_cap, limits))


async def expire(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    found = []
    while rows := await connection.fetch("SELECT * FROM ledger.expire_holds($1, $2)", PERCENTS, ACTIONS):
        found += rows
    return found


async def set_clock(connection: asyncpg.Connection, at: str | None) -> None:
    """Replaces the ledger's clock by a fixed time; None restores it."""
    body = "SELECT clock_timestamp()" if at is None else f"SELECT ''{at}''::timestamptz".replace("''", "'")
    await connection.execute(
        f"CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $body$ {body} $body$"
    )


async def check_books(connection: asyncpg.Connection, session_cap: int = 50_000) -> None:
    """Every total is the sum of its calls, and nothing is over its cap by spending within its hold."""
    wrong = await connection.fetch(
        """
        SELECT m.customer_id, m.month, m.spent_nanos, m.held_nanos, m.calls, m.cap_nanos, c.*
        FROM ledger.customer_months m LEFT JOIN (
          SELECT customer_id, month, coalesce(sum(cost_nanos), 0) AS spent,
            coalesce(sum(held_nanos) FILTER (WHERE state = 'pending'), 0) AS held,
            count(*) FILTER (WHERE state <> 'voided') AS made
          FROM ledger.calls GROUP BY customer_id, month
        ) c USING (customer_id, month)
        WHERE m.spent_nanos <> coalesce(c.spent, 0) OR m.held_nanos <> coalesce(c.held, 0)
          OR m.calls <> coalesce(c.made, 0) OR m.spent_nanos + m.held_nanos > m.cap_nanos
        """
    )
    assert not wrong, wrong
    wrong = await connection.fetch(
        """
        SELECT s.*, c.* FROM ledger.sessions s LEFT JOIN (
          SELECT customer_id, session_id, coalesce(sum(cost_nanos), 0) AS spent,
            coalesce(sum(held_nanos) FILTER (WHERE state = 'pending'), 0) AS held,
            count(*) FILTER (WHERE state <> 'voided') AS made
          FROM ledger.calls GROUP BY customer_id, session_id
        ) c USING (customer_id, session_id)
        WHERE s.spent_nanos <> coalesce(c.spent, 0) OR s.held_nanos <> coalesce(c.held, 0)
          OR s.calls <> coalesce(c.made, 0) OR s.spent_nanos + s.held_nanos > $1
        """,
        session_cap,
    )
    assert not wrong, wrong


async def _two_customers(connection: asyncpg.Connection) -> None:
    await add_customer(connection, "acme")
    await add_customer(connection, "bigco")


# For tests on a ledger with two customers.
on_ledger = with_ledger(_two_customers)
