"""Tokens a minute, against a real Postgres."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from ledger_calls import on_ledger, reserve, set_clock, settle


@on_ledger
async def test_tokens_a_minute_slide(connection: asyncpg.Connection) -> None:
    limits = {"tokens_per_minute": 1_000, "prompt_nanos": [1, 1], "token_nanos": [0, 0], "max_tokens": [100, 100]}
    await set_clock(connection, "2026-11-10 10:00:00Z")
    first, second = uuid4(), uuid4()
    assert (await reserve(connection, call_id=first, prompt_tokens=500, **limits))["decision"] == "allowed"
    # 600 are in flight; 500 more do not fit, and what is in flight may turn out smaller.
    row = await reserve(connection, prompt_tokens=400, final=False, **limits)
    assert (row["decision"], row["reason"], row["retry_after_seconds"]) == ("wait", "tokens_per_minute", 0)
    await settle(connection, first, 0, prompt=500, completion=100)
    await set_clock(connection, "2026-11-10 10:00:20Z")
    assert (await reserve(connection, call_id=second, prompt_tokens=300, **limits))["decision"] == "allowed"
    await settle(connection, second, 0, prompt=300, completion=100)
    await set_clock(connection, "2026-11-10 10:00:30Z")
    row = await reserve(connection, prompt_tokens=100, **limits)
    assert (row["decision"], row["reason"]) == ("refused", "tokens_per_minute")
    assert row["retry_after_seconds"] == pytest.approx(30)
    await set_clock(connection, "2026-11-10 10:01:00Z")
    assert (await reserve(connection, prompt_tokens=100, **limits))["decision"] == "allowed"


@on_ledger
async def test_a_conversation_is_counted_by_the_tokens_it_has_shown(connection: asyncpg.Connection) -> None:
    limits = {"tokens_per_minute": 1_000, "prompt_nanos": [1, 1], "token_nanos": [0, 0], "max_tokens": [100, 100]}
    call = uuid4()
    # Its bytes are more than a minute's tokens; a third of them are not.
    assert (await reserve(connection, call_id=call, prompt_tokens=1_200, **limits))["decision"] == "allowed"
    assert (await reserve(connection, prompt_tokens=300, **limits))["reason"] == "tokens_per_minute"
    await settle(connection, call, 0, prompt=300, completion=50)
    # 350 used; the next prompt of 2,000 bytes is expected to have 500 tokens, and the answer 100: 950.
    call = uuid4()
    assert (await reserve(connection, call_id=call, prompt_tokens=2_000, **limits))["decision"] == "allowed"
    await settle(connection, call, 0, prompt=500, completion=100)
    assert (await reserve(connection, prompt_tokens=2_000, **limits))["reason"] == "tokens_per_minute"


@on_ledger
async def test_no_answer_is_longer_than_a_minutes_tokens(connection: asyncpg.Connection) -> None:
    row = await reserve(
        connection,
        prompt_tokens=300,
        tokens_per_minute=1_000,
        prompt_nanos=[1, 1],
        token_nanos=[0, 0],
        max_tokens=[9_999, 9_999],
    )
    assert (row["decision"], row["max_tokens"]) == ("allowed", 900)


@on_ledger
async def test_a_counted_prompt_is_counted_as_such_in_its_minute(connection: asyncpg.Connection) -> None:
    free: dict[str, Any] = {"prompt_nanos": [0, 0], "token_nanos": [0, 0], "max_tokens": [1_000, 1_000]}
    first = uuid4()
    assert (await reserve(connection, call_id=first, prompt_tokens=80_000, **free))["decision"] == "allowed"
    await settle(connection, first, 0, prompt=20_000, completion=0)
    # By the ratio of that call, a bound of 80,000 bytes is taken for 20,000 tokens; a count is taken as it is.
    assert (await reserve(connection, prompt_tokens=29_001, exact=True, **free))["reason"] == "tokens_per_minute"
    assert (await reserve(connection, prompt_tokens=29_000, exact=True, **free))["decision"] == "allowed"


@on_ledger
async def test_what_the_provider_read_from_its_cache_does_not_count_in_the_minute(
    connection: asyncpg.Connection,
) -> None:
    free: dict[str, Any] = {"prompt_nanos": [0, 0], "token_nanos": [0, 0], "exact": True}
    for _ in range(3):
        call = uuid4()
        assert (await reserve(connection, call_id=call, prompt_tokens=40_000, **free))["decision"] == "allowed"
        await settle(connection, call, 0, prompt=40_000, cached=39_000, completion=50)
    call = uuid4()
    assert (await reserve(connection, call_id=call, prompt_tokens=40_000, **free))["decision"] == "allowed"
    await settle(connection, call, 0, prompt=40_000, completion=50)
    assert (await reserve(connection, prompt_tokens=40_000, **free))["reason"] == "tokens_per_minute"
