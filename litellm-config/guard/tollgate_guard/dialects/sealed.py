"""An answer's reasoning on its way to its model and back, as the ``encrypted_content`` of a reasoning item."""

from __future__ import annotations

import base64
import json

from .dialect import Json

_FIELDS = ("thinking_blocks", "provider_specific_fields", "reasoning_content")


def seal(message: Json) -> str | None:
    """What an answer's reasoning needs to go back; None where nothing of it is signed."""
    kept = {key: message[key] for key in _FIELDS if message.get(key)}
    signed = kept.get("thinking_blocks") or (kept.get("provider_specific_fields") or {}).get("thought_signatures")
    return base64.b64encode(json.dumps(kept).encode()).decode() if signed else None


def unseal(sealed: object) -> Json:
    """What ``seal`` has kept; nothing of what another gateway sealed."""
    try:
        kept = json.loads(base64.b64decode(str(sealed or ""), validate=True))
    except ValueError:
        return {}
    return {key: kept[key] for key in _FIELDS if key in kept} if isinstance(kept, dict) else {}
