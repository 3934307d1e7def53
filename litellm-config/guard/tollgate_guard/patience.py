"""A time limit that does not mistake a busy worker for a silent peer."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

_SLICES = 25


class Patience:
    """Raises ``TimeoutError`` in its ``with`` block after so many seconds in which the event loop was on time.

    A late event loop has not yet read an answer that may have come. So the time is cut into slices, and each turn of the loop
    ends one at most: only a late loop makes the limit late.
    """

    def __init__(self, seconds: float) -> None:
        self._slice = seconds / _SLICES
        self._left = _SLICES
        self._task: Any = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._slice, self._passed)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        if self._left == 0 and kind is asyncio.CancelledError:
            if hasattr(self._task, "uncancel"):  # From Python 3.11 on, a task counts who cancels it.
                self._task.uncancel()
            raise asyncio.TimeoutError() from error

    def _passed(self) -> None:
        self._left -= 1
        if self._left > 0:
            self._timer = self._loop.call_later(self._slice, self._passed)
        else:
            self._task.cancel()
