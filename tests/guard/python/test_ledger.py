"""The ledger's functions against a real Postgres."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from conftest import add_customer, fresh_ledger
from ledger_calls import check_books, expire, extend, reserve, set_clock, settle


def run(ledger_url: str, test: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    async def main() -> None:
        async with fresh_ledger(ledger_url) as connection:
            await add_customer(connection, "acme")
            await add_customer(connection, "bigco")
            await test(connection)

    asyncio.run(main())


async def spend(connection: asyncpg.Connection, nanos: int, session: str = "old") -> None:
    """Spends so much of acme's month, in a session with no cap of its own."""
    call = uuid4()
    row = await reserve(
        connection, session=session, call_id=call, prompt_nanos=[nanos, nanos], token_nanos=[0, 0], session_cap=10**9
    )
    assert row["decision"] != "refused", row
    assert (await settle(connection, call, nanos))["settled"]


def test_a_call_holds_its_bound_and_is_settled_once(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        call = uuid4()
        row = await reserve(connection, call_id=call)
        assert (row["decision"], row["reason"], row["tier"], row["plan"]) == ("allowed", "ok", "tier_1", 1)
        assert (row["max_tokens"], row["held_nanos"]) == (50, 6_000)
        assert (row["month_left_nanos"], row["session_left_nanos"]) == (94_000, 44_000)
        first = await settle(connection, call, 2_500)
        assert (first["settled"], first["held_nanos"], first["spent_nanos"]) == (True, 6_000, 2_500)
        assert not (await settle(connection, call, 2_500))["settled"]
        await check_books(connection)

    run(ledger_url, test)


def test_customers_are_known_by_the_ledger_alone(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        row = await reserve(connection, customer="nobody")
        assert (row["decision"], row["reason"]) == ("refused", "unknown_customer")
        await connection.execute("UPDATE ledger.customers SET disabled_at = now() WHERE customer_id = 'bigco'")
        assert (await reserve(connection, customer="bigco"))["reason"] == "unknown_customer"
        assert await connection.fetchval("SELECT count(*) FROM ledger.refusals") == 0

    run(ledger_url, test)


def test_the_last_nano_dollar_can_be_spent_and_not_one_more(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        exact = {"prompt_nanos": [50_000, 50_000], "token_nanos": [0, 0]}
        call = uuid4()
        assert (await reserve(connection, call_id=call, **exact))["decision"] == "allowed"
        await settle(connection, call, 50_000)
        row = await reserve(connection, prompt_nanos=[1, 1], token_nanos=[0, 0])
        assert (row["decision"], row["reason"], row["session_left_nanos"]) == ("refused", "session_budget", 0)
        # The month has another half: a new session takes it, and then nothing does.
        call = uuid4()
        assert (await reserve(connection, session="s2", call_id=call, **exact))["decision"] == "allowed"
        await settle(connection, call, 50_000)
        row = await reserve(connection, session="s3", prompt_nanos=[1, 1], token_nanos=[0, 0])
        assert (row["decision"], row["reason"]) == ("refused", "month_budget")
        await check_books(connection)

    run(ledger_url, test)


def test_the_answer_is_clamped_to_what_is_left(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        row = await reserve(connection, max_tokens=[10_000, 10_000])
        # (50,000 of the session - 1,000 for the prompt) / 100 a token
        assert (row["max_tokens"], row["held_nanos"]) == (490, 50_000)
        row = await reserve(connection, session="s2", max_tokens=[10_000, 10_000], choices=4, token_nanos=[400, 40])
        assert (row["max_tokens"], row["held_nanos"]) == (122, 1_000 + 122 * 400)

    run(ledger_url, test)


def test_money_that_others_hold_is_waited_for_and_then_refused(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        first = uuid4()
        await reserve(connection, call_id=first, max_tokens=[10_000, 10_000])
        assert (await reserve(connection, final=False))["decision"] == "wait"
        assert await connection.fetchval("SELECT count(*) FROM ledger.refusals") == 0
        row = await reserve(connection)
        assert (row["decision"], row["reason"]) == ("refused", "budget_held")
        await settle(connection, first, 1_000)
        assert (await reserve(connection))["decision"] == "allowed"
        await check_books(connection)

    run(ledger_url, test)


def test_the_session_of_another_customer_is_another_session(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        for customer in ("acme", "bigco"):
            row = await reserve(connection, customer=customer, max_tokens=[10_000, 10_000])
            assert row["held_nanos"] == 50_000
        await check_books(connection)

    run(ledger_url, test)


def test_thresholds_are_crossed_once_each(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        await spend(connection, 49_999)
        assert await connection.fetchval("SELECT count(*) FROM ledger.crossings") == 0
        call = uuid4()
        await reserve(connection, call_id=call)
        assert (await settle(connection, call, 1))["crossed"] == [50]
        await spend(connection, 30_000)
        await spend(connection, 1_000)
        call = uuid4()
        await reserve(connection, call_id=call, prompt_nanos=[14_000, 14_000], token_nanos=[0, 0])
        assert (await settle(connection, call, 14_000))["crossed"] == [95]
        rows = await connection.fetch("SELECT percent, action FROM ledger.crossings ORDER BY percent")
        assert [tuple(row) for row in rows] == [(50, "log"), (80, "notify"), (95, "degrade")]

    run(ledger_url, test)


def test_from_the_degrade_threshold_on_calls_take_the_cheaper_plan(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        await spend(connection, 94_999)
        assert (await reserve(connection, prompt_nanos=[1, 1], token_nanos=[0, 0]))["decision"] == "allowed"
        # That one holds the nano-dollar that was missing: held money counts too.
        row = await reserve(connection)
        assert (row["decision"], row["plan"], row["held_nanos"]) == ("degraded", 2, 600)
        assert row["crossed"] == [95]
        assert (await reserve(connection))["crossed"] == []
        assert await connection.fetchval("SELECT count(*) FROM ledger.calls WHERE route = 'economy'") == 2
        # A plan that is cheaper than the cheaper one is kept.
        row = await reserve(connection, prompt_nanos=[50, 100], token_nanos=[5, 10])
        assert (row["decision"], row["plan"]) == ("allowed", 1)

    run(ledger_url, test)


def test_a_call_that_the_month_cannot_pay_is_degraded_before_it_is_blocked(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        await spend(connection, 90_000)
        expensive = {"prompt_nanos": [20_000, 2_000], "token_nanos": [100, 10]}
        assert (await reserve(connection, **expensive))["decision"] == "degraded"
        blocked = {"prompt_nanos": [20_000, 12_000], "token_nanos": [100, 10]}
        row = await reserve(connection, session="s2", **blocked)
        assert (row["decision"], row["reason"]) == ("refused", "month_budget")
        # The spending had crossed 50 and 80 %, the degraded call 95 %: what is new is the block.
        assert row["crossed"] == [100]
        assert (await reserve(connection, session="s2", **blocked))["crossed"] == []

    run(ledger_url, test)


def test_a_session_has_so_many_calls(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        cheap = {"prompt_nanos": [1, 1], "token_nanos": [0, 0], "session_calls": 3}
        calls = [uuid4() for _ in range(3)]
        for call in calls:
            assert (await reserve(connection, call_id=call, **cheap))["decision"] == "allowed"
        assert (await reserve(connection, **cheap))["reason"] == "session_calls"
        # One that never reached a provider does not count as a call.
        await settle(connection, calls[0], 0, state="voided", outcome="failure")
        assert (await reserve(connection, **cheap))["decision"] == "allowed"
        assert (await reserve(connection, **cheap))["reason"] == "session_calls"

    run(ledger_url, test)


def test_tokens_a_minute_slide(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
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

    run(ledger_url, test)


def test_a_conversation_is_counted_by_the_tokens_it_has_shown(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
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

    run(ledger_url, test)


def test_no_answer_is_longer_than_a_minutes_tokens(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        row = await reserve(
            connection,
            prompt_tokens=300,
            tokens_per_minute=1_000,
            prompt_nanos=[1, 1],
            token_nanos=[0, 0],
            max_tokens=[9_999, 9_999],
        )
        assert (row["decision"], row["max_tokens"]) == ("allowed", 900)

    run(ledger_url, test)


def test_a_call_is_paid_from_the_month_in_which_it_began(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        await set_clock(connection, "2026-11-30 23:59:59.999Z")
        old, new = uuid4(), uuid4()
        await reserve(connection, call_id=old)
        await set_clock(connection, "2026-12-01 00:00:00Z")
        await reserve(connection, call_id=new)
        await settle(connection, old, 1_000)
        await settle(connection, new, 2_000)
        rows = await connection.fetch("SELECT month::text, spent_nanos FROM ledger.customer_months ORDER BY month")
        assert [tuple(row) for row in rows] == [("2026-11-01", 1_000), ("2026-12-01", 2_000)]
        assert await connection.fetchval("SELECT spent_nanos FROM ledger.sessions") == 3_000
        await check_books(connection)

    run(ledger_url, test)


def test_a_session_that_begins_at_midnight_has_one_cap(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        other = await asyncpg.connect(ledger_url)
        try:
            expensive = {"prompt_nanos": [30_000, 30_000], "token_nanos": [0, 0]}
            await set_clock(connection, "2026-11-30 23:59:59.999Z")
            november = other.transaction()
            await november.start()
            assert (await reserve(other, **expensive))["held_nanos"] == 30_000
            await set_clock(connection, "2026-12-01 00:00:00Z")
            december = asyncio.create_task(reserve(connection, **expensive))
            await asyncio.sleep(0.3)
            await november.commit()
            assert (await december)["reason"] == "budget_held"
            await check_books(connection)
        finally:
            await other.close()

    run(ledger_url, test)


def test_a_hold_that_is_left_behind_is_charged(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        calls = [uuid4() for _ in range(3)]
        await set_clock(connection, "2026-11-30 23:58:00Z")
        await reserve(connection, call_id=calls[0])
        await reserve(connection, customer="bigco", call_id=calls[1])
        await set_clock(connection, "2026-12-01 00:02:59Z")
        await reserve(connection, call_id=calls[2])
        assert await expire(connection) == []
        await set_clock(connection, "2026-12-01 00:03:01Z")
        expired = await expire(connection)
        assert {row["call_id"] for row in expired} == set(calls[:2])
        assert {row["held_nanos"] for row in expired} == {6_000}
        states = await connection.fetch("SELECT state, outcome, cost_nanos FROM ledger.calls ORDER BY reserved_at")
        assert [tuple(row) for row in states][:2] == [("posted", "expired", 6_000)] * 2
        await check_books(connection)

    run(ledger_url, test)


def test_a_late_settlement_corrects_what_a_lease_charged(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        late, void = uuid4(), uuid4()
        for call in (late, void):
            await reserve(connection, call_id=call, lease_seconds=0)
        assert len(await expire(connection)) == 2
        corrected = await settle(connection, late, 2_500)
        assert (corrected["settled"], corrected["held_nanos"], corrected["spent_nanos"]) == (True, 6_000, 8_500)
        # Once: the second is the same news again.
        assert not (await settle(connection, late, 9_999))["settled"]
        assert (await settle(connection, void, 0, state="voided", outcome="failure"))["spent_nanos"] == 2_500
        assert await connection.fetchval("SELECT calls FROM ledger.sessions") == 1
        await check_books(connection)

    run(ledger_url, test)


def test_a_clock_that_is_set_back_blocks_nothing(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        limits = {"tokens_per_minute": 1_000, "prompt_nanos": [1, 1], "token_nanos": [0, 0], "max_tokens": [100, 100]}
        await set_clock(connection, "2026-11-10 11:00:00Z")
        settled, left = uuid4(), uuid4()
        await reserve(connection, call_id=settled, prompt_tokens=800, **limits)
        await settle(connection, settled, 1, prompt=800, completion=100)
        await reserve(connection, call_id=left, session="s2", **limits)
        await set_clock(connection, "2026-11-10 10:00:00Z")
        assert (await reserve(connection, prompt_tokens=800, **limits))["decision"] == "allowed"
        # The hold of a gateway that died does not wait an hour for its lease.
        assert [row["call_id"] for row in await expire(connection)] == [left]
        await check_books(connection)

    run(ledger_url, test)


def test_a_clock_that_is_set_forward_charges_nothing_for_good(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        await set_clock(connection, "2026-11-10 10:00:00Z")
        calls = [uuid4() for _ in range(5)]
        for call in calls:
            await reserve(connection, call_id=call)
        await set_clock(connection, "2026-11-10 12:00:00Z")
        assert len(await expire(connection)) == 5
        for call in calls:
            assert (await settle(connection, call, 300))["settled"]
        assert await connection.fetchval("SELECT spent_nanos FROM ledger.customer_months") == 1_500
        await check_books(connection)

    run(ledger_url, test)


def test_a_threshold_is_reported_again_in_a_larger_budget(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        async def use(nanos: int) -> list[int]:
            call = uuid4()
            await reserve(
                connection, call_id=call, prompt_nanos=[nanos, nanos], token_nanos=[0, 0], session_cap=10**9
            )
            return list((await settle(connection, call, nanos))["crossed"])

        assert await use(50_000) == [50]
        await connection.execute("UPDATE ledger.customers SET tier = 'tier_2' WHERE customer_id = 'acme'")
        assert await use(49_999) == []
        assert await use(1) == [50]
        assert await use(1) == []

    run(ledger_url, test)


def test_two_configurations_on_one_ledger_keep_their_own_thresholds(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        old, new = uuid4(), uuid4()
        own = {"percents": [10, 95], "actions": ["notify", "degrade"], "caps": [10_000_000] * 3}
        free = {"prompt_nanos": [55_000] * 2, "token_nanos": [0, 0], "session_cap": 10**9}
        await reserve(connection, call_id=old, lease_seconds=0, **free)
        await reserve(connection, call_id=new, lease_seconds=0, session="s2", **free, **own)
        # The sweeper's configuration is that of one of them; each call is judged by the one that reserved it.
        crossed = {row["call_id"]: row["crossed"] for row in await expire(connection)}
        assert crossed == {old: [50], new: []} or crossed == {old: [50, 80, 95, 100], new: []}
        caps = await connection.fetch("SELECT DISTINCT cap_nanos FROM ledger.crossings")
        assert [row["cap_nanos"] for row in caps] == [100_000]

    run(ledger_url, test)


def test_a_hold_grows_only_within_the_budgets(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        call = uuid4()
        await reserve(connection, call_id=call)
        assert await extend(connection, call, 44_000)
        assert not await extend(connection, call, 1)
        await check_books(connection)
        assert (await settle(connection, call, 50_000))["held_nanos"] == 50_000
        assert not await extend(connection, call, 0)
        await check_books(connection)

    run(ledger_url, test)


def test_the_guards_role_has_the_functions_and_no_table(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        rights = await connection.fetchval(
            "SELECT count(*) FROM information_schema.table_privileges WHERE grantee = 'ledger_guard'"
        )
        assert rights == 0
        reader = await connection.fetch(
            "SELECT column_name FROM information_schema.column_privileges "
            "WHERE grantee = 'ledger_reader' AND table_name = 'customers' AND privilege_type = 'SELECT'"
        )
        assert "key_hash" not in {row["column_name"] for row in reader} and len(reader) == 6
        callable_by = await connection.fetch(
            "SELECT p.proname, r.rolname FROM pg_proc p, pg_roles r WHERE p.pronamespace = 'ledger'::regnamespace "
            "AND r.rolname LIKE 'ledger\\_%' AND r.rolname <> 'ledger_owner' "
            "AND has_function_privilege(r.oid, p.oid, 'EXECUTE')"
        )
        others = {row["proname"] for row in callable_by if row["rolname"] not in ("ledger_guard", "ledger_admin")}
        assert others == {
            "clock",
            "month_of",
            "daily_spend",
            "day_of",
            "hour_of",
            "fleet_used",
            "anchor_in",
            "period_of",
            "plan_budget",
        }
        admin = {row["proname"] for row in callable_by if row["rolname"] == "ledger_admin"}
        assert admin == {*others, "anonymise", "take_events", "set_anchor"}
        guard = {row["proname"] for row in callable_by if row["rolname"] == "ledger_guard"}
        assert guard == {"clock", "month_of", "reserve", "extend", "settle", "expire_holds", "file_calls"}

    run(ledger_url, test)


@pytest.mark.parametrize("seed", range(4))
def test_no_interleaving_spends_over_a_cap(ledger_url: str, seed: int) -> None:
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

    async def test(connection: asyncpg.Connection) -> None:
        dice = random.Random(seed)
        async with asyncpg.create_pool(ledger_url, min_size=13, max_size=13) as pool:
            done = asyncio.Event()
            watcher = asyncio.create_task(watch(pool, done))
            made = await asyncio.gather(*(client(pool, random.Random(dice.random())) for _ in range(12)))
            done.set()
            assert await watcher > 0
        assert sum(made) > 50
        assert await connection.fetchval("SELECT count(*) FROM ledger.filed_calls") > 50
        await check_books(connection)
        over = await connection.fetchval(
            "SELECT count(*) FROM (SELECT 1 FROM ledger.crossings GROUP BY customer_id, month, percent HAVING count(*) > 1) c"
        )
        assert over == 0

    run(ledger_url, test)


def test_what_does_not_fit_by_its_bytes_is_counted_before_anything_is_written(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        # Fits as it was asked for.
        call = uuid4()
        assert (await reserve(connection, call_id=call, countable=True))["decision"] == "allowed"
        await settle(connection, call, 0)
        short: list[dict[str, Any]] = [
            # The session has less than the prompt, or less than the whole answer; so has the month; and the minute.
            {"prompt_nanos": [50_000, 100]},
            {"prompt_nanos": [46_000, 100]},
            {"prompt_nanos": [100_000, 100_000], "session_cap": 10**9},
            {"prompt_tokens": 49_990},
        ]
        for changes in short:
            before = await connection.fetch("SELECT * FROM ledger.calls")
            for final in (False, True):
                row = await reserve(connection, countable=True, final=final, **changes)
                assert (row["decision"], list(row["crossed"])) == ("count", []), changes
            assert await connection.fetch("SELECT * FROM ledger.calls") == before
            assert await connection.fetchval("SELECT count(*) FROM ledger.refusals") == 0
        # A count changes nothing about the number of calls, nor about the month's threshold.
        assert (await reserve(connection, countable=True, session_calls=0))["reason"] == "session_calls"
        await spend(connection, 95_000)
        assert (await reserve(connection, countable=True, session="s2"))["decision"] == "degraded"

    run(ledger_url, test)


def test_a_counted_prompt_is_counted_as_such_in_its_minute(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        free: dict[str, Any] = {"prompt_nanos": [0, 0], "token_nanos": [0, 0], "max_tokens": [1_000, 1_000]}
        first = uuid4()
        assert (await reserve(connection, call_id=first, prompt_tokens=80_000, **free))["decision"] == "allowed"
        await settle(connection, first, 0, prompt=20_000, completion=0)
        # By the ratio of that call, a bound of 80,000 bytes is taken for 20,000 tokens; a count is taken as it is.
        assert (await reserve(connection, prompt_tokens=29_001, exact=True, **free))["reason"] == "tokens_per_minute"
        assert (await reserve(connection, prompt_tokens=29_000, exact=True, **free))["decision"] == "allowed"

    run(ledger_url, test)


def test_what_the_provider_read_from_its_cache_does_not_count_in_the_minute(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        free: dict[str, Any] = {"prompt_nanos": [0, 0], "token_nanos": [0, 0], "exact": True}
        for _ in range(3):
            call = uuid4()
            assert (await reserve(connection, call_id=call, prompt_tokens=40_000, **free))["decision"] == "allowed"
            await settle(connection, call, 0, prompt=40_000, cached=39_000, completion=50)
        call = uuid4()
        assert (await reserve(connection, call_id=call, prompt_tokens=40_000, **free))["decision"] == "allowed"
        await settle(connection, call, 0, prompt=40_000, completion=50)
        assert (await reserve(connection, prompt_tokens=40_000, **free))["reason"] == "tokens_per_minute"

    run(ledger_url, test)


def test_the_last_of_a_session_goes_to_the_cheaper_route_and_crosses_nothing(ledger_url: str) -> None:
    async def test(connection: asyncpg.Connection) -> None:
        spent = uuid4()
        whole = {"prompt_nanos": [48_000, 4_800], "token_nanos": [0, 0]}
        await reserve(connection, call_id=spent, **whole)
        await settle(connection, spent, 48_000)
        # 2,000 are left: too little for 1,000 + 16 * 100, enough for the cheaper 100 + 50 * 10.
        row = await reserve(connection, prompt_nanos=[1_000, 100], token_nanos=[100, 10])
        assert (row["decision"], row["reason"], row["max_tokens"]) == ("degraded", "session_budget", 50)
        assert list(row["crossed"]) == []
        assert await connection.fetchval("SELECT count(*) FROM ledger.crossings WHERE percent > 50") == 0
        row = await reserve(connection, prompt_nanos=[2_000, 2_000])
        assert (row["decision"], row["reason"]) == ("refused", "session_budget")
        await check_books(connection)

    run(ledger_url, test)
