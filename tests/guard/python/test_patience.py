"""A time limit that counts only the time in which the event loop was on time."""

from __future__ import annotations

import asyncio
import time

import pytest

from tollgate_guard.patience import Patience


def test_silence_ends_it() -> None:
    async def scene() -> None:
        with pytest.raises((TimeoutError, asyncio.TimeoutError)), Patience(0.05):
            await asyncio.sleep(3_600)
        # The task goes on, and may be cancelled again.
        await asyncio.sleep(0)
        inner = asyncio.current_task()
        assert inner is not None and not getattr(inner, "cancelling", lambda: 0)()

    asyncio.run(scene())


def test_an_answer_in_time_leaves_nothing_behind() -> None:
    async def scene() -> None:
        with Patience(0.05):
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)

    asyncio.run(scene())


def test_a_busy_loop_is_not_silence() -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        with Patience(0.05):
            # An answer of five round trips, each of which the loop looks at 20 ms late.
            for _ in range(5):
                loop.call_soon(time.sleep, 0.02)
                await asyncio.sleep(0)

    asyncio.run(scene())


def test_who_asks_may_be_cancelled_meanwhile() -> None:
    async def scene() -> None:
        async def ask() -> None:
            with Patience(3_600):
                await asyncio.sleep(3_600)

        asking = asyncio.create_task(ask())
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(scene())
