"""Asks the ledger for a call's hold, and lets it wait where only other calls in flight prevent it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from uuid import UUID, uuid4

from .asgi import Client
from .bounds import LEAST_TOKENS, Plan, Plans, make_plans
from .config import Config
from .counting import Counting
from .lanes import Lack, Lanes, Waiter
from .ledger import Decision
from .ledger_access import LedgerAccess
from .log import log
from .metrics import LEDGER_ERRORS_TOTAL, RESERVE_SECONDS
from .refusals import Refusal
from .request import ChatRequest


class _Asking:
    """A call that asks the ledger, once or again: its plans, by bytes until they are counted."""

    def __init__(self, request: ChatRequest, plans: Plans, countable: bool) -> None:
        self.call_id = uuid4()
        self.request = request
        self.plans = plans
        self.countable = countable


class Admission:
    """Reservations, with the waits of the configuration (``queue_wait``, ``hold_wait``, ``token_wait``).

    Args:
        void: settles a customer's call for nothing in the background. For a reservation whose answer was lost.
        counting: counts what does not fit by its bytes; None where no provider can be asked.
    """

    def __init__(
        self,
        ledger: LedgerAccess,
        config: Config,
        void: Callable[[str, UUID], None],
        counting: Counting | None = None,
    ) -> None:
        self._ledger = ledger
        self._config = config
        self._void = void
        self._counting = counting
        self.lanes = Lanes(config)

    async def admit(
        self, request: ChatRequest, plans: Plans, client: Client | None = None
    ) -> tuple[UUID, Decision, Plans]:
        """The id of the call, the ledger's decision (allowed, degraded or refused) and the plans that it is about.

        A call that is let in is in flight until :meth:`ended`. One whose client leaves before that is not let in, and what
        was held for it is given back.

        Raises:
            Refusal: ``ledger_unavailable``, ``customer_busy``, ``prompt_too_long`` or ``client_left``.
        """
        if self._ledger.away:
            LEDGER_ERRORS_TOTAL.labels("reserve").inc()
            raise ledger_unavailable()
        countable = not plans.exact and self._counting is not None and self._counting.can_count(plans.models)
        asking = _Asking(request, plans, countable)
        lane = self.lanes[request.identity.customer_id]
        waiter = self._waiter(asking)
        lane.join(waiter)
        if client is not None:
            client.on_leave = partial(lane.withdraw, waiter)
            waiter.left = client.left
        decision: Decision | None = None
        let_in = False
        try:
            while decision is None:
                await lane.turn(waiter)
                answer = await self._reserve(asking, final=waiter.final)
                if answer.decision == "wait":
                    lane.told_to_wait(waiter, self._lack(waiter, asking, answer), answer.retry_after or 0.0)
                elif answer.decision == "count":
                    lane.step_aside(waiter)
                    await self._count(asking)
                else:
                    decision = answer
            let_in = decision.decision != "refused"
            if decision.reason == "tokens_per_minute":
                self._check_fits_a_minute(asking)
            if let_in and waiter.left:
                let_in = False
                self._void(request.identity.customer_id, asking.call_id)
                raise Refusal("client_left")
        finally:
            lane.leave(waiter, in_flight=let_in)
        return asking.call_id, decision, asking.plans

    def ended(self, request: ChatRequest) -> None:
        """A call that was let in is over."""
        self.lanes[request.identity.customer_id].ended()

    def _waiter(self, asking: _Asking) -> Waiter:
        plans = asking.plans
        now = time.monotonic()
        return Waiter(
            session=asking.request.identity.session_id,
            nanos={plan.route.name: least_nanos(plan) for plan in plans.plans},
            tokens=plans.prompt_tokens + asking.request.choices * min(plan.max_tokens for plan in plans.plans),
            since=now,
            until=now + self._config.queue_wait,
        )

    def _lack(self, waiter: Waiter, asking: _Asking, answer: Decision) -> Lack:
        limits = {"tokens_per_minute": self._config.token_wait, "budget_held": self._config.hold_wait}
        plan = answer.plan or asking.plans.plans[0]
        nanos = least_nanos(plan)
        since = waiter.lack.since if waiter.lack else time.monotonic()
        return Lack(
            reason=answer.reason,
            whole_month=answer.reason == "budget_held" and nanos > (answer.month_left_nanos or 0),
            route=plan.route.name,
            nanos=nanos,
            tokens=asking.plans.prompt_tokens + asking.request.choices * plan.max_tokens,
            since=since,
            until=since + limits[answer.reason],
        )

    def _check_fits_a_minute(self, asking: _Asking) -> None:
        """Whether the prompt can ever be sent. What of it the provider still has in its cache is known only from its answer."""
        tokens, most = asking.plans.prompt_tokens, self._config.session_tokens_per_minute
        if asking.plans.exact and tokens + asking.request.choices > most:
            raise Refusal(
                "prompt_too_long",
                f"The prompt has {tokens} tokens, and a conversation may send {most} a minute: "
                "shorten the conversation or the tools' results",
                field="messages",
            )

    async def _count(self, asking: _Asking) -> None:
        # Once for a call: its content does not change while it waits.
        asking.countable = False
        assert self._counting is not None
        counted = await self._counting.count_request(asking.request, asking.plans.models)
        if counted is not None:
            asking.plans = make_plans(asking.request, self._config, counted)

    async def _reserve(self, asking: _Asking, *, final: bool) -> Decision:
        began = time.perf_counter()
        try:
            return await self._ledger.reserve(
                asking.call_id, asking.request, asking.plans, final=final, countable=asking.countable
            )
        except Exception as error:
            LEDGER_ERRORS_TOTAL.labels("reserve").inc()
            log(
                "error", "ledger.unavailable", f"The ledger did not answer: {type(error).__name__}", operation="reserve"
            )
            self._void(asking.request.identity.customer_id, asking.call_id)
            raise ledger_unavailable() from error
        finally:
            RESERVE_SECONDS.observe(time.perf_counter() - began)


def ledger_unavailable() -> Refusal:
    """The refusal while the ledger does not answer."""
    return Refusal("ledger_unavailable", retry_after=1)


def least_nanos(plan: Plan) -> int:
    """What the shortest answer that is worth a call can cost, with its prompt."""
    return plan.prompt_nanos + plan.token_nanos * min(LEAST_TOKENS, plan.max_tokens)
