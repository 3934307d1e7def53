"""One call in flight: its hold, the attempts at models that LiteLLM makes for it, and what they come to."""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from .bounds import attempt_bound
from .config import Model
from .ledger import Charge, Decision
from .pricing import Usage, cost
from .refusals import Refusal
from .request import ChatRequest

# More bytes than this a token allowed: the provider has ignored the limit.
_BYTES_PER_TOKEN = 8


@dataclass
class Attempt:
    """One request to a provider. ``cost`` is None while it is open; ``outcome`` is the ledger's word for its end."""

    model: Model
    bound_nanos: int
    cost: int | None = None
    outcome: str = ""
    usage: Usage = Usage()
    cache_hit: bool = False


@dataclass
class Call:
    """A reserved call. ``extend`` asks the ledger for more nano-dollars and says whether it has them."""

    id: UUID
    request: ChatRequest
    decision: Decision
    prompt_tokens: int
    extend: Callable[[UUID, int], Awaitable[bool]]
    attempts: list[Attempt] = field(default_factory=list)
    held_nanos: int = 0
    client_left: bool = False
    # No further attempt may begin: the call is being settled.
    closed: bool = False
    # Why a further attempt was not paid for.
    refusal: Refusal | None = None

    def __post_init__(self) -> None:
        self.held_nanos = self.decision.held_nanos

    @property
    def model(self) -> Model | None:
        """The model that answers: the one of the last attempt."""
        return self.attempts[-1].model if self.attempts else None

    @property
    def open_attempt(self) -> Attempt | None:
        return next((attempt for attempt in reversed(self.attempts) if attempt.cost is None), None)

    async def begin(self, model: Model) -> None:
        """Makes sure that an attempt at a model is paid for before it is made.

        The hold covers the dearest single attempt. An earlier attempt that failed for free leaves all of it; one that the
        provider may have billed (a time-out, a broken stream) uses it up, and then more is held first.

        Raises:
            Refusal: the budget does not have it, or the call is over.
        """
        if self.closed:
            raise Refusal("budget_held", "The call is settled already")
        unfinished = self.open_attempt
        if unfinished is not None:
            self._end(unfinished, unfinished.bound_nanos, "failure", self._bounded(0))
        bound = attempt_bound(
            model, self.prompt_tokens, self.decision.max_tokens, self.request.choices, self.request.caching
        )
        missing = sum(attempt.cost or 0 for attempt in self.attempts) + bound - self.held_nanos
        if missing > 0:
            if not await self.extend(self.id, missing):
                self.refusal = Refusal(
                    "budget_held",
                    "A first try may have used up what was set aside for this answer, and no more is left.",
                    retry_after=1,
                )
                raise self.refusal
            self.held_nanos += missing
        self.attempts.append(Attempt(model=model, bound_nanos=bound))

    def succeed(self, usage: Usage | None, answer_bytes: int) -> None:
        """The attempt answered; without a usage it is charged by what was sent and received, which bounds its tokens."""
        attempt = self.open_attempt
        if attempt is None:
            return
        counted = usage or self._bounded(answer_bytes)
        price = cost(attempt.model, counted) if usage else self._cost_of_bound(attempt.model, counted)
        self._end(attempt, price, "success", counted)

    def hit_cache(self, usage: Usage | None) -> None:
        """LiteLLM answered from its cache: nothing was sent, nothing is charged."""
        attempt = self.open_attempt
        if attempt is not None:
            attempt.cache_hit = True
            self._end(attempt, 0, "success", usage or Usage())

    def break_off(self, answer_bytes: int) -> None:
        """The provider broke a stream: its prompt and what came of the answer are charged."""
        attempt = self.open_attempt
        if attempt is not None:
            received = self._bounded(answer_bytes)
            self._end(attempt, self._cost_of_bound(attempt.model, received), "failure", received)

    def fail(self, outcome: str, *, billed: bool) -> None:
        """The attempt gave no answer. ``billed``: the provider may have worked for it, so its bound is charged."""
        attempt = self.open_attempt
        if attempt is None:
            return
        full = self._bounded(self.decision.max_tokens * self.request.choices)
        self._end(attempt, attempt.bound_nanos if billed else 0, outcome, full if billed else Usage())

    def close(self) -> Charge:
        """What the whole call came to. An attempt that is still open is charged its bound."""
        self.closed = True
        self.fail("timeout", billed=True)
        if not self.attempts:
            return Charge(state="voided", outcome="disconnected" if self.client_left else "failure", cost=0, model=None)
        last = self.attempts[-1]
        usages = [attempt.usage for attempt in self.attempts]
        return Charge(
            state="posted",
            outcome="disconnected" if self.client_left and last.outcome == "success" else last.outcome,
            cost=sum(attempt.cost or 0 for attempt in self.attempts),
            model=last.model.name,
            prompt_tokens=sum(usage.prompt for usage in usages),
            cached_tokens=sum(usage.cached for usage in usages),
            completion_tokens=sum(usage.completion for usage in usages),
            cache_hit=last.cache_hit,
        )

    def _end(self, attempt: Attempt, price: int, outcome: str, usage: Usage) -> None:
        attempt.cost, attempt.outcome, attempt.usage = price, outcome, usage

    def _bounded(self, answer_bytes: int) -> Usage:
        allowed = self.decision.max_tokens * self.request.choices
        kept_the_limit = answer_bytes <= _BYTES_PER_TOKEN * allowed
        return Usage(
            prompt=self.prompt_tokens, completion=min(answer_bytes, allowed) if kept_the_limit else answer_bytes
        )

    def _cost_of_bound(self, model: Model, usage: Usage) -> int:
        return attempt_bound(model, usage.prompt, usage.completion, 1, self.request.caching)


# The call that the running request is for: set by the gate, read by LiteLLM's hooks in the same context.
current_call: contextvars.ContextVar[Call | None] = contextvars.ContextVar("tollgate_call", default=None)
