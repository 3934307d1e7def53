"""What a model does not take of a request, and LiteLLM would send it or refuse: it is left out, or the nearest goes in its place.

Sources: docs.anthropic.com "Extended thinking" (limits of the budget, temperature, top_k and tool_choice), "Messages"
(temperature up to 1); ``supports_sampling_params`` and ``thinking_always_on`` in LiteLLM's price list; OpenAI's API refuses
fields that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import litellm

from .caching import without_marks
from .config import Model

# The least that Anthropic takes for a thinking budget, in tokens.
_LEAST_BUDGET = 1_024
# The least top_p with thinking.
_LEAST_TOP_P = 0.95

# Gemini's highest is "high".
_EFFORTS = {"xhigh": "high", "max": "high"}

_ANSWER_FIELDS = ("thinking_blocks", "reasoning_content", "provider_specific_fields")


def before_litellm(model: Model, call: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call of LiteLLM's that are to be changed for a model's provider."""
    changed = without_marks(model, call)
    effort = call.get("reasoning_effort")
    if model.provider == "vertex" and effort in _EFFORTS:
        changed["reasoning_effort"] = _EFFORTS[effort]
    if model.provider == "anthropic" and effort == "none" and thinks_unasked(model.name):
        # LiteLLM would leave it out, and the model would think.
        changed |= {"reasoning_effort": None, "thinking": {"type": "disabled"}}
    if str(call.get("model", "")).startswith("openai/"):
        messages = changed.get("messages", call.get("messages"))
        if messages is not None:
            changed["messages"] = [_plain(message) for message in messages]
        changed |= {key: None for key in ("top_k", "thinking") if call.get(key) is not None}
    return changed


def _plain(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    kept = {key: value for key, value in message.items() if key not in _ANSWER_FIELDS}
    if isinstance(kept.get("tool_call_id"), str):
        kept["tool_call_id"] = _unsigned(kept["tool_call_id"])
    if isinstance(kept.get("tool_calls"), list):
        kept["tool_calls"] = [
            {
                key: _unsigned(value) if key == "id" else value
                for key, value in call.items()
                if key != "provider_specific_fields"
            }
            for call in kept["tool_calls"]
        ]
    return kept


def _unsigned(call_id: str) -> str:
    """The id of a tool call without the signature that LiteLLM puts into it for Gemini."""
    return call_id.partition("__thought__")[0]


def on_anthropics_wire(body: dict[str, Any]) -> bool:
    """Changes a final request to Anthropic in place; whether there was anything to change."""
    known = litellm.model_cost.get(str(body.get("model"))) or {}
    before = dict(body)
    thinking = body.get("thinking")
    if isinstance(thinking, dict):
        fitted = _thinking(thinking, body, always=known.get("thinking_always_on") is True)
        body.pop("thinking")
        if fitted is not None:
            body["thinking"] = fitted
    thinks = isinstance(body.get("thinking"), dict) and body["thinking"].get("type") != "disabled"
    refused: dict[str, Callable[[float], bool]] = {
        "temperature": lambda value: value > 1 or (thinks and value != 1),
        "top_k": lambda value: thinks,
        "top_p": lambda value: thinks and value < _LEAST_TOP_P,
    }
    for name, is_refused in refused.items():
        if name in body and (known.get("supports_sampling_params") is False or is_refused(body[name])):
            del body[name]
    return body != before


def thinks_unasked(model: str) -> bool:
    """Whether a Claude model may think in a request that says nothing about thinking.

    Claude 5 and later do (platform.claude.com, "What's new in Claude Haiku 5.5"); models that take a thinking budget do not. The
    price list cannot tell Opus 4.7 and 4.8, which do not either, from later models: they count as thinking.
    """
    known = litellm.model_cost.get(model)
    return known is None or (known.get("supports_adaptive_thinking") is True and not known.get("supports_legacy_thinking"))


def _thinking(thinking: dict[str, Any], body: dict[str, Any], *, always: bool) -> dict[str, Any] | None:
    """How a model can think in a request; None where the request must not say anything about it."""
    kind, limit = thinking.get("type"), body.get("max_tokens")
    if kind == "disabled":
        return None if always else thinking
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in ("any", "tool"):
        return None
    budget = thinking.get("budget_tokens")
    if kind != "enabled" or not isinstance(budget, int) or not isinstance(limit, int):
        return thinking
    if limit <= _LEAST_BUDGET:
        return None
    # Half of the answer's limit is for the answer.
    return thinking if budget < limit else {**thinking, "budget_tokens": max(_LEAST_BUDGET, limit // 2)}
