"""The ledger in Postgres, as the guard uses it: one function call for each step."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from .bounds import LEAST_TOKENS, Plan, Plans
from .config import Config
from .patience import Patience
from .request import ChatRequest

# Fail closed fast: a ledger that does not answer within this is down. (One that refuses connections is so at once.)
_CONNECT_SECONDS = 2.0
_COMMAND_SECONDS = 2.0

# A lock that is not free by then is asked for again, without a connection meanwhile (ledger_access.py).
_LOCK_MILLISECONDS = 100

# Waiting for a free connection is a burst of calls, not a ledger that is down.
_POOL_SECONDS = 30.0


@dataclass(frozen=True)
class Crossing:
    percent: int
    action: str


@dataclass(frozen=True)
class Decision:
    """The ledger's answer to a reservation: allowed, degraded, refused, wait or count. Money in nano-dollars."""

    decision: str
    reason: str
    tier: str | None
    plan: Plan | None
    max_tokens: int
    held_nanos: int
    month_left_nanos: int | None
    session_left_nanos: int | None
    retry_after: float | None
    crossed: tuple[Crossing, ...]


@dataclass(frozen=True)
class Charge:
    """What a call came to. ``state`` is posted or voided; ``outcome`` as in the ledger; ``cost`` in nano-dollars."""

    state: str
    outcome: str
    cost: int
    model: str | None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cache_hit: bool = False


@dataclass(frozen=True)
class Settlement:
    settled: bool
    held_nanos: int
    tier: str | None
    crossed: tuple[Crossing, ...]
    spent_nanos: int
    cap_nanos: int


@dataclass(frozen=True)
class Expired:
    call_id: UUID
    customer_id: str
    session_id: str
    tier: str
    query_type: str
    route: str
    held_nanos: int
    crossed: tuple[Crossing, ...]
    spent_nanos: int
    cap_nanos: int
    trace_id: str | None


def _call(function: str, parameters: int) -> str:
    places = ", ".join(f"${place}" for place in range(1, parameters + 1))
    return f"SELECT * FROM ledger.{function}({places})"


_RESERVE = _call("reserve", 1)
_EXTEND = _call("extend", 4)
_SETTLE = _call("settle", 11)
_EXPIRE = _call("expire_holds", 2)
_FILE = _call("file_calls", 1)


async def _leave(connection: Any) -> None:
    pass


async def _open_pool(size: int) -> asyncpg.Pool:
    return await asyncpg.create_pool(
        os.environ["TOLLGATE_LEDGER_URL"],
        min_size=0,
        max_size=size,
        timeout=_CONNECT_SECONDS,
        max_inactive_connection_lifetime=60.0,
        server_settings={"application_name": "tollgate-guard", "lock_timeout": str(_LOCK_MILLISECONDS)},
        # The default cleans a connection with a round trip after each use; these functions leave nothing behind.
        reset=_leave,
    )


class Ledger:
    """Pools of connections that open at need and come back by themselves when Postgres does.

    Every method raises when the ledger does not answer: whatever its client raises, the answer to a call is the same.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        # As the ledger's type spend_limits.
        self._limits = {
            "tiers": [tier.name for tier in config.tiers],
            "plan_caps": [tier.budget_nanos for tier in config.tiers],
            "days": [tier.daily_nanos for tier in config.tiers],
            "hours": [tier.hourly_nanos for tier in config.tiers],
            "fleet_day": config.fleet.daily_nanos,
            "fleet_hour": config.fleet.hourly_nanos,
            "degrade_percent": config.fleet.degrade_at_percent,
        }
        self._reserving: asyncpg.Pool | None = None
        # Of their own, so that a burst of reservations does not hold up what gives money back.
        self._settling: asyncpg.Pool | None = None
        self._probing: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Prepares the pools; no connection is made before the first call, so that a gateway starts without its ledger."""
        connections = int(os.environ.get("TOLLGATE_LEDGER_CONNECTIONS", "8"))
        settling = max(1, connections // 4)
        self._reserving = await _open_pool(max(1, connections - settling - 1))
        self._settling = await _open_pool(settling)
        self._probing = await _open_pool(1)

    async def ping(self) -> None:
        """Returns when the ledger answers."""
        await self._fetch(self._probing, "SELECT 1")

    async def _fetch(self, pool: asyncpg.Pool | None, query: str, *arguments: Any) -> list[asyncpg.Record]:
        if pool is None:
            raise asyncpg.InterfaceError("open() comes first")
        async with pool.acquire(timeout=_POOL_SECONDS) as connection:
            try:
                with Patience(_COMMAND_SECONDS):
                    rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
            except (TimeoutError, asyncio.TimeoutError, asyncio.CancelledError):
                # The pool would wait for a silent server to confirm that the statement is cancelled.
                connection.terminate()
                raise
            return rows

    def _crossings(self, percents: list[int]) -> tuple[Crossing, ...]:
        actions = dict(zip(self._config.percents, self._config.actions, strict=True))
        # One that another revision's configuration has reserved a call with may not be in this one's.
        return tuple(Crossing(percent, actions.get(percent, "notify")) for percent in percents)

    async def reserve(
        self, call_id: UUID, request: ChatRequest, plans: Plans, *, final: bool, countable: bool = False
    ) -> Decision:
        """Decides about a call and holds its bound, in one round trip.

        Args:
            final: whether to refuse, rather than answer ``wait``, when only other calls in flight are in the way.
            countable: whether to answer ``count`` when the call does not fit as it was asked for and a count of its prompt
                may let it in.
        """
        config, who, options = self._config, request.identity, plans.plans
        reservation = {
            "call_id": str(call_id),
            "customer": who.customer_id,
            "session": who.session_id,
            "query_type": who.query_type,
            "gcp_project": who.gcp_project,
            "tools": who.tools_invoked,
            "environment": who.environment,
            "trace_id": who.trace_id,
            "model_asked": request.model,
            "routes": [plan.route.name for plan in options],
            "prompt_nanos": [plan.prompt_nanos for plan in options],
            "token_nanos": [plan.token_nanos for plan in options],
            "max_tokens": [plan.max_tokens for plan in options],
            "prompt_tokens": plans.prompt_tokens,
            "choices": request.choices,
            "least_tokens": LEAST_TOKENS,
            "tiers": [tier.name for tier in config.tiers],
            "caps": [tier.budget_nanos for tier in config.tiers],
            "prorated": config.prorated,
            "tier_plans": plans.by_tier,
            "session_cap": config.session_budget_nanos,
            "session_calls": config.session_calls,
            "tokens_per_minute": config.session_tokens_per_minute,
            "percents": config.percents,
            "actions": config.actions,
            "lease_seconds": config.hold_lease,
            "final": final,
            "exact": plans.exact,
            "countable": countable,
            "spend_limits": self._limits,
        }
        [row] = await self._fetch(self._reserving, _RESERVE, json.dumps(reservation))
        return Decision(
            decision=row["decision"],
            reason=row["reason"],
            tier=row["tier"],
            plan=options[row["plan"] - 1] if row["plan"] else None,
            max_tokens=row["max_tokens"] or 0,
            held_nanos=row["held_nanos"] or 0,
            month_left_nanos=row["month_left_nanos"],
            session_left_nanos=row["session_left_nanos"],
            retry_after=row["retry_after_seconds"],
            crossed=self._crossings(row["crossed"]),
        )

    async def extend(self, call_id: UUID, more_nanos: int) -> bool:
        """Holds more for a call in flight; False when the budget does not have it, or the call is settled."""
        limits = json.dumps(self._limits)
        session_cap = self._config.session_budget_nanos
        [row] = await self._fetch(self._settling, _EXTEND, call_id, more_nanos, session_cap, limits)
        return bool(row["extend"])

    async def settle(self, call_id: UUID, charge: Charge) -> Settlement:
        """Turns a hold into its charge, once. A call that is settled or unknown is left alone (``settled`` is False)."""
        [row] = await self._fetch(
            self._settling,
            _SETTLE,
            call_id,
            charge.state,
            charge.outcome,
            charge.cost,
            charge.model,
            charge.prompt_tokens,
            charge.cached_tokens,
            charge.completion_tokens,
            charge.cache_hit,
            self._config.percents,
            self._config.actions,
        )
        return Settlement(
            settled=row["settled"],
            held_nanos=row["held_nanos"] or 0,
            tier=row["tier"],
            crossed=self._crossings(row["crossed"]),
            spent_nanos=row["spent_nanos"] or 0,
            cap_nanos=row["cap_nanos"] or 0,
        )

    async def expire_holds(self) -> list[Expired]:
        """Charges the holds whose lease has run out, of one customer's month; empty when there is none."""
        rows = await self._fetch(self._settling, _EXPIRE, self._config.percents, self._config.actions)
        return [Expired(**{**row, "crossed": self._crossings(row["crossed"])}) for row in rows]

    async def file_calls(self, limit: int) -> int:
        """Files calls that nothing changes any more, at most ``limit``; how many it filed."""
        [row] = await self._fetch(self._settling, _FILE, limit)
        return int(row["file_calls"])
