"""Every refusal of the guard: its code, status, type, and a message for customers."""

from __future__ import annotations

import json
import math
from typing import Any

_STATUS_AND_TYPE: dict[str, tuple[int, str]] = {
    "invalid_request": (400, "invalid_request_error"),
    "identity_missing": (400, "invalid_request_error"),
    "unpriced_model": (400, "invalid_request_error"),
    "prompt_too_long": (400, "invalid_request_error"),
    "unauthorized": (401, "authentication_error"),
    "month_budget": (402, "budget_exceeded"),
    "session_budget": (402, "budget_exceeded"),
    "unknown_customer": (403, "permission_error"),
    "key_not_allowed": (403, "permission_error"),
    "route_closed": (404, "not_found_error"),
    "session_calls": (429, "rate_limit_error"),
    "tokens_per_minute": (429, "rate_limit_error"),
    "budget_held": (429, "rate_limit_error"),
    "day_budget": (429, "rate_limit_error"),
    "spend_rate": (429, "rate_limit_error"),
    "fleet_day": (503, "service_unavailable"),
    "fleet_rate": (503, "service_unavailable"),
    "brake": (503, "service_unavailable"),
    "customer_busy": (429, "rate_limit_error"),
    "key_busy": (429, "rate_limit_error"),
    "client_left": (499, "invalid_request_error"),
    "too_many_wrong_keys": (429, "rate_limit_error"),
    "gateway_busy": (503, "service_unavailable"),
    "document_uncounted": (503, "service_unavailable"),
    "ledger_unavailable": (503, "service_unavailable"),
    "provider_rejected": (400, "provider_error"),
    "provider_overloaded": (503, "provider_error"),
    "provider_unavailable": (503, "provider_error"),
    "provider_timeout": (504, "provider_error"),
    "gateway_error": (500, "gateway_error"),
}

_FOR_CUSTOMERS: dict[str, str] = {
    "month_budget": (
        "This month's budget for the assistant is used up. It resets with your next budget month, on the day that "
        "your usage page shows; a larger plan brings a larger budget."
    ),
    "session_budget": "This conversation has reached its budget. Please start a new conversation to continue.",
    "session_calls": "This conversation has reached its limit of steps. Please start a new conversation to continue.",
    "tokens_per_minute": "This conversation is going faster than its limit. Please try again in {seconds} s.",
    "budget_held": (
        "What is left of the budget is set aside for answers that are still being written. "
        "Please try again in {seconds} s."
    ),
    "day_budget": "Today's budget for the assistant is used up. It resets at midnight (UTC).",
    "spend_rate": "This hour's budget for the assistant is used up. Please try again in {minutes}.",
    "fleet_day": "The assistant has reached its limit for today. It resumes at midnight (UTC).",
    "fleet_rate": "The assistant is in unusually high demand. Please try again in {minutes}.",
    "brake": "The assistant is paused at the moment. Please try again later, or contact support.",
    "customer_busy": "Too many of your questions are being answered at once. Please try again in {seconds} s.",
    "key_busy": "The application has too many requests in progress. Please try again in {seconds} s.",
    "client_left": "The client closed the connection before its request could begin.",
    "gateway_busy": "The assistant is handling too many long requests right now. Please try again in {seconds} s.",
    "document_uncounted": (
        "The AI provider did not count the tokens of this document. Please try again in {seconds} s, or send its text."
    ),
    "too_many_wrong_keys": "Too many wrong keys came from this address. Please try again in {seconds} s.",
    "unknown_customer": "This customer has no access to the assistant.",
    "ledger_unavailable": "The assistant cannot check the budget right now. Please try again in a moment.",
    "provider_rejected": "The AI provider does not accept this request. Please change it before you send it again.",
    "provider_overloaded": "The AI provider has too many requests right now. Please try again in {seconds} s.",
    "provider_unavailable": "The AI provider did not answer this request. Please try again in {seconds} s.",
    "provider_timeout": "The AI provider took too long to answer. Please try again.",
    "gateway_error": "The assistant could not handle this request. Please try again in a moment.",
    "unauthorized": "The gateway needs the agent's key: send it as `Authorization: Bearer <key>` or `x-api-key: <key>`.",
    "route_closed": (
        "This route is closed: the gateway serves POST /v1/chat/completions, /v1/responses, /v1/messages and "
        "/v1/embeddings, and GET /v1/models."
    ),
}

# A session's calls are never restored, so a client should retry rarely, if at all.
_SESSION_CALLS_RETRY_SECONDS = 3600.0

# An operator lifts a brake, so frequent retries are useless.
_BRAKE_RETRY_SECONDS = 60.0


class Refusal(Exception):
    """A refused request.

    Attributes:
        code: a code of docs/interfaces.md.
        status: the code's, unless the provider's own says more.
        retry_after: seconds, on the codes of status 429 and 503.
        field: the request's field at fault, on status 400.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        retry_after: float | None = None,
        field: str | None = None,
        status: int | None = None,
    ) -> None:
        self.code = code
        usual, self.type = _STATUS_AND_TYPE[code]
        self.status = status or usual
        if code == "session_calls":
            retry_after = _SESSION_CALLS_RETRY_SECONDS
        if code == "brake":
            retry_after = _BRAKE_RETRY_SECONDS
        self.retry_after = retry_after
        self.field = field
        self.message = message or _FOR_CUSTOMERS[code].format(
            seconds=self.retry_after_seconds, minutes=_minutes(self.retry_after_seconds)
        )
        super().__init__(self.message)

    @property
    def retry_after_seconds(self) -> int:
        return max(1, math.ceil(self.retry_after or 1))

    def headers(self) -> dict[str, str]:
        if self.status in (429, 503):
            return {"retry-after": str(self.retry_after_seconds)}
        return {"www-authenticate": "Bearer"} if self.status == 401 else {}

    def body(self) -> bytes:
        error: dict[str, Any] = {"type": self.type, "code": self.code, "message": self.message}
        if self.field is not None:
            error["param"] = self.field
        return json.dumps({"error": error}).encode()


def _minutes(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def invalid(field: str, value: object, remedy: str, code: str = "invalid_request") -> Refusal:
    """A 400 that names the field, the value and the remedy. Long values are cut, and never those of messages."""
    shown = json.dumps(value, default=str)
    if len(shown) > 80:
        shown = f"{shown[:77]}..."
    return Refusal(code, f"{field} is {shown}: {remedy}", field=field)
