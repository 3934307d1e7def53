"""Marks for a provider's prompt cache: ``cache_control`` on text parts, messages and tools, as Anthropic has it.

A client that sets its own marks gets those; otherwise LiteLLM's marks of config.yaml apply. On Vertex AI, LiteLLM would make
an explicit cache of a mark, which is stored for a price that no hold covers: marks are removed there, and Vertex AI's
implicit cache needs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .config import Caching, Model
from .refusals import Refusal, invalid

_MOST_MARKS = 4
_REMEDY = 'send {"type": "ephemeral"} with a ttl of "5m" or "1h", or leave it out'


def check_mark(mark: object, where: str) -> None:
    """Refuses what Anthropic does not document as a mark.

    Raises:
        Refusal: with the field, its value and the remedy.
    """
    fits = (
        isinstance(mark, dict)
        and mark.get("type") == "ephemeral"
        and set(mark) <= {"type", "ttl"}
        and mark.get("ttl", "5m") in ("5m", "1h")
    )
    if not fits:
        raise invalid(where, mark, _REMEDY)


def read_caching(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Caching | None:
    """The longest lifetime that a request's marks (checked before) ask for; None where there is no mark.

    Raises:
        Refusal: more marks than Anthropic takes, or a one-hour mark after a five-minute one in the order of the prompt
            (tools, system, conversation).
    """
    system = [message for message in messages if message["role"] in ("system", "developer")]
    talk = [message for message in messages if message["role"] not in ("system", "developer")]
    lifetimes = [mark.get("ttl", "5m") for holder in (*tools, *system, *talk) for mark in _marks(holder)]
    if len(lifetimes) > _MOST_MARKS:
        raise Refusal(
            "invalid_request",
            f"cache_control is set at {len(lifetimes)} places: set at most {_MOST_MARKS}",
            field="cache_control",
        )
    if lifetimes != sorted(lifetimes):
        raise Refusal(
            "invalid_request",
            'A cache_control of ttl "1h" comes after one of "5m": put the longer lifetimes first, in the order tools, '
            "system, messages",
            field="cache_control",
        )
    return lifetimes[0] if lifetimes else None


def without_marks(model: Model, call: dict[str, Any]) -> dict[str, Any]:
    """The ``messages`` and ``tools`` of a call as the model's provider is to get them: only Anthropic gets marks."""
    if model.provider == "anthropic":
        return {}
    return {
        key: [_unmarked(holder) for holder in call[key]] for key in ("messages", "tools") if isinstance(call.get(key), list)
    }


def _marks(holder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    content = holder.get("content")
    for part in [*(content if isinstance(content, list) else []), holder]:
        if part.get("cache_control") is not None:
            yield part["cache_control"]


def _unmarked(holder: Any) -> Any:
    if not isinstance(holder, dict):
        return holder
    kept = {key: value for key, value in holder.items() if key != "cache_control"}
    if isinstance(kept.get("content"), list):
        kept["content"] = [_unmarked(part) for part in kept["content"]]
    return kept
