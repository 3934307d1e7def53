"""Refuses at once while something that is asked over the network is silent, and finds out by itself when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from .patience import Patience

T = TypeVar("T")


class Away(Exception):
    """What is asked does not answer, so that nothing was sent, or what was sent is not waited for."""


class Breaker:
    """Passes questions on until one fails and a probe fails too; then refuses all of them until a probe succeeds.

    Args:
        probe: asks something trivial; raises when there is no answer.
        probe_seconds: how long a probe may take, and the pause between two of them.
        changed: called with whether it is open, when that changes.
    """

    def __init__(
        self, probe: Callable[[], Awaitable[object]], probe_seconds: float, changed: Callable[[bool], None]
    ) -> None:
        self._probe = probe
        self._probe_seconds = probe_seconds
        self._changed = changed
        self.open = False
        self._asked: set[asyncio.Task[Any]] = set()
        self._watch: asyncio.Task[None] | None = None

    async def ask(self, question: Coroutine[Any, Any, T]) -> T:
        """The answer to a question.

        Raises:
            Away: it is open, or opens before the answer is there.
            Exception: whatever the question raises.
        """
        if self.open:
            question.close()
            raise Away()
        task = asyncio.get_running_loop().create_task(question)
        self._asked.add(task)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            self._asked.discard(task)
        if task.cancelled():
            raise Away()
        if task.exception() is not None:
            self.suspect()
        return task.result()

    def suspect(self) -> None:
        """A question has failed: a probe finds out whether that was the question or what is asked."""
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._watch_over())

    async def _watch_over(self) -> None:
        while not await self._answers():
            if not self.open:
                self.open = True
                self._changed(True)
                for task in self._asked:
                    task.cancel()
            await asyncio.sleep(self._probe_seconds)
        if self.open:
            self.open = False
            self._changed(False)

    async def _answers(self) -> bool:
        try:
            with Patience(self._probe_seconds):
                await self._probe()
        except Exception:
            return False
        return True
