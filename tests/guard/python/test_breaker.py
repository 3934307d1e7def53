"""The breaker: closed, open, and closed again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tollgate_guard.breaker import Away, Breaker


class Server:
    """Answers, is silent, or refuses."""

    def __init__(self) -> None:
        self.silent = False
        self.asked = 0

    async def answer(self) -> str:
        self.asked += 1
        if self.silent:
            await asyncio.sleep(3_600)
        await asyncio.sleep(0)
        return "here"


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 10))


async def impatient(server: Server) -> str:
    return await asyncio.wait_for(server.answer(), 0.02)


def test_what_is_asked_answers() -> None:
    async def scene() -> None:
        server = Server()
        breaker = Breaker(server.answer, 0.01, lambda away: None)
        assert await breaker.ask(server.answer()) == "here"

    play(scene)


def test_after_the_first_time_out_all_who_wait_are_let_go_and_nobody_is_sent() -> None:
    async def scene() -> None:
        server, changes = Server(), list[bool]()
        breaker = Breaker(server.answer, 0.01, changes.append)
        server.silent = True
        patient = [asyncio.create_task(breaker.ask(server.answer())) for _ in range(20)]
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            await breaker.ask(impatient(server))
        for result in await asyncio.gather(*patient, return_exceptions=True):
            assert isinstance(result, Away)
        assert breaker.open and changes == [True]
        asked = server.asked
        refused = server.answer()
        with pytest.raises(Away):
            await breaker.ask(refused)
        assert server.asked == asked

        server.silent = False
        while breaker.open:
            await asyncio.sleep(0.005)
        assert changes == [True, False]
        assert await breaker.ask(server.answer()) == "here"

    play(scene)


def test_a_question_that_fails_by_itself_opens_nothing() -> None:
    async def scene() -> None:
        server, changes = Server(), list[bool]()
        breaker = Breaker(server.answer, 0.5, changes.append)

        async def wrong() -> str:
            raise ValueError("wrong question")

        slow = asyncio.create_task(breaker.ask(asyncio.sleep(0.05, "slow")))
        with pytest.raises(ValueError):
            await breaker.ask(wrong())
        assert await slow == "slow" and changes == [] and server.asked == 1

    play(scene)


def test_who_asks_may_be_cancelled() -> None:
    async def scene() -> None:
        server = Server()
        server.silent = True
        breaker = Breaker(server.answer, 0.01, lambda away: None)
        asking = asyncio.create_task(breaker.ask(server.answer()))
        await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not breaker.open

    play(scene)
