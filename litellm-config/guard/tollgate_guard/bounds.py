"""Upper bounds: how many tokens a prompt can have at most, and what a call can cost at most."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .config import Caching, Config, Model, Route
from .media import described, image_tokens, lacks
from .refusals import Refusal, invalid
from .request import ChatRequest

# Around the text, providers put markers of role and turn (below ten tokens a message), and, with tools or an answer schema,
# their own instruction: Anthropic's is the longest, 346 to 804 tokens (docs.anthropic.com, "Tool use: pricing").
_BASE_TOKENS = 32
_MESSAGE_TOKENS = 16
_TOOLS_TOKENS = 1_024
_TOOL_TOKENS = 32

# Around a text that a vector is made of: what its model may add.
_TEXT_TOKENS = 16

# The shortest answer that is worth its prompt.
LEAST_TOKENS = 16


@dataclass(frozen=True)
class Plan:
    """What a call can cost on a route: ``prompt_nanos + token_nanos * output tokens``, over every model that it may reach."""

    route: Route
    prompt_nanos: int
    # Nano-dollars for one more token in each choice.
    token_nanos: int
    max_tokens: int


def text_bound(text: str) -> int:
    """The most tokens that a text can have: the bytes of each character, or of what it is normalised to where that is longer.

    No tokenizer makes more tokens of a text than it has UTF-8 bytes, but some normalise it first (Anthropic's published one
    by NFKC, which makes 33 bytes of U+FDFA).
    """
    if text.isascii():
        return len(text)
    return sum(_character_bytes(character) * times for character, times in Counter(text).items())


def _character_bytes(character: str) -> int:
    # No composed form is longer than its decomposition.
    return max(
        len(form.encode()) for form in (character, *(unicodedata.normalize(d, character) for d in ("NFD", "NFKD")))
    )


def prompt_bound(request: ChatRequest) -> int:
    """The most tokens that a request's prompt can have, at any provider, without its images and documents."""
    sent = {"messages": described(request.messages), **{key: request.params.get(key) for key in _PROMPT_PARAMS}}
    return (
        text_bound(json.dumps(sent, ensure_ascii=False))
        + _BASE_TOKENS
        + _MESSAGE_TOKENS * len(request.messages)
        + (instructions_bound(len(request.params.get("tools") or [])) if is_instructed(request) else 0)
    )


def is_instructed(request: ChatRequest) -> bool:
    """Whether the provider adds its own instruction: for tools, or for the schema of an answer."""
    return bool(request.params.get("tools")) or request.params.get("response_format") is not None


def instructions_bound(tools: int) -> int:
    """The most tokens of that instruction, and of the frames of so many tools."""
    return _TOOLS_TOKENS + _TOOL_TOKENS * tools


_PROMPT_PARAMS = ("tools", "response_format", "tool_choice", "stop")


def texts_bound(model: Model, sizes: Iterable[int]) -> int:
    """The most tokens that are billed for texts at an embedding model; a longer one than it takes is refused for nothing.

    Args:
        sizes: the bound of each text (see ``text_bound``).
    """
    return sum(min(size + _TEXT_TOKENS, model.max_prompt_tokens) for size in sizes)


def attempt_bound(
    model: Model, prompt_tokens: int, max_tokens: int, choices: int, caching: Caching | None = None
) -> int:
    """Nano-dollars that one attempt at a model can cost at most."""
    prompt = prompt_tokens * model.worst_input_nanos(prompt_tokens, caching)
    return prompt + choices * max_tokens * model.worst_output_nanos(prompt_tokens)


def make_plan(route: Route, prompt_tokens: int, request: ChatRequest) -> Plan:
    wanted = request.max_tokens or route.default_max_tokens
    return Plan(
        route=route,
        prompt_nanos=prompt_tokens
        * max(model.worst_input_nanos(prompt_tokens, request.caching) for model in route.models),
        token_nanos=request.choices * max(model.worst_output_nanos(prompt_tokens) for model in route.models),
        max_tokens=min(wanted, *(model.max_output_tokens for model in route.models)),
    )


@dataclass(frozen=True)
class Plans:
    """The route asked for first, then those that tiers degrade to; ``by_tier`` is the (one-based) place of each tier's.

    ``exact``: ``prompt_tokens`` was counted by the providers, so that there is no better estimate of it.
    """

    prompt_tokens: int
    plans: tuple[Plan, ...]
    by_tier: tuple[int, ...]
    exact: bool = False

    @property
    def models(self) -> tuple[Model, ...]:
        """Every model that the request may reach."""
        return tuple({model.name: model for plan in self.plans for model in plan.route.models}.values())


def make_plans(request: ChatRequest, config: Config, counted: int | None = None) -> Plans:
    """Bounds of a request on its own route and on every route that it may be degraded to.

    Args:
        counted: the prompt's tokens by the providers' count, where that was asked for.

    Raises:
        Refusal: ``unpriced_model`` or ``prompt_too_long``.
    """
    asked = config.route(request.model)
    if asked is None:
        raise invalid(
            "model", request.model, f"it has no price; use one of {', '.join(sorted(config.routes))}", "unpriced_model"
        )
    _check_kind(asked, request, config)
    if request.texts:
        return _embedding_plans(asked, request, config)
    _check_media(asked, request, config)
    routes = _reachable(asked, request, config)
    bound = prompt_bound(request) + max(
        (image_tokens(model, request.media) for route in routes for model in route.models), default=0
    )
    tokens = bound if counted is None else min(bound, counted)
    smallest = _smallest(asked)
    if tokens > smallest.max_prompt_tokens:
        raise Refusal(
            "prompt_too_long",
            f"The prompt may have {tokens} tokens, and {smallest.name} takes {smallest.max_prompt_tokens}: "
            "shorten the conversation or the tools' results",
            field="messages",
        )
    # A cheaper route that does not take so long a prompt is not one for this call.
    names = [route.name for route in routes if tokens <= _smallest(route).max_prompt_tokens]
    return Plans(
        prompt_tokens=tokens,
        plans=tuple(make_plan(config.routes[name], tokens, request) for name in names),
        by_tier=tuple(names.index(tier.degrade_to) + 1 if tier.degrade_to in names else 1 for tier in config.tiers),
        exact=counted is not None,
    )


def _embedding_plans(asked: Route, request: ChatRequest, config: Config) -> Plans:
    """An embedding has one plan: another model's vectors cannot be compared with the client's."""
    [model] = asked.models
    tokens = texts_bound(model, map(text_bound, request.texts))
    plan = Plan(route=asked, prompt_nanos=tokens * model.worst_input_nanos(tokens), token_nanos=0, max_tokens=0)
    return Plans(prompt_tokens=tokens, plans=(plan,), by_tier=(1,) * len(config.tiers))


def reachable_models(request: ChatRequest, config: Config) -> tuple[Model, ...]:
    """Every model that a request may reach, on its own route and on those that it may be degraded to."""
    asked = config.route(request.model)
    routes = [] if asked is None else _reachable(asked, request, config)
    return tuple({model.name: model for route in routes for model in route.models}.values())


def _reachable(asked: Route, request: ChatRequest, config: Config) -> list[Route]:
    """The route that was asked for, then those that tiers degrade to, where all of their models take what is sent."""
    cheaper = [config.routes[tier.degrade_to] for tier in config.tiers]
    taking = [route for route in cheaper if not any(lacks(model, request.media) for model in route.models)]
    return list({route.name: route for route in (asked, *taking)}.values())


def _check_kind(asked: Route, request: ChatRequest, config: Config) -> None:
    embeds = asked.models[0].embeds
    if embeds and request.texts:
        most, wanted = asked.models[0].dimensions or 0, request.params.get("dimensions", 0)
        if wanted > most:
            raise invalid("dimensions", wanted, f"{asked.name} makes vectors of at most {most} numbers")
        task = request.params.get("task_type")
        if task is not None and asked.models[0].provider != "vertex":
            raise invalid("task_type", task, f"leave it out: {asked.name} takes none")
    elif embeds:
        raise invalid(
            "model", asked.name, "it makes embeddings, on POST /v1/embeddings; name a model that answers in text"
        )
    elif request.texts:
        known = ", ".join(sorted(name for name, model in config.models.items() if model.embeds)) or "none is defined"
        raise invalid("model", asked.name, f"it makes no embeddings; name an embedding model ({known})")


def _check_media(asked: Route, request: ChatRequest, config: Config) -> None:
    for model in asked.models:
        kind = lacks(model, request.media)
        if kind is None:
            continue
        routes = config.routes.values()
        taking = [route.name for route in routes if not any(lacks(each, request.media) for each in route.models)]
        reached = "it" if model.name == asked.name else f"{model.name}, which it may reach,"
        remedy = f"use one of {', '.join(sorted(taking))}" if taking else "send text only"
        raise invalid("model", asked.name, f"{reached} takes no {kind}; {remedy}")


def _smallest(route: Route) -> Model:
    return min(route.models, key=lambda model: model.max_prompt_tokens)
