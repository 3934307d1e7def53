"""Who a call is for: read from the request's ``metadata``, or from three headers, and from nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .refusals import Refusal, invalid

CUSTOMER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SESSION = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_TRACE = re.compile(r"[0-9a-f]{32}")
_SPAN = re.compile(r"[0-9a-f]{16}")
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MAX_TOOLS = 50

# For clients whose body has no place for metadata.
HEADERS = {
    "x-tollgate-customer": "customer_id",
    "x-tollgate-session": "session_id",
    "x-tollgate-query-type": "query_type",
}


@dataclass(frozen=True)
class Identity:
    """The tags that a request brings. The tier is not among them: the ledger knows it."""

    customer_id: str
    session_id: str
    query_type: str
    gcp_project: str | None
    tools_invoked: tuple[str, ...]
    environment: str
    trace_id: str | None
    parent_observation_id: str | None
    # Name and version of the prompt in Langfuse, where the agent took it from there.
    prompt: tuple[str, int] | None = None


def _text(
    metadata: dict[str, Any], key: str, pattern: re.Pattern[str], remedy: str, *, required: bool = False
) -> str | None:
    value = metadata.get(key)
    if value is None and not required:
        return None
    if value is None:
        raise Refusal("identity_missing", f"metadata.{key} is missing: {remedy}", field=f"metadata.{key}")
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise invalid(f"metadata.{key}", value, remedy, "identity_missing" if required else "invalid_request")
    return value


def _prompt(metadata: dict[str, Any]) -> tuple[str, int] | None:
    name = _text(metadata, "prompt_name", _WORD, "send the prompt's name in Langfuse")
    version = metadata.get("prompt_version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 1):
        raise invalid("metadata.prompt_version", version, "send the prompt's version number in Langfuse")
    return (name, version) if name is not None and version is not None else None


def identity_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """The identity's headers among a request's.

    Raises:
        Refusal: one is there twice.
    """
    found: dict[str, str] = {}
    for raw, value in headers:
        name = raw.decode("latin-1").lower()
        if name not in HEADERS:
            continue
        if name in found:
            raise Refusal("invalid_request", f"The header {name} is there twice: send it once", field=name)
        found[name] = value.decode("latin-1").strip()
    return found


def _with_headers(metadata: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The metadata with what the headers say. Where both name something, they must agree."""
    merged = dict(metadata)
    for name, key in HEADERS.items():
        value = headers.get(name)
        if value is None:
            continue
        if merged.get(key) not in (None, value):
            raise invalid(name, value, f"metadata.{key} is {merged[key]!r}: send one of the two, or the same in both")
        merged[key] = value
    return merged


def read_identity(
    metadata: object, query_types: Sequence[str], headers: Mapping[str, str], *, query_type: str | None = None
) -> Identity:
    """The identity in a request's metadata and headers. Keys of the metadata that are not known are ignored.

    Args:
        query_types: the kinds of query that the definitions know.
        headers: see ``identity_headers``.
        query_type: the kind of a request that names none; None: it must name one.

    Raises:
        Refusal: ``identity_missing`` or ``invalid_request``, with the field, its value and what to send.
    """
    if metadata is None and not headers:
        raise Refusal(
            "identity_missing",
            "metadata is missing: send an object with customer_id, session_id and query_type, "
            f"or the headers {', '.join(HEADERS)}",
            field="metadata",
        )
    if metadata is not None and not isinstance(metadata, dict):
        raise invalid(
            "metadata", metadata, "send an object with customer_id, session_id and query_type", "identity_missing"
        )
    metadata = _with_headers(metadata or {}, headers)
    customer = _text(metadata, "customer_id", CUSTOMER, "send 1-64 letters, digits, _ or -", required=True)
    session = _text(metadata, "session_id", _SESSION, "send 1-128 letters, digits, _ . : or -", required=True)
    kinds = re.compile("|".join(map(re.escape, query_types)))
    remedy = f"send one of {', '.join(query_types)}"
    kind = _text(metadata, "query_type", kinds, remedy, required=query_type is None) or query_type
    tools = metadata.get("tools_invoked") or []
    if (
        not isinstance(tools, list)
        or len(tools) > _MAX_TOOLS
        or not all(isinstance(tool, str) and _WORD.fullmatch(tool) for tool in tools)
    ):
        raise invalid("metadata.tools_invoked", tools, f"send a list of at most {_MAX_TOOLS} tool names")
    assert customer is not None and session is not None and kind is not None
    return Identity(
        customer_id=customer,
        session_id=session,
        query_type=kind,
        gcp_project=_text(metadata, "gcp_project", _WORD, "send a project's id"),
        tools_invoked=tuple(tools),
        environment=_text(metadata, "environment", _WORD, "send a short name")
        or os.environ.get("TOLLGATE_ENVIRONMENT", "local"),
        trace_id=_text(metadata, "trace_id", _TRACE, "send 32 hexadecimal digits"),
        parent_observation_id=_text(metadata, "parent_observation_id", _SPAN, "send 16 hexadecimal digits"),
        prompt=_prompt(metadata),
    )
