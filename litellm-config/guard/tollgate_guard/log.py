"""Structured log lines on standard output, one JSON object each. Never a prompt, an answer or a key."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import Any

from .identity import Identity

_SERVICE = "gateway"


def log(level: str, event: str, message: str, **fields: Any) -> None:
    """Writes a line; fields that are None are left out."""
    line = {
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": level,
        "service": _SERVICE,
        "event": event,
        "message": message,
        **{key: value for key, value in fields.items() if value is not None},
    }
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


def tags(identity: Identity, tier: str | None, model: str | None) -> dict[str, Any]:
    """The eight tags of a call, and its trace, under their names everywhere."""
    return {
        "customer_id": identity.customer_id,
        "plan_tier": tier,
        "session_id": identity.session_id,
        "query_type": identity.query_type,
        "model_used": model,
        "gcp_project": identity.gcp_project,
        "tools_invoked": list(identity.tools_invoked),
        "environment": identity.environment,
        "trace_id": identity.trace_id,
    }
