"""What is logged and counted of each attempt."""

from __future__ import annotations

from ..identity import Identity
from ..log import log, tags
from ..metrics import ATTEMPTS, PROVIDER_ERRORS
from .attempt import Attempt
from .endings import Ending


def report_attempt(attempt: Attempt, who: Identity, tier: str | None, call_id: object) -> None:
    """Counts an attempt that has ended, and logs it where the provider did not answer well."""
    assert attempt.ending is not None
    model, ending = attempt.model, attempt.ending
    ATTEMPTS.labels(model.provider, model.name, ending.value).inc()
    if ending.error is None:
        return
    PROVIDER_ERRORS.labels(model.provider, model.name, ending.error).inc()
    log(
        "warn",
        "provider.error",
        f"{model.name} gave no whole answer ({ending.value})"
        + ("" if ending.free else "; what the provider may bill for it is charged"),
        **tags(who, tier, model.name),
        call_id=call_id,
        ending=ending.value,
        status=attempt.status,
        error=attempt.error,
        cost_nanos=attempt.cost,
    )


def report_not_sent(
    model_name: str, provider: str, reason: str, who: Identity, tier: str | None, call_id: object
) -> None:
    """Counts and logs an attempt that the meter kept from being made."""
    ATTEMPTS.labels(provider, model_name, Ending.NOT_PAID_FOR.value).inc()
    log("warn", "attempt.not_sent", f"Not sent: {reason}", **tags(who, tier, model_name), call_id=call_id)


def report_fallback(before: str, now: str, who: Identity, tier: str | None, call_id: object) -> None:
    """Logs that another model is asked."""
    log(
        "warn",
        "provider.fallback",
        f"{before} failed: {now} is asked instead",
        **tags(who, tier, now),
        call_id=call_id,
    )
