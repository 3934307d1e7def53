"""The guard's own tests. They need ``TOLLGATE_TEST_LEDGER_URL`` (an empty database ``ledger``, as its owner) and LiteLLM's venv."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "litellm-config" / "guard"))

# LiteLLM's pauses between tries, which it reads when it is imported.
os.environ.update(INITIAL_RETRY_DELAY="0.01", JITTER="0.01", LITELLM_LOCAL_MODEL_COST_MAP="True")

from tollgate_guard.config import Config, parse  # noqa: E402
from tollgate_guard.migrate import migrate, write_tiers  # noqa: E402

GUARD_JSON = REPOSITORY / "generated" / "gateway" / "guard.json"


@pytest.fixture(scope="session")
def config() -> Config:
    return parse(json.loads(GUARD_JSON.read_text("utf-8")))


@pytest.fixture(scope="session")
def ledger_url() -> str:
    return os.environ["TOLLGATE_TEST_LEDGER_URL"]


@asynccontextmanager
async def fresh_ledger(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the ledger, migrated and empty but for its tiers."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("DROP SCHEMA IF EXISTS ledger CASCADE")
        await migrate(connection)
        await write_tiers(connection, json.loads(GUARD_JSON.read_text("utf-8"))["tiers"])
        yield connection
    finally:
        await connection.close()


async def add_customer(connection: asyncpg.Connection, customer_id: str, tier: str = "tier_1") -> None:
    await connection.execute(
        "INSERT INTO ledger.customers (customer_id, name, tier) VALUES ($1, $1, $2)", customer_id, tier
    )


LedgerTest = Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]


def with_ledger(prepare: Callable[[asyncpg.Connection], Awaitable[None]]) -> LedgerTest:
    """Runs an async test on a fresh ledger, whose connection is its argument ``connection``.

    prepare: what comes before each test.
    """

    def decorate(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        wanted = inspect.signature(test).parameters

        def run(ledger_url: str, **arguments: Any) -> None:
            async def main() -> None:
                async with fresh_ledger(ledger_url) as connection:
                    await prepare(connection)
                    known = {"connection": connection, "ledger_url": ledger_url, **arguments}
                    await test(**{name: known[name] for name in wanted})

            asyncio.run(main())

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        own = [each for name, each in wanted.items() if name not in ("connection", "ledger_url")]
        ledger = inspect.Parameter("ledger_url", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        run.__signature__ = inspect.Signature([ledger, *own])  # type: ignore[attr-defined]
        return run

    return decorate


Reserve = Callable[..., Coroutine[Any, Any, asyncpg.Record]]


@pytest.fixture(scope="session")
def gateway(ledger_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """LiteLLM with the guard, once for all tests of a run."""
    from metered_gateway import MeteredGateway

    running = MeteredGateway(ledger_url, tmp_path_factory.mktemp("gateway"))
    running.start()
    yield running
    running.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the running gateway come last: the others empty its ledger."""
    items.sort(key=lambda item: "gateway" in getattr(item, "fixturenames", ()))
