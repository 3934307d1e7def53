"""Clients that do everything at once, against a real Postgres."""

from __future__ import annotations

import asyncio
import random
from uuid import uuid4

import asyncpg
import pytest

from ledger_calls import check_books, expire, extend, on_ledger, reserve, settle


@pytest.mark.parametrize("seed", range(4))
@on_ledger
async def test_no_interleaving_spends_over_a_cap(connection: asyncpg.Connection, ledger_url: str, seed: int) -> None:
    """Twelve clients reserve, extend, settle, void, expire and file at random on two customers; the books stay right."""

    async def client(pool: asyncpg.Pool, dice: random.Random) -> int:
        made = 0
        mine: list[tuple[object, int]] = []
        for _ in range(60):
            async with pool.acquire() as connection:
                act = dice.random()
                if act < 0.6 or not mine:
                    call = uuid4()
                    row = await reserve(
                        connection,
                        customer=dice.choice(["acme", "bigco"]),
                        session=dice.choice(["s1", "s2", "s3"]),
                        call_id=call,
                        prompt_nanos=[dice.randint(0, 900), dice.randint(0, 300)],
                        token_nanos=[dice.randint(0, 60), dice.randint(0, 20)],
                        max_tokens=[dice.randint(1, 400)] * 2,
                        session_calls=40,
                        lease_seconds=dice.choice([0, 300]),
                        final=dice.random() < 0.5,
                    )
                    if row["decision"] in ("allowed", "degraded"):
                        made += 1
                        mine.append((call, row["held_nanos"]))
                elif act < 0.9:
                    call, held = mine.pop(dice.randrange(len(mine)))
                    if dice.random() < 0.2:
                        await settle(connection, call, 0, state="voided", outcome="failure")
                    else:
                        await settle(connection, call, dice.randint(0, held))
                elif act < 0.93:
                    await extend(connection, mine[-1][0], dice.randint(0, 500))
                elif act < 0.96:
                    # As if the last minute were over for some.
                    await connection.execute(
                        "UPDATE ledger.recent_calls SET reserved_at = reserved_at - interval '3 hours', "
                        "settled_at = settled_at - interval '3 hours' WHERE state <> 'pending' AND random() < 0.5"
                    )
                    await connection.fetchval("SELECT ledger.file_calls(1000)")
                else:
                    await expire(connection)
        return made

    async def watch(pool: asyncpg.Pool, done: asyncio.Event) -> int:
        looks = 0
        while not done.is_set():
            async with pool.acquire() as connection:
                await check_books(connection)
            looks += 1
        return looks

    dice = random.Random(seed)
    async with asyncpg.create_pool(ledger_url, min_size=13, max_size=13) as pool:
        done = asyncio.Event()
        watcher = asyncio.create_task(watch(pool, done))
        made = await asyncio.gather(*(client(pool, random.Random(dice.random())) for _ in range(12)))
        done.set()
        assert await watcher > 0
    assert sum(made) > 50
    assert await connection.fetchval("SELECT count(*) FROM ledger.filed_calls") > 0
    await check_books(connection)
    over = await connection.fetchval(
        "SELECT count(*) FROM (SELECT 1 FROM ledger.crossings GROUP BY customer_id, month, percent HAVING count(*) > 1) c"
    )
    assert over == 0
