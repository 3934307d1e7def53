"""How an attempt at a model can end: the closed list, and what each ending means for money, metrics and the client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class _Meaning:
    # Whether the provider bills nothing for it, so that it is free.
    free: bool
    # The ledger's word for a call that ends so.
    outcome: str
    # The label of `tollgate_guard_provider_errors_total`; None where the provider made no error.
    error: str | None
    # The code that a client gets when the call fails with it.
    code: str | None


class Ending(Enum):
    """The value is the label ``ending`` of ``tollgate_guard_attempts_total``."""

    COMPLETE = "complete"
    # A whole answer without a sane report of its tokens.
    NO_USAGE = "no_usage"
    # A 200 answer that stops before its end: a JSON body that is cut, a stream without a finish reason.
    CUT = "cut"
    # A 200 answer with nothing in it.
    EMPTY = "empty"
    # A 200 answer that is not in the provider's format, such as HTML.
    UNREADABLE = "unreadable"
    # An error in a 200 answer: a body, or an event of a stream.
    ERROR_IN_ANSWER = "error_in_answer"
    # The connection broke after the request was sent.
    BROKEN = "broken"
    # The gateway stopped waiting.
    TIMEOUT = "timeout"
    # Answers with an error status: Anthropic, Google and OpenAI bill nothing for them.
    STATUS_429 = "status_429"
    STATUS_4XX = "status_4xx"
    STATUS_5XX = "status_5xx"
    # No connection could be made.
    UNSENT = "unsent"
    # The meter did not send it: the budget does not have what it can cost, or the model must not be asked again.
    NOT_PAID_FOR = "not_paid_for"

    @property
    def free(self) -> bool:
        return _MEANINGS[self].free

    @property
    def outcome(self) -> str:
        return _MEANINGS[self].outcome

    @property
    def error(self) -> str | None:
        return _MEANINGS[self].error

    @property
    def code(self) -> str | None:
        return _MEANINGS[self].code


_MEANINGS = {
    Ending.COMPLETE: _Meaning(False, "success", None, None),
    Ending.NO_USAGE: _Meaning(False, "success", None, None),
    Ending.CUT: _Meaning(False, "failure", "connection", "provider_unavailable"),
    Ending.EMPTY: _Meaning(False, "failure", "5xx", "provider_unavailable"),
    Ending.UNREADABLE: _Meaning(False, "failure", "5xx", "provider_unavailable"),
    Ending.ERROR_IN_ANSWER: _Meaning(False, "failure", "5xx", "provider_unavailable"),
    Ending.BROKEN: _Meaning(False, "failure", "connection", "provider_unavailable"),
    Ending.TIMEOUT: _Meaning(False, "timeout", "timeout", "provider_timeout"),
    Ending.STATUS_429: _Meaning(True, "refused_by_provider", "429", "provider_overloaded"),
    Ending.STATUS_4XX: _Meaning(True, "refused_by_provider", "4xx", "provider_rejected"),
    Ending.STATUS_5XX: _Meaning(True, "refused_by_provider", "5xx", "provider_unavailable"),
    Ending.UNSENT: _Meaning(True, "refused_by_provider", "connection", "provider_unavailable"),
    Ending.NOT_PAID_FOR: _Meaning(True, "failure", None, None),
}


def ending_of_status(status: int) -> Ending:
    """How an answer with an error status (or a redirection, which is not followed) ends."""
    if status == 429:
        return Ending.STATUS_429
    return Ending.STATUS_4XX if 400 <= status < 500 else Ending.STATUS_5XX
