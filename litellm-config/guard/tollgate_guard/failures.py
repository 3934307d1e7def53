"""What a client reads about a call that failed: a stable code, a status and a time, and nothing of LiteLLM's."""

from __future__ import annotations

from .call import Call
from .meter.endings import Ending
from .refusals import Refusal

# What a provider refuses about the request itself. With any other status it refuses the gateway's key, project or address, or it
# is out of order (408, 409, 425), whatever the client sent.
_ABOUT_THE_REQUEST = (400, 413, 414, 415, 422, 431, 451)

# What Anthropic and Google call their overload in an answer that began well.
_OVERLOADED = ("overloaded_error", "rate_limit_error", "RESOURCE_EXHAUSTED")

_NO_MODEL = "No model of this route takes this request as it is: simplify its tools, response_format or parameters."


def failure_of(call: Call, status: int) -> Refusal:
    """The refusal in the place of LiteLLM's error.

    Args:
        status: of LiteLLM's answer; it counts where no provider was asked.
    """
    if call.refusal is not None:
        return call.refusal
    last = call.last
    if last is None:
        if 400 <= status < 500:
            return Refusal("invalid_request", _NO_MODEL, field="body")
        return Refusal("gateway_error")
    wait = call.retry_after
    if last.ending is Ending.STATUS_4XX and last.status in _ABOUT_THE_REQUEST:
        if last.status == 413:
            return Refusal("prompt_too_long", "The prompt is too long for the model: shorten it.", status=413)
        return Refusal("provider_rejected", status=422 if last.status == 422 else None)
    # An error event of a stream ends its attempt only when the call is settled.
    error = last.answer.error if last.answer else None
    if last.status == 529 or last.ending is Ending.STATUS_429 or error in _OVERLOADED:
        return Refusal("provider_overloaded", retry_after=wait)
    code = (last.ending.code if last.ending else None) or "provider_unavailable"
    return Refusal("provider_unavailable" if code == "provider_rejected" else code, retry_after=wait)
