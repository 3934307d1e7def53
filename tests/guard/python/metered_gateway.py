"""The gateway in this process: the real LiteLLM with the rendered production configuration, the guard, and a real ledger."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import httpx
import yaml
from prometheus_client import REGISTRY

from conftest import GUARD_JSON, REPOSITORY, fresh_ledger
from wire_provider import WireProvider

T = TypeVar("T")

AGENT_KEY = "an-agent-key-for-tests"
KEYS = {"anthropic": "anthropic-secret", "vertex": "vertex-secret", "openai": "hosted-secret"}
# A model of each wire. The definitions have no self-hosted model, so the test's configuration has one more.
MODELS = {"openai": "hosted-model", "anthropic": "claude-sonnet-5-5", "vertex": "gemini-3.1-pro-preview"}
_PORT = int(os.environ.get("TOLLGATE_TEST_PORTS", "21000")) + 70


def guard_config() -> dict[str, Any]:
    """The rendered guard.json, with a self-hosted model and a route to it."""
    data: dict[str, Any] = json.loads(GUARD_JSON.read_text("utf-8"))
    data["models"]["hosted-model"] = {
        **data["models"]["claude-sonnet-5-5"],
        "provider": "self_hosted",
        "prompt_cache": None,
    }
    data["models"]["hosted-embedding"] = {
        **data["models"]["gemini-embedding-001"],
        "provider": "self_hosted",
        "input_nanos": 20,
    }
    data["routes"]["hosted"] = {
        "variants": ["hosted-model"],
        "fallbacks": ["claude-haiku-4-5"],
        "default_max_tokens": 500,
    }
    return data


def litellm_config() -> dict[str, Any]:
    """The rendered config.yaml with the same addition, without Langfuse, and with a cache in memory."""
    config: dict[str, Any] = yaml.safe_load((REPOSITORY / "generated/gateway/config.yaml").read_text("utf-8"))
    for group, model in (
        ("hosted", "hosted-model"),
        ("hosted-model", "hosted-model"),
        ("hosted-embedding", "hosted-embedding"),
    ):
        config["model_list"].append(
            {
                "model_name": group,
                "litellm_params": {
                    "model": f"openai/{model}",
                    "api_base": "https://self-hosted.meter.invalid",
                    "api_key": "held-by-the-meter",
                    "max_retries": 0,
                },
                "model_info": {"id": f"{group}/{model}"},
            }
        )
    config["router_settings"]["fallbacks"].append({"hosted": ["claude-haiku-4-5"]})
    config["router_settings"]["timeout"] = 1
    config["litellm_settings"]["request_timeout"] = 1
    config["litellm_settings"]["callbacks"].remove("tollgate_guard.plugin.generations")
    config["litellm_settings"]["cache_params"] = {"type": "local", "ttl": 600, "supported_call_types": ["acompletion"]}
    return config


@dataclass
class Answered:
    status: int
    headers: httpx.Headers
    text: str
    # The ledger's row of the call; None where it has none.
    row: dict[str, Any] | None
    # Endings of the call's attempts, as the metric counted them: {(model, ending): count}.
    endings: dict[tuple[str, str], int]
    asked: int

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class MeteredGateway:
    """Runs in its own event loop, in a thread: LiteLLM keeps clients for the loop that it began in."""

    def __init__(self, ledger_url: str, folder: Path) -> None:
        self.provider = WireProvider()
        self._ledger_url = ledger_url
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._sessions = 0

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 60) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def start(self) -> None:
        self._thread.start()
        self.run(self._start(), 300)

    def stop(self) -> None:
        self.run(self.provider.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def restart_provider(self) -> None:
        await self.provider.start(_PORT)

    async def _start(self) -> None:
        await self.provider.start(_PORT)
        guard, config = self._folder / "guard.json", self._folder / "config.yaml"
        guard.write_text(json.dumps(guard_config()), "utf-8")
        config.write_text(yaml.safe_dump(litellm_config()), "utf-8")
        os.environ.update(
            TOLLGATE_AGENT_KEY=AGENT_KEY,
            TOLLGATE_LEDGER_URL=self._ledger_url,
            TOLLGATE_GUARD_CONFIG=str(guard),
            LANGFUSE_HOST="http://127.0.0.1:9",
            LANGFUSE_PUBLIC_KEY="pk",
            LANGFUSE_SECRET_KEY="sk",
            TOLLGATE_ANTHROPIC_URL=self.provider.url,
            ANTHROPIC_API_KEY=KEYS["anthropic"],
            TOLLGATE_VERTEX_URL=self.provider.url,
            TOLLGATE_VERTEX_TOKEN=KEYS["vertex"],
            SELF_HOSTED_URL=self.provider.url,
            SELF_HOSTED_API_KEY=KEYS["openai"],
            VERTEXAI_PROJECT="a-project",
            VERTEXAI_LOCATION="global",
            LITELLM_LOCAL_MODEL_COST_MAP="True",
        )
        async with fresh_ledger(self._ledger_url) as connection:
            await connection.execute(
                "INSERT INTO ledger.customers (customer_id, name, tier) VALUES ('acme', 'acme', 'tier_3')"
            )
        from litellm.proxy import proxy_server

        await proxy_server.initialize(config=str(config), request_timeout=None)  # type: ignore[arg-type]
        self.app = proxy_server.app.middleware_stack
        # The gate's warm-up has LiteLLM import what its first requests need.
        while not self.app._warm:  # type: ignore[union-attr]
            await asyncio.sleep(0.05)

    @contextlib.contextmanager
    def cut_after(self, seconds: float | None) -> Iterator[None]:
        """Has the gateway cut calls after so many seconds, where a number is given."""
        config = self.app._config  # type: ignore[union-attr]
        if seconds is not None:
            margin = config.settle_margin
            self.app._config = replace(config, hold_lease=seconds + margin)  # type: ignore[union-attr]
        try:
            yield
        finally:
            self.app._config = config  # type: ignore[union-attr]

    def ask(
        self, model: str, reply: Any = None, *, session: str | None = None, metadata: Any = None, **body: Any
    ) -> Answered:
        """Sends a chat completion whose provider answers with ``reply`` (a Reply, or a function of what was asked)."""
        question = {"messages": [{"role": "user", "content": f"A question about {uuid4().hex}"}], "max_tokens": 100}
        return self.run(
            self._ask("/v1/chat/completions", model, reply, session, metadata or {}, {**question, **body})
        )

    def embed(self, model: str, texts: Any, reply: Any = None, *, session: str | None = None, **body: Any) -> Answered:
        """Sends a request for embeddings, as ``ask`` does a chat completion."""
        return self.run(self._ask("/v1/embeddings", model, reply, session, {}, {"input": texts, **body}))

    async def _ask(
        self, path: str, model: str, reply: Any, session: str | None, metadata: Any, body: dict[str, Any]
    ) -> Answered:
        if reply is not None:
            self.provider.answer = reply if callable(reply) else lambda asked: reply
        self.provider.asked.clear()
        before = _attempts()
        whole = {
            "model": model,
            "metadata": {
                "customer_id": "acme",
                "session_id": session or uuid4().hex,
                "query_type": "cost_analysis",
                **metadata,
            },
            **body,
        }
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://gateway") as client:
            response = await client.post(
                path, json=whole, headers={"authorization": f"Bearer {AGENT_KEY}"}, timeout=60
            )
        row = await self.row(response.headers.get("x-tollgate-call-id"))
        endings = {key: round(count - before.get(key, 0)) for key, count in _attempts().items()}
        return Answered(
            response.status_code,
            response.headers,
            response.text,
            row,
            {key: count for key, count in endings.items() if count},
            len(self.provider.asked),
        )

    async def row(self, call_id: str | None) -> dict[str, Any] | None:
        """The ledger's row of a call, once it is settled."""
        if call_id is None:
            return None
        connection = await asyncpg.connect(self._ledger_url)
        try:
            for _ in range(100):
                row = await connection.fetchrow("SELECT * FROM ledger.calls WHERE call_id = $1", call_id)
                if row is None or row["state"] != "pending":
                    return dict(row) if row else None
                await asyncio.sleep(0.02)
            raise AssertionError(f"{call_id} was not settled")
        finally:
            await connection.close()


def _attempts() -> dict[tuple[str, str], float]:
    return {
        (sample.labels["model"], sample.labels["ending"]): sample.value
        for metric in REGISTRY.collect()
        if metric.name == "tollgate_guard_attempts"
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
