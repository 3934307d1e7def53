"""A lane for each customer in this worker: how many of its calls are in flight, and who of the others may ask the ledger next.

A call is queued until the ledger has decided about it, whatever it waits for, and in flight from then to its settlement.
Both are bounded for each customer, and one call of a customer at a time asks the ledger, in the order of arrival, except:

- A call that waits for money or tokens holds up no call that needs less. In the second half of its wait no later call passes
  it any more, so that what others give back adds up for it.
- While other customers are active, a customer's second and further calls begin when the event loop has nothing to do, or
  else at a pace that leaves most of it to the others.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from .config import Config
from .metrics import CALLS_QUEUED, QUEUE_SECONDS
from .refusals import Refusal

# Other workers' settlements are seen by asking again; this worker's wake those who wait at once.
_POLL_SECONDS = 0.2

# For so long after its last call a customer counts as active.
_ACTIVE_SECONDS = 10.0

# The event loop has nothing to do when it wakes a sleeper of so long not much later than that.
_QUIET_SECONDS = 0.002

# A loop that is never quiet lets one further call begin in so long: with a slow provider it is not busy with those it has.
_LONGEST_UNQUIET_SECONDS = 0.05


@dataclass(frozen=True)
class Lack:
    """What a call waits for: the nano-dollars that it needs on a route, and tokens; until when (monotonic)."""

    reason: str
    whole_month: bool
    route: str
    nanos: int
    tokens: int
    since: float
    until: float


@dataclass(eq=False)
class Waiter:
    """A call in the queue. ``nanos`` (by route) and ``tokens`` are the least that it needs."""

    session: str
    nanos: dict[str, int]
    tokens: int
    since: float
    # When it asks for the last time, or is refused (monotonic seconds, as ``since``).
    until: float
    turn: asyncio.Future[None] | None = None
    lack: Lack | None = None
    # The lane's count of changes when it last asked.
    asked: int = -1
    final: bool = False
    # Its client waits no longer.
    left: bool = False

    def blocks(self, other: Waiter, now: float) -> bool:
        """Whether a later call must not ask: it would get what this one waits for, or not get it either."""
        lack = self.lack
        if lack is None or not (lack.whole_month or other.session == self.session):
            return False
        if now > (lack.since + lack.until) / 2:
            return True
        if lack.reason == "tokens_per_minute":
            return other.tokens >= lack.tokens
        return other.nanos.get(lack.route, min(other.nanos.values())) >= lack.nanos


@dataclass(eq=False)
class Lane:
    """One customer's calls in this worker."""

    lanes: Lanes
    in_flight: int = 0
    used: float = 0.0
    _queue: list[Waiter] = field(default_factory=list)
    _asking: Waiter | None = None
    # Counts what may have let someone in: settlements, and polls while a call waits for something.
    _changes: int = 0
    _poll: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        return self.in_flight == 0 and not self._queue

    def join(self, waiter: Waiter) -> None:
        """Puts a call at the end of the queue.

        Raises:
            Refusal: ``customer_busy``, when the queue is full.
        """
        if self.in_flight + len(self._queue) >= self.lanes.calls_in_flight + self.lanes.queued_calls:
            raise self.busy()
        self._queue.append(waiter)
        CALLS_QUEUED.inc()

    async def turn(self, waiter: Waiter) -> None:
        """Waits until the call may ask the ledger; ``waiter.final`` says whether for the last time.

        Raises:
            Refusal: ``customer_busy``, when that took too long; ``client_left``; or what :meth:`refuse` was given.
        """
        if waiter.left:
            raise Refusal("client_left")
        waiter.turn = asyncio.get_running_loop().create_future()
        self._serve()
        if waiter.turn.done():
            return
        try:
            await asyncio.wait_for(asyncio.shield(waiter.turn), max(0.0, waiter.until - time.monotonic()))
        except (TimeoutError, asyncio.TimeoutError):
            if not waiter.turn.done():
                if self.in_flight >= self.lanes.calls_in_flight:
                    raise self.busy() from None
                waiter.final = True
                self._serve()
            await waiter.turn

    def told_to_wait(self, waiter: Waiter, lack: Lack, back_in: float) -> None:
        """The ledger has answered ``wait``. What comes back (``back_in`` seconds) only after the wait is not waited for."""
        waiter.lack, waiter.until = lack, lack.until
        waiter.final = back_in > lack.until - time.monotonic()
        self._done(waiter)
        if self._poll is None:
            self._poll_later()

    def step_aside(self, waiter: Waiter) -> None:
        """A call keeps its place, and lets others ask until it comes back for its turn."""
        waiter.asked = -1
        self._done(waiter)

    def withdraw(self, waiter: Waiter) -> None:
        """The client of a call has left: a call that waits for its turn is refused, one that asks the ledger afterwards."""
        waiter.left = True
        if waiter.turn is not None and not waiter.turn.done():
            waiter.turn.set_exception(Refusal("client_left"))

    def leave(self, waiter: Waiter, *, in_flight: bool = False) -> None:
        """Takes a call out of the queue, decided or not."""
        self._queue.remove(waiter)
        CALLS_QUEUED.dec()
        QUEUE_SECONDS.observe(time.monotonic() - waiter.since)
        if in_flight:
            self.in_flight += 1
            if self.in_flight >= self.lanes.calls_in_flight:
                self.refuse(self.busy, final=True)
        self._done(waiter)

    def ended(self) -> None:
        """A call in flight is settled."""
        self.in_flight -= 1
        self.changed()

    def changed(self) -> None:
        """Somebody may have given back what others wait for."""
        self._changes += 1
        self._serve()

    def refuse(self, why: Callable[[], Refusal], *, final: bool = False) -> None:
        """Refuses all who wait for their turn, or (``final``) those for whom it is the last."""
        for waiter in self._queue:
            if waiter.turn is not None and not waiter.turn.done() and (waiter.final or not final):
                waiter.turn.set_exception(why())

    def serve_quietly(self) -> None:
        """Lets the next call begin: the event loop has nothing else to do."""
        self._serve(quiet=True)

    def _done(self, waiter: Waiter) -> None:
        self.used = time.monotonic()
        if self._asking is waiter:
            self._asking = None
        self._serve()

    def _serve(self, quiet: bool = False) -> None:
        """Gives the turn to the first who may ask, unless another is asking."""
        if self._asking is not None or self.in_flight >= self.lanes.calls_in_flight:
            return
        waiter = self._next()
        if waiter is None:
            return
        if self.in_flight > 0 and not quiet and not waiter.final and self.lanes.others_are_active():
            self.lanes.serve_when_quiet(self)
            return
        assert waiter.turn is not None
        self._asking = waiter
        waiter.asked = self._changes
        waiter.turn.set_result(None)

    def _next(self) -> Waiter | None:
        now = time.monotonic()
        before: list[Waiter] = []
        for waiter in self._queue:
            if waiter.turn is not None and not waiter.turn.done():
                if waiter.final:
                    return waiter
                if waiter.asked != self._changes and not any(each.blocks(waiter, now) for each in before):
                    return waiter
            if waiter.lack is not None:
                before.append(waiter)
        return None

    def _poll_later(self) -> None:
        self._poll = asyncio.get_running_loop().call_later(_POLL_SECONDS * random.uniform(0.5, 1.0), self._polled)

    def _polled(self) -> None:
        self._poll = None
        if any(waiter.lack is not None for waiter in self._queue):
            self._poll_later()
            self.changed()

    def busy(self) -> Refusal:
        """The refusal of a call that finds no place; its time to come back is that of a queue of one-second calls."""
        return Refusal("customer_busy", retry_after=len(self._queue) / self.lanes.calls_in_flight)


class Lanes:
    """The lanes of the customers who are active in this worker."""

    def __init__(self, config: Config) -> None:
        self.calls_in_flight = config.customer_calls
        self.queued_calls = config.customer_queue
        self._lanes: OrderedDict[str, Lane] = OrderedDict()
        self._waiting_for_quiet: OrderedDict[Lane, None] = OrderedDict()
        self._watch: asyncio.Task[None] | None = None

    def __getitem__(self, customer: str) -> Lane:
        """The lane of a customer, made where there is none."""
        self._forget()
        lane = self._lanes.setdefault(customer, Lane(self))
        lane.used = time.monotonic()
        self._lanes.move_to_end(customer)
        return lane

    def refuse_all(self, why: Callable[[], Refusal]) -> None:
        """Refuses all who wait, whoever's they are."""
        for lane in self._lanes.values():
            lane.refuse(why)

    def others_are_active(self) -> bool:
        """Whether more than one customer is active."""
        self._forget()
        return len(self._lanes) > 1

    def serve_when_quiet(self, lane: Lane) -> None:
        """Lets a lane's next call begin when the event loop has nothing to do; lanes take turns."""
        self._waiting_for_quiet.setdefault(lane)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._watch_for_quiet())

    async def _watch_for_quiet(self) -> None:
        last = time.monotonic()
        while self._waiting_for_quiet:
            began = time.monotonic()
            await asyncio.sleep(_QUIET_SECONDS)
            now = time.monotonic()
            if now - began < 2 * _QUIET_SECONDS or now - last > _LONGEST_UNQUIET_SECONDS:
                last = now
                lane, _ = self._waiting_for_quiet.popitem(last=False)
                lane.serve_quietly()

    def _forget(self) -> None:
        """Drops lanes that have been idle for a while, in the order of their use."""
        now = time.monotonic()
        while self._lanes:
            customer, lane = next(iter(self._lanes.items()))
            if now - lane.used < _ACTIVE_SECONDS:
                return
            if lane.idle:
                del self._lanes[customer]
            else:
                lane.used = now
                self._lanes.move_to_end(customer)
