"""Settles calls, again and again while the ledger is away, and reports what came of it."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

from .call import Call
from .ledger import Charge, Crossing, Settlement
from .ledger_access import LedgerAccess
from .log import log, tags
from .metrics import (
    CACHE_HITS,
    CACHE_SAVED,
    CALLS,
    CROSSINGS,
    LEDGER_ERRORS_TOTAL,
    OVER_HOLD,
    PROVIDER_CACHE_SAVED,
    PROVIDER_CACHE_WRITES,
    SETTLE_SECONDS,
    SPEND,
    TOKENS,
)
from .pricing import cache_read_saving, cache_write_surcharge, cost

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0

# A server that was silent may carry a reservation out after it was given up, so a void that finds none comes again.
_VOID_PAUSES_SECONDS = (0.0, 1.0, 5.0, 30.0)

# For so long after its lease has charged a hold, its real cost is still brought to the ledger.
_LATE_SECONDS = 3_600.0


def report_crossings(
    crossed: tuple[Crossing, ...], customer_id: str, tier: str | None, spent: int | None, cap: int | None
) -> None:
    """Logs and counts thresholds; the ledger returns each to one transaction only, so each is reported once."""
    for crossing in crossed:
        CROSSINGS.labels(crossing.percent, crossing.action, tier).inc()
        log(
            "warn",
            "budget.crossed",
            f"{crossing.percent} % of the month's budget is reached: {crossing.action}",
            customer_id=customer_id,
            plan_tier=tier,
            percent=crossing.percent,
            action=crossing.action,
            spent_nanos=spent,
            cap_nanos=cap,
        )


class Settler:
    """Settles calls, again and again while the ledger is away. What a gateway that dies leaves is charged by lease.

    Args:
        lease: seconds after which a hold has expired, and is charged until its settlement comes.
    """

    def __init__(self, ledger: LedgerAccess, lease: float) -> None:
        self._ledger = ledger
        self._lease = lease
        self._voids: set[asyncio.Task[None]] = set()

    async def settle(self, call: Call) -> None:
        """Settles a call whose outcome is known, and reports what came of it."""
        await call.hear_out()
        charge = call.close()
        settlement = await self._persist(call.request.identity.customer_id, call.id, charge)
        if settlement is not None and settlement.settled:
            _report(call, charge, settlement)

    def void(self, customer: str, call_id: UUID) -> None:
        """Voids, in the background, a reservation whose answer was lost, if it was made at all."""
        task = asyncio.get_running_loop().create_task(self._void(customer, call_id))
        self._voids.add(task)
        task.add_done_callback(self._voids.discard)

    async def _void(self, customer: str, call_id: UUID) -> None:
        charge = Charge(state="voided", outcome="failure", cost=0, model=None)
        for pause in _VOID_PAUSES_SECONDS:
            await asyncio.sleep(pause)
            settlement = await self._persist(customer, call_id, charge)
            if settlement is None or settlement.settled:
                return

    async def _persist(self, customer: str, call_id: UUID, charge: Charge) -> Settlement | None:
        pause = _FIRST_PAUSE_SECONDS
        began = time.monotonic()
        while time.monotonic() - began < self._lease + _LATE_SECONDS:
            start = time.perf_counter()
            try:
                return await self._ledger.settle(customer, call_id, charge)
            except Exception as error:
                LEDGER_ERRORS_TOTAL.labels("settle").inc()
                log(
                    "error",
                    "ledger.unavailable",
                    f"The ledger did not answer: {type(error).__name__}",
                    operation="settle",
                    call_id=call_id,
                )
            finally:
                SETTLE_SECONDS.observe(time.perf_counter() - start)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        return None


def _report(call: Call, charge: Charge, settlement: Settlement) -> None:
    who = call.request.identity
    model = call.model
    name, provider = (model.name, model.provider) if model else ("none", "none")
    CALLS.labels(name, provider, who.query_type, charge.outcome).inc()
    for attempt in call.attempts:
        SPEND.labels(attempt.model.name, settlement.tier, who.query_type).inc(attempt.cost)
        for kind, tokens in vars(attempt.usage).items():
            TOKENS.labels(attempt.model.name, kind).inc(tokens)
        PROVIDER_CACHE_SAVED.labels(attempt.model.name).inc(cache_read_saving(attempt.model, attempt.usage))
        PROVIDER_CACHE_WRITES.labels(attempt.model.name).inc(cache_write_surcharge(attempt.model, attempt.usage))
    if charge.cache_hit and model is not None and call.cached is not None:
        CACHE_HITS.labels(name).inc()
        CACHE_SAVED.labels(name).inc(cost(model, call.cached))
    over = charge.cost > settlement.held_nanos
    if over:
        OVER_HOLD.labels(name).inc()
    log(
        "warn" if over else "info",
        "call.settled",
        f"The call cost {charge.cost} nano-dollars" + (", more than was held" if over else ""),
        **tags(who, settlement.tier, charge.model),
        call_id=call.id,
        outcome=charge.outcome,
        state=charge.state,
        cost_nanos=charge.cost,
        held_nanos=settlement.held_nanos,
        prompt_tokens=charge.prompt_tokens,
        cached_tokens=charge.cached_tokens,
        completion_tokens=charge.completion_tokens,
        cache_hit=charge.cache_hit,
        attempts=len(call.attempts),
    )
    report_crossings(settlement.crossed, who.customer_id, settlement.tier, settlement.spent_nanos, settlement.cap_nanos)
