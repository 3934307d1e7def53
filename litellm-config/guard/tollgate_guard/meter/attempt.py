"""One request to a provider: what it can cost at most before it is sent, and what is charged when it has ended."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ..bounds import attempt_bound
from ..config import Model
from ..pricing import Usage, cost
from .answers import AnswerReader
from .endings import Ending
from .usage import BELIEVABLE, Counters, believable
from .wire_request import WireRequest

# More bytes than this for each token allowed: the provider has ignored the limit.
_BYTES_PER_TOKEN = 8

# Bytes beyond ``BELIEVABLE`` times that: the answer never ends.
_ENDLESS_BYTES = 16 * 1024

# Ended by the provider, so that it cannot have written more than what came (see the package's rule, 4).
_ENDED_THERE = (Ending.BROKEN, Ending.CUT, Ending.ERROR_IN_ANSWER)


@dataclass
class Attempt:
    """An attempt at a model. ``ending`` is None while it is open; ``cost`` in nano-dollars.

    Attributes:
        prompt_bound: the most tokens that its prompt can have.
        ended: called once, when it has ended.
        answer: what came; None before the provider began to answer with success.
        rest: reads what is still to come of it.
        leave: closes its connection.
        status: the status of the provider's answer; None where there was none.
        error: the provider's name of its error, or the class of the transport's.
        counted: whether ``prompt_bound`` is the provider's own count.
        began_at, ended_at: Unix time in ns.
    """

    model: Model
    prompt_bound: int
    request: WireRequest
    ended: Callable[[Attempt], None]
    answer: AnswerReader | None = None
    rest: Callable[[], Awaitable[None]] | None = None
    leave: Callable[[], Awaitable[None]] | None = None
    ending: Ending | None = None
    cost: int = 0
    usage: Usage = field(default_factory=Usage)
    status: int | None = None
    error: str | None = None
    counted: bool = False
    began_at: int = field(default_factory=time.time_ns)
    ended_at: int = 0

    @property
    def allowed(self) -> int:
        """Output tokens that the request allows."""
        return self.request.max_tokens * self.request.choices

    @property
    def bound_nanos(self) -> int:
        """The most that it can cost."""
        return attempt_bound(
            self.model, self.prompt_bound, self.request.max_tokens, self.request.choices, self.request.caching
        )

    @property
    def charged(self) -> bool:
        """Whether the provider may have billed it."""
        return self.ending is None or not self.ending.free

    @property
    def failed(self) -> bool:
        """Whether it has no whole answer."""
        return self.ending not in (Ending.COMPLETE, Ending.NO_USAGE)

    @property
    def repeatable(self) -> bool:
        """Whether its answer may be kept in the cache."""
        good = self.ending in (None, Ending.COMPLETE, Ending.NO_USAGE)
        return good and self.answer is not None and self.answer.repeatable

    @property
    def endless(self) -> bool:
        """Whether far more came than the request allows, so that it is a fault of the connection and not of the model."""
        most = BELIEVABLE * _BYTES_PER_TOKEN * self.allowed + _ENDLESS_BYTES
        return self.answer is not None and self.answer.visible > most

    def end(self, ending: Ending) -> None:
        """Charges the attempt by the package's rule. What comes after the first end changes nothing."""
        if self.ending is not None:
            return
        self.ending = ending
        self.ended_at = time.time_ns()
        if not ending.free:
            if self.answer is not None and self.answer.error is not None:
                self.ending, self.error = Ending.ERROR_IN_ANSWER, self.answer.error
            self._charge()
        self.ended(self)

    @property
    def at_most(self) -> int:
        """What it costs, or can cost while it is open."""
        return self.bound_nanos if self.ending is None else self.cost

    async def hear_out(self, seconds: float) -> None:
        """Reads the rest of an answer whose client has gone, for what the provider reports in it."""
        if self.ending is None and self.rest is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self.rest(), seconds)
        self.end(Ending.TIMEOUT)

    async def cut(self) -> None:
        """Ends it at once: the gateway waits no longer."""
        self.end(Ending.TIMEOUT)
        if self.leave is not None:
            with contextlib.suppress(Exception):
                await self.leave()

    def _charge(self) -> None:
        answer = self.answer
        counters = answer.counters if answer else Counters()
        prompt = believable(counters.prompt, self.prompt_bound, self.model.max_prompt_tokens)
        # A report before the answer's last text is not of all of it.
        completion = None
        if answer is not None and answer.finished and answer.came == counters.came_at_report:
            completion = 0 if counters.completion == 0 and not answer.came else self._counted(counters)
        if prompt is not None and completion is not None:
            # All is known, however the connection ended after it.
            self.ending = Ending.COMPLETE if answer is not None and answer.whole else self.ending
        elif self.ending is Ending.COMPLETE:
            self.ending = Ending.NO_USAGE
        if completion is None:
            completion = self._completion_bound(counters)
        if prompt is None:
            self.usage = Usage(prompt=self.prompt_bound, completion=completion)
            self.cost = attempt_bound(self.model, self.prompt_bound, completion, 1, self.request.caching)
            return
        written_5m, written_1h = self._written(counters, prompt)
        cached = counters.cached or 0
        self.usage = Usage(
            prompt=prompt,
            # More than the prompt has is a fault of the report.
            cached=cached if cached <= prompt - written_5m - written_1h else 0,
            cache_write_5m=written_5m,
            cache_write_1h=written_1h,
            completion=completion,
        )
        self.cost = cost(self.model, self.usage)

    def _written(self, counters: Counters, prompt: int) -> tuple[int, int]:
        """What was written to the cache for five minutes and for an hour; without a lifetime, for the longest asked for."""
        five, hour = counters.cache_write_5m or 0, counters.cache_write_1h or 0
        written = min(max(counters.written or 0, five + hour), prompt)
        if self.request.caching == "1h":
            five = min(five, max(0, written - hour))
            return five, written - five
        hour = min(hour, written)
        return written - hour, hour

    def _counted(self, counters: Counters) -> int | None:
        """The answer's tokens that the provider has counted, where that can be true."""
        return believable(counters.completion, self.allowed, self.request.choices * self.model.max_output_tokens)

    def _completion_bound(self, counters: Counters) -> int:
        """The most tokens that the answer can have had."""
        if self.allowed == 0:
            # A vector has none, whatever came of it.
            return 0
        visible, came = (self.answer.visible, self.answer.came) if self.answer else (0, 0)
        counted = self._counted(counters)
        # Counted up to some moment: from there on by its bytes.
        seen = max(came, counters.begun) if counted is None else counted + came - counters.came_at_report
        # What could not be read says nothing of that: most of it may be the frame.
        if visible > _BYTES_PER_TOKEN * self.allowed and not self.endless:
            return max(seen, self.allowed)
        most = max(self.allowed, counted or 0)
        seen_all = self.ending in _ENDED_THERE and counters.prompt is not None
        # A count is of all reasoning once the answer itself has begun; one of a plain answer always is.
        final = counted is not None and (counters.answering_at_report or not self.request.stream)
        if seen_all and (final or not self.request.hidden):
            return min(seen, most)
        return most
