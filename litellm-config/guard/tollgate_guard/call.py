"""One call in flight: its hold, the attempts at models that are made for it, and what they come to."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from .bounds import instructions_bound, is_instructed, texts_bound
from .config import Model
from .counting import Counting
from .ledger import Charge, Decision
from .media import image_tokens
from .meter.attempt import Attempt
from .meter.endings import Ending
from .meter.report import report_attempt, report_fallback
from .meter.wire_request import WireRequest
from .meter.wires import measure
from .metrics import LEDGER_ERRORS_TOTAL
from .pricing import Usage
from .refusals import Refusal
from .request import ChatRequest

# A provider's `retry-after` up to this many seconds is waited for, once in a call; a longer one goes to the fallback.
_LONGEST_WAIT_SECONDS = 2.0

# How long the rest of an answer is read that LiteLLM has given up on.
_HEAR_OUT_SECONDS = 10.0


class NotSent(Exception):
    """An attempt that the meter keeps from being made; the message says why, for the log."""


@dataclass
class Call:
    """A reserved call. ``extend`` asks the ledger for more nano-dollars and says whether it has them."""

    id: UUID
    request: ChatRequest
    decision: Decision
    prompt_tokens: int
    extend: Callable[[UUID, int], Awaitable[bool]]
    # Counts a prompt at its providers, where its bound by bytes is over the hold; None where none can be asked.
    counting: Counting | None = None
    # Whether ``prompt_tokens`` is the providers' count.
    exact: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    # What the answer from the cache would have cost; None when no answer came from there.
    cached: Usage | None = None
    # Of embeddings, the vectors that came, by the places of their texts.
    vectors: dict[int, bytes] = field(default_factory=dict)
    held_nanos: int = 0
    client_left: bool = False
    # No further attempt may begin: the call is being settled.
    closed: bool = False
    # Why a further attempt was not paid for.
    refusal: Refusal | None = None
    _waited: bool = False
    # When a model may be asked again (monotonic seconds), where its provider has said so.
    _ask_again: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.held_nanos = self.decision.held_nanos
        # What of the prompt is text, to be compared with what LiteLLM makes of it.
        self._size, _ = measure({"messages": self.request.messages, **self.request.params})
        models = self.decision.plan.route.models if self.decision.plan else ()
        self._image_tokens = max((image_tokens(model, self.request.media) for model in models), default=0)

    @property
    def model(self) -> Model | None:
        """The model that answers: the one of the last attempt."""
        if self.attempts:
            return self.attempts[-1].model
        return self.decision.plan.route.models[0] if self.cached and self.decision.plan else None

    @property
    def last(self) -> Attempt | None:
        """The attempt that the call ended with: the last one, or, of several texts, the last of one that failed."""
        of_parts = {attempt.request.part: attempt for attempt in self.attempts}
        return max(of_parts.values(), key=lambda attempt: attempt.failed, default=None)

    @property
    def repeatable(self) -> bool:
        """Whether LiteLLM may keep the answer in its cache: it came whole and at once, from one attempt."""
        charged = [attempt for attempt in self.attempts if attempt.charged]
        return len(charged) == 1 and charged[0] is self.attempts[-1] and charged[0].repeatable

    async def begin(self, model: Model, request: WireRequest) -> Attempt:
        """Makes sure that an attempt is paid for before its request is sent.

        The hold covers the most expensive single attempt at what the client sent. What LiteLLM adds to that, and an
        earlier attempt that the provider may have billed, are held on top.

        Raises:
            NotSent: the budget does not have it, the call is over, or the model must not be asked again.
        """
        if self.closed:
            raise NotSent("the call is settled already")
        await self._wait_for(model, request.part)
        images = image_tokens(model, request.media)
        growth = max(0, request.size - self._size) + max(0, images - self._image_tokens)
        if "tools" in request.keys and not self.exact and not is_instructed(self.request):
            # LiteLLM's own, for a history of tools.
            growth += instructions_bound(1)
        bound = texts_bound(model, request.texts) if request.texts else self.prompt_tokens + growth
        attempt = Attempt(model, bound, request, self._ended, counted=self.exact and growth == 0)
        if request.has_documents:
            await self._count_documents(attempt)
        elif self._missing(attempt) > 0:
            await self._count(attempt)
        if (missing := self._missing(attempt)) > 0:
            await self._hold(missing)
        if self.model is not None and self.model is not model:
            report_fallback(self.model.name, model.name, self.request.identity, self.decision.tier, self.id)
        self.attempts.append(attempt)
        return attempt

    def _missing(self, attempt: Attempt) -> int:
        return sum(each.at_most for each in self.attempts) + attempt.bound_nanos - self.held_nanos

    async def _count(self, attempt: Attempt) -> None:
        """Takes the provider's count of the prompt in the place of its bound by bytes."""
        if self.counting is not None:
            counted = await self.counting.count_prompt(attempt.model, attempt.request.body)
            if counted is not None and counted < attempt.prompt_bound:
                attempt.prompt_bound = counted
                attempt.counted = True

    async def _count_documents(self, attempt: Attempt) -> None:
        """Takes the provider's count of the prompt: a document has no other bound."""
        counted = None
        if self.counting is not None:
            counted = await self.counting.count_prompt(attempt.model, attempt.request.body)
        if counted is None:
            self.refusal = Refusal("document_uncounted", retry_after=2)
            raise NotSent(f"{attempt.model.name}'s provider did not count the tokens of a document")
        attempt.prompt_bound = counted
        attempt.counted = True

    async def _hold(self, missing: int) -> None:
        try:
            held = await self.extend(self.id, missing)
        except Exception as error:
            LEDGER_ERRORS_TOTAL.labels("extend").inc()
            self.refusal = Refusal("ledger_unavailable", retry_after=1)
            raise NotSent(f"the ledger did not answer: {type(error).__name__}") from error
        if not held:
            self.refusal = self._unaffordable()
            raise NotSent(f"{missing} nano-dollars more are needed, and the budget does not have them")
        self.held_nanos += missing
        self.refusal = None

    def _ended(self, attempt: Attempt) -> None:
        if self.counting is not None and attempt.counted and attempt.ending is Ending.COMPLETE:
            self.counting.check(attempt.model, attempt.prompt_bound, attempt.usage.prompt)
        report_attempt(attempt, self.request.identity, self.decision.tier, self.id)

    def _unaffordable(self) -> Refusal:
        if self.attempts:
            return Refusal(
                "budget_held",
                "A first try may have used up what was set aside for this answer, and no more is left.",
                retry_after=1,
            )
        month, session = self.decision.month_left_nanos or 0, self.decision.session_left_nanos or 0
        return Refusal(
            "month_budget" if month < session else "session_budget",
            "What is left of the budget does not cover this request. Please send a shorter one.",
        )

    async def _wait_for(self, model: Model, part: int) -> None:
        if any(each.model is model and each.request.part == part and each.charged for each in self.attempts):
            raise NotSent(f"{model.name} may have billed an answer of this call already")
        left = self._ask_again.get(model.name, 0.0) - time.monotonic()
        if left <= 0:
            return
        if self._waited or left > _LONGEST_WAIT_SECONDS:
            raise NotSent(f"{model.name} must not be called for another {left:.0f} s")
        self._waited = True
        await asyncio.sleep(left)

    def ask_again_after(self, model: Model, seconds: float) -> None:
        """Keeps a model from being asked again within the time that its provider named."""
        self._ask_again[model.name] = time.monotonic() + seconds

    @property
    def retry_after(self) -> float | None:
        """Seconds until the first of the providers may be asked again; None where none has named a time."""
        waits = [at - time.monotonic() for at in self._ask_again.values()]
        return max(0.0, min(waits)) if waits else None

    async def hear_out(self, seconds: float = _HEAR_OUT_SECONDS) -> None:
        """Ends the attempts that are open: LiteLLM has given up on their answers. No further attempt may begin."""
        self.closed = True
        open_ones = [attempt for attempt in self.attempts if attempt.ending is None]
        if open_ones:
            await asyncio.gather(*(attempt.hear_out(seconds) for attempt in open_ones))

    async def cut(self) -> None:
        """Ends the attempts that are open at once: the call has taken too long. No further attempt may begin."""
        self.closed = True
        await asyncio.gather(*(attempt.cut() for attempt in self.attempts if attempt.ending is None))

    def close(self) -> Charge:
        """What the whole call came to. An attempt that is still open is charged what is known of it."""
        self.closed = True
        for attempt in self.attempts:
            attempt.end(Ending.TIMEOUT)
        last = self.last
        if last is None:
            return self._unsent()
        assert last.ending is not None
        outcome = last.ending.outcome
        usages = [attempt.usage for attempt in self.attempts]
        return Charge(
            state="posted",
            outcome="disconnected" if self.client_left and outcome == "success" else outcome,
            cost=sum(attempt.cost for attempt in self.attempts),
            model=last.model.name,
            prompt_tokens=sum(usage.prompt for usage in usages),
            cached_tokens=sum(usage.cached for usage in usages),
            completion_tokens=sum(usage.completion for usage in usages),
        )

    def _unsent(self) -> Charge:
        if self.cached is None:
            return Charge(state="voided", outcome="disconnected" if self.client_left else "failure", cost=0, model=None)
        return Charge(
            state="posted",
            outcome="disconnected" if self.client_left else "success",
            cost=0,
            model=self.model.name if self.model else None,
            prompt_tokens=self.cached.prompt,
            cached_tokens=self.cached.cached,
            completion_tokens=self.cached.completion,
            cache_hit=True,
        )


# The call that the running request is for: set by the gate, read by the meter and LiteLLM's hooks in the same context.
current_call: contextvars.ContextVar[Call | None] = contextvars.ContextVar("tollgate_call", default=None)
