"""Charges holds whose gateway died, and files settled calls, in the background of every worker."""

from __future__ import annotations

import asyncio
import random

from .ledger_access import LedgerAccess
from .log import log
from .metrics import HOLDS_EXPIRED, LEDGER_ERRORS_TOTAL, forget_dead_workers, publish_process
from .settling import report_crossings

_EVERY_SECONDS = 15.0

# What a sweep files at most: well within the time limit of a command, and over 300 calls a second.
_FILED_AT_ONCE = 5_000


async def sweep_once(ledger: LedgerAccess) -> int:
    """Charges every hold whose lease has run out; how many that were.

    Raises when the ledger does not answer.
    """
    count = 0
    while expired := await ledger.expire_holds():
        count += len(expired)
        for hold in expired:
            HOLDS_EXPIRED.inc()
            log(
                "warn",
                "hold.expired",
                f"A hold of {hold.held_nanos} nano-dollars was never settled, so it is charged",
                customer_id=hold.customer_id,
                plan_tier=hold.tier,
                session_id=hold.session_id,
                query_type=hold.query_type,
                call_id=hold.call_id,
                cost_nanos=hold.held_nanos,
                trace_id=hold.trace_id,
            )
            report_crossings(hold.crossed, hold.customer_id, hold.tier, hold.spent_nanos, hold.cap_nanos)
    return count


async def sweep_forever(ledger: LedgerAccess) -> None:
    """Sweeps every 15 s or so; the workers' sweeps drift apart."""
    while True:
        publish_process()
        await asyncio.sleep(_EVERY_SECONDS * random.uniform(0.8, 1.2))
        try:
            forget_dead_workers()
            await sweep_once(ledger)
            await ledger.file_calls(_FILED_AT_ONCE)
        except Exception as error:
            LEDGER_ERRORS_TOTAL.labels("sweep").inc()
            log("error", "ledger.unavailable", f"The ledger did not answer: {type(error).__name__}", operation="sweep")
