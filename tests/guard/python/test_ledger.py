"""The ledger's functions against a real Postgres."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from ledger_calls import check_books, expire, extend, on_ledger, reserve, settle


async def spend(connection: asyncpg.Connection, nanos: int, session: str = "old") -> None:
    """Spends so much of acme's month, in a session with no cap of its own."""
    call = uuid4()
    row = await reserve(
        connection, session=session, call_id=call, prompt_nanos=[nanos, nanos], token_nanos=[0, 0], session_cap=10**9
    )
    assert row["decision"] != "refused", row
    assert (await settle(connection, call, nanos))["settled"]


@on_ledger
async def test_a_call_holds_its_bound_and_is_settled_once(connection: asyncpg.Connection) -> None:
    call = uuid4()
    row = await reserve(connection, call_id=call)
    assert (row["decision"], row["reason"], row["tier"], row["plan"]) == ("allowed", "ok", "tier_1", 1)
    assert (row["max_tokens"], row["held_nanos"]) == (50, 6_000)
    assert (row["month_left_nanos"], row["session_left_nanos"]) == (94_000, 44_000)
    first = await settle(connection, call, 2_500)
    assert (first["settled"], first["held_nanos"], first["spent_nanos"]) == (True, 6_000, 2_500)
    assert not (await settle(connection, call, 2_500))["settled"]
    await check_books(connection)


@pytest.mark.parametrize(
    "wrong", [{"state": "pending"}, {"outcome": "lost"}, {"cost": -1}, {"state": "voided", "outcome": "failure"}]
)
@on_ledger
async def test_a_settlement_that_makes_no_sense_is_refused_and_changes_nothing(
    connection: asyncpg.Connection, wrong: dict[str, Any]
) -> None:
    call = uuid4()
    await reserve(connection, call_id=call)
    with pytest.raises(asyncpg.CheckViolationError, match=str(call)):
        await settle(connection, call, **{"cost": 5, **wrong})
    assert await connection.fetchval("SELECT state FROM ledger.calls") == "pending"
    await check_books(connection)


@on_ledger
async def test_customers_are_known_by_the_ledger_alone(connection: asyncpg.Connection) -> None:
    row = await reserve(connection, customer="nobody")
    assert (row["decision"], row["reason"]) == ("refused", "unknown_customer")
    await connection.execute("UPDATE ledger.customers SET disabled_at = now() WHERE customer_id = 'bigco'")
    assert (await reserve(connection, customer="bigco"))["reason"] == "unknown_customer"
    assert await connection.fetchval("SELECT count(*) FROM ledger.refusals") == 0


@on_ledger
async def test_the_last_nano_dollar_can_be_spent_and_not_one_more(connection: asyncpg.Connection) -> None:
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


@on_ledger
async def test_the_answer_is_clamped_to_what_is_left(connection: asyncpg.Connection) -> None:
    row = await reserve(connection, max_tokens=[10_000, 10_000])
    # (50,000 of the session - 1,000 for the prompt) / 100 a token
    assert (row["max_tokens"], row["held_nanos"]) == (490, 50_000)
    row = await reserve(connection, session="s2", max_tokens=[10_000, 10_000], choices=4, token_nanos=[400, 40])
    assert (row["max_tokens"], row["held_nanos"]) == (122, 1_000 + 122 * 400)


@on_ledger
async def test_money_that_others_hold_is_waited_for_and_then_refused(connection: asyncpg.Connection) -> None:
    first = uuid4()
    await reserve(connection, call_id=first, max_tokens=[10_000, 10_000])
    assert (await reserve(connection, final=False))["decision"] == "wait"
    assert await connection.fetchval("SELECT count(*) FROM ledger.refusals") == 0
    row = await reserve(connection)
    assert (row["decision"], row["reason"]) == ("refused", "budget_held")
    await settle(connection, first, 1_000)
    assert (await reserve(connection))["decision"] == "allowed"
    await check_books(connection)


@on_ledger
async def test_the_session_of_another_customer_is_another_session(connection: asyncpg.Connection) -> None:
    for customer in ("acme", "bigco"):
        row = await reserve(connection, customer=customer, max_tokens=[10_000, 10_000])
        assert row["held_nanos"] == 50_000
    await check_books(connection)


@on_ledger
async def test_thresholds_are_crossed_once_each(connection: asyncpg.Connection) -> None:
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


@on_ledger
async def test_from_the_degrade_threshold_on_calls_take_the_cheaper_plan(connection: asyncpg.Connection) -> None:
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


@on_ledger
async def test_a_call_that_the_month_cannot_pay_is_degraded_before_it_is_blocked(
    connection: asyncpg.Connection,
) -> None:
    await spend(connection, 90_000)
    expensive = {"prompt_nanos": [20_000, 2_000], "token_nanos": [100, 10]}
    assert (await reserve(connection, **expensive))["decision"] == "degraded"
    blocked = {"prompt_nanos": [20_000, 12_000], "token_nanos": [100, 10]}
    row = await reserve(connection, session="s2", **blocked)
    assert (row["decision"], row["reason"]) == ("refused", "month_budget")
    # The spending had crossed 50 and 80 %, the degraded call 95 %: what is new is the block.
    assert row["crossed"] == [100]
    assert (await reserve(connection, session="s2", **blocked))["crossed"] == []


@on_ledger
async def test_a_session_has_so_many_calls(connection: asyncpg.Connection) -> None:
    cheap = {"prompt_nanos": [1, 1], "token_nanos": [0, 0], "session_calls": 3}
    calls = [uuid4() for _ in range(3)]
    for call in calls:
        assert (await reserve(connection, call_id=call, **cheap))["decision"] == "allowed"
    assert (await reserve(connection, **cheap))["reason"] == "session_calls"
    # One that never reached a provider does not count as a call.
    await settle(connection, calls[0], 0, state="voided", outcome="failure")
    assert (await reserve(connection, **cheap))["decision"] == "allowed"
    assert (await reserve(connection, **cheap))["reason"] == "session_calls"


@on_ledger
async def test_a_threshold_is_reported_again_in_a_larger_budget(connection: asyncpg.Connection) -> None:
    async def use(nanos: int) -> list[int]:
        call = uuid4()
        await reserve(connection, call_id=call, prompt_nanos=[nanos, nanos], token_nanos=[0, 0], session_cap=10**9)
        return list((await settle(connection, call, nanos))["crossed"])

    assert await use(50_000) == [50]
    await connection.execute("UPDATE ledger.customers SET tier = 'tier_2' WHERE customer_id = 'acme'")
    assert await use(49_999) == []
    assert await use(1) == [50]
    assert await use(1) == []


@on_ledger
async def test_two_configurations_on_one_ledger_keep_their_own_thresholds(connection: asyncpg.Connection) -> None:
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


@on_ledger
async def test_a_hold_grows_only_within_the_budgets(connection: asyncpg.Connection) -> None:
    call = uuid4()
    await reserve(connection, call_id=call)
    assert await extend(connection, call, 44_000)
    assert not await extend(connection, call, 1)
    await check_books(connection)
    assert (await settle(connection, call, 50_000))["held_nanos"] == 50_000
    assert not await extend(connection, call, 0)
    await check_books(connection)


@on_ledger
async def test_the_guards_role_has_the_functions_and_no_table(connection: asyncpg.Connection) -> None:
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


@on_ledger
async def test_what_does_not_fit_by_its_bytes_is_counted_before_anything_is_written(
    connection: asyncpg.Connection,
) -> None:
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


@on_ledger
async def test_the_last_of_a_session_goes_to_the_cheaper_route_and_crosses_nothing(
    connection: asyncpg.Connection,
) -> None:
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


@on_ledger
async def test_no_plan_is_compiled(connection: asyncpg.Connection) -> None:
    """The Postgres of the tests cannot compile; one that can takes 0.8 s for a reservation whose plan has the cost of a forbidden scan."""
    assert await connection.fetchval("SHOW jit") == "off"
    compiling = await connection.fetch(
        "SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace "
        "AND 'enable_seqscan=off' = ANY (proconfig) AND NOT 'jit=off' = ANY (proconfig)"
    )
    assert compiling == []
