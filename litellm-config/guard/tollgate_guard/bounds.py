"""Upper bounds: how many tokens a prompt can have at most, and what a call can cost at most."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .config import Config, Model, Route
from .refusals import Refusal, invalid
from .request import ChatRequest

# No tokenizer makes more tokens of a text than it has UTF-8 bytes. Around the text, providers put markers of role and
# turn (below ten tokens a message), and, with tools or an answer schema, an instruction of their own: Anthropic's is the
# longest, 346 to 804 tokens (docs.anthropic.com, "Tool use: pricing").
_BASE_TOKENS = 32
_MESSAGE_TOKENS = 16
_TOOLS_TOKENS = 1_024
_TOOL_TOKENS = 32

# The shortest answer that is worth its prompt.
LEAST_TOKENS = 16


@dataclass(frozen=True)
class Plan:
    """What a call can cost on a route: ``prompt_nanos + token_nanos * output tokens``, over every model it may reach."""

    route: Route
    prompt_nanos: int
    # Nano-dollars for one more token in each choice.
    token_nanos: int
    max_tokens: int


def prompt_bound(request: ChatRequest) -> int:
    """The most tokens that a request's prompt can have, at any provider."""
    sent = {"messages": request.messages, **{key: request.params.get(key) for key in _PROMPT_PARAMS}}
    size = len(json.dumps(sent, ensure_ascii=False).encode())
    tools = request.params.get("tools") or []
    instructed = bool(tools) or request.params.get("response_format") is not None
    return (
        size
        + _BASE_TOKENS
        + _MESSAGE_TOKENS * len(request.messages)
        + (_TOOLS_TOKENS if instructed else 0)
        + _TOOL_TOKENS * len(tools)
    )


_PROMPT_PARAMS = ("tools", "response_format", "tool_choice", "stop")


def attempt_bound(model: Model, prompt_tokens: int, max_tokens: int, choices: int) -> int:
    """Nano-dollars that one attempt at a model can cost at most."""
    return prompt_tokens * model.dearest_input_nanos + choices * max_tokens * model.output_nanos


def make_plan(route: Route, prompt_tokens: int, request: ChatRequest) -> Plan:
    wanted = request.max_tokens or route.default_max_tokens
    return Plan(
        route=route,
        prompt_nanos=prompt_tokens * max(model.dearest_input_nanos for model in route.models),
        token_nanos=request.choices * max(model.output_nanos for model in route.models),
        max_tokens=min(wanted, *(model.max_output_tokens for model in route.models)),
    )


@dataclass(frozen=True)
class Plans:
    """The route asked for first, then those that tiers degrade to; ``by_tier`` is the (one-based) place of each tier's."""

    prompt_tokens: int
    plans: tuple[Plan, ...]
    by_tier: tuple[int, ...]


def make_plans(request: ChatRequest, config: Config) -> Plans:
    """Bounds of a request on its own route and on every route that it may be degraded to.

    Raises:
        Refusal: ``unpriced_model`` or ``prompt_too_long``.
    """
    asked = config.route(request.model)
    if asked is None:
        raise invalid(
            "model", request.model, f"it has no price; name one of {', '.join(sorted(config.routes))}", "unpriced_model"
        )
    tokens = prompt_bound(request)
    smallest = _smallest(asked)
    if tokens > smallest.max_prompt_tokens:
        raise Refusal(
            "prompt_too_long",
            f"The prompt may have {tokens} tokens (its bytes), and {smallest.name} takes {smallest.max_prompt_tokens}: "
            "shorten the conversation or the tools' results",
            field="messages",
        )
    # A cheaper route that does not take so long a prompt is none for this call.
    routes = {tier.degrade_to: config.routes[tier.degrade_to] for tier in config.tiers}
    cheaper = [name for name, route in routes.items() if tokens <= _smallest(route).max_prompt_tokens]
    names = list(dict.fromkeys([asked.name, *cheaper]))
    return Plans(
        prompt_tokens=tokens,
        plans=tuple(make_plan(config.routes[name], tokens, request) for name in names),
        by_tier=tuple(names.index(tier.degrade_to) + 1 if tier.degrade_to in names else 1 for tier in config.tiers),
    )


def _smallest(route: Route) -> Model:
    return min(route.models, key=lambda model: model.max_prompt_tokens)
