"""What LiteLLM's config.yaml names: ``guard`` and ``generations`` (callbacks), ``authenticate`` (custom_auth).

Importing this module puts the gate before LiteLLM's application. Should that ever fail to take effect, ``authenticate``
lets no request in, for it accepts only what has passed the gate.
"""

from __future__ import annotations

import asyncio
import os
import secrets

from fastapi import HTTPException, Request
from litellm.proxy._types import UserAPIKeyAuth
from litellm.proxy.proxy_server import app

from . import config as configuration
from . import lean
from .admission import Admission, ledger_unavailable
from .call import current_call
from .counting import Counting
from .first_values import publish_first_values
from .gate import Gate
from .generations import Generations
from .hooks import Hooks
from .keys import keys_of_the_environment
from .ledger import Ledger
from .ledger_access import LedgerAccess
from .meter import litellm_seams
from .meter.endings import Ending
from .meter.providers import from_environment
from .meter.transport import Meter
from .metrics import ATTEMPTS
from .settling import Settler
from .sweep import sweep_forever
from .traces import TraceEvents

_REQUIRED = (
    "TOLLGATE_LEDGER_URL",
    "TOLLGATE_GUARD_CONFIG",
    "LANGFUSE_HOST",
    "LANGFUSE_PUBLIC_KEY",
    "LANGFUSE_SECRET_KEY",
)

# Cloud Run kills an instance ten seconds after it asked it to end.

_background: list[asyncio.Task[None]] = []


def _check_environment() -> None:
    missing = [name for name in _REQUIRED if not os.environ.get(name)]
    if missing:
        # A line each: LiteLLM's logs take "KEY: text" for a secret and blot it out.
        lines = "\n".join(f"  {name}" for name in missing)
        raise SystemExit(
            f"The gateway's environment lacks these variables (docs/interfaces.md says what they are):\n{lines}"
        )


def _install() -> tuple[Hooks, Generations, Gate]:
    config = configuration.load()
    meter = Meter(config, from_environment())
    meter.install()
    lean.install()
    litellm_seams.install(config.routes.keys() - config.models.keys())
    for model in config.models.values():
        for ending in Ending:
            # A counter that begins at its first event loses that to `increase()`.
            ATTEMPTS.labels(model.provider, model.name, ending.value)
    counting = Counting(meter.count)
    ledger = Ledger(config)
    access = LedgerAccess(ledger)
    settler = Settler(access, config.hold_lease)
    admission = Admission(access, config, settler.void, counting)
    access.lost = lambda: admission.lanes.refuse_all(ledger_unavailable)
    inner = app.middleware_stack or app.build_middleware_stack()
    publish_first_values(config)
    traces = TraceEvents()
    flushes = [traces.flush]
    spans = None
    if tempo := os.environ.get("TEMPO_URL"):
        # Only here: what has no Tempo does not load it.
        from .spans import Spans

        spans = Spans.to_tempo(tempo)
        spans.watch(admission, settler)
        inner = spans.step("litellm", inner)
        flushes.append(spans.flush)
    litellm_seams.before_shutdown(flushes)
    gate = Gate(inner, config, access, admission, settler, traces, keys_of_the_environment(config), counting)
    # LiteLLM imports its callbacks while it starts, when Starlette takes no more middleware: so around all of it.
    app.middleware_stack = spans.around(gate) if spans else gate
    # LiteLLM reads its configuration in the server's event loop.
    _background.append(asyncio.get_running_loop().create_task(_work(ledger, access, gate)))
    return Hooks(config), Generations(traces), gate


async def _work(ledger: Ledger, access: LedgerAccess, gate: Gate) -> None:
    await ledger.open()
    await gate.warm_up()
    await sweep_forever(access)


_check_environment()
# LiteLLM requires a master key; one that is generated at each start and stored nowhere cannot leak.
os.environ["LITELLM_MASTER_KEY"] = f"sk-{secrets.token_hex(32)}"
guard, generations, _gate = _install()


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:
    """The gate's own key, on a request that has passed it; everything else is closed."""
    if current_call.get() is None or not _gate.is_from_here(request.headers.get("authorization", "").encode()):
        raise HTTPException(status_code=401, detail="The gateway is closed to this request")
    return UserAPIKeyAuth(api_key="agent", user_id="agent", models=[])
