"""What a request may contain besides its messages: one table, a line for each parameter.

A parameter is *forwarded* (where a model does not take it, LiteLLM or ``fitting.py`` leaves it out), *left out* (no model
here takes it, or it would name a customer), or *closed*: refused unless it is at its default, because nothing bounds its
price or it keeps the exchange at the provider. ``x-tollgate-dropped`` lists what was left out. A null counts as absent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .refusals import invalid

Check = Callable[[object], bool]


@dataclass(frozen=True)
class Parameter:
    """How a parameter is treated.

    Attributes:
        fits: whether a value is well-formed.
        remedy: what to send instead.
        wire: the names that it has on the providers' wires; empty where it is not forwarded.
        default: values that ask for nothing; of a closed parameter the only ones that are accepted.
        closed: why any other value is refused.
    """

    fits: Check
    remedy: str
    wire: tuple[str, ...] = ()
    default: tuple[object, ...] = ()
    closed: str | None = None


def is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(low: float, high: float) -> Check:
    return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def _whole(low: int, high: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _one_of(*values: object) -> Check:
    return lambda value: any(value == each and type(value) is type(each) for each in values)


def _is(kind: type) -> Check:
    return lambda value: isinstance(value, kind)


def _stop(value: object) -> bool:
    texts = value if isinstance(value, list) else [value]
    return len(texts) <= 16 and all(isinstance(text, str) for text in texts)


def _tool_choice(value: object) -> bool:
    if not isinstance(value, dict):
        return value in ("none", "auto", "required")
    if value.get("type") == "allowed_tools":
        allowed = value.get("allowed_tools")
        return (
            isinstance(allowed, dict)
            and allowed.get("mode") in ("auto", "required")
            and isinstance(allowed.get("tools"), list)
            and all(_is_named(tool) for tool in allowed["tools"])
        )
    return _is_named(value)


def _is_named(tool: object) -> bool:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _response_format(value: object) -> bool:
    if not isinstance(value, dict) or value.get("type") != "json_schema":
        return isinstance(value, dict) and value.get("type") in ("text", "json_object")
    described = value.get("json_schema")
    if described is None:
        # LiteLLM's own form.
        return isinstance(value.get("response_schema"), dict)
    return isinstance(described, dict) and isinstance(described.get("schema"), dict)


def _thinking(value: object) -> bool:
    if not isinstance(value, dict) or value.get("type") not in ("enabled", "adaptive", "disabled"):
        return False
    budget = value.get("budget_tokens")
    return set(value) <= {"type", "budget_tokens", "display"} and (budget is None or (is_int(budget) and budget > 0))


def _bias(value: object) -> bool:
    return isinstance(value, dict) and all(_number(-100, 100)(each) for each in value.values())


EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_FORMATS = (
    "response_format", "output_format", "output_config", "response_mime_type", "responseMimeType", "response_schema",
    "responseSchema", "json_tool_call",
)  # fmt: skip
_THINKING = ("reasoning_effort", "thinking", "output_config", "thinkingConfig", "thinking_config")
_ANY = lambda value: True  # noqa: E731
_TEXT = (_is(str), "send a string")

PARAMETERS: dict[str, Parameter] = {
    # Forwarded.
    "temperature": Parameter(_number(0, 2), "send a number from 0 to 2", ("temperature",)),
    "top_p": Parameter(_number(0, 1), "send a number from 0 to 1", ("top_p", "topP")),
    "top_k": Parameter(_whole(0, 1_000_000), "send a whole number, 0 or above", ("top_k", "topK")),
    "frequency_penalty": Parameter(
        _number(-2, 2), "send a number from -2 to 2", ("frequency_penalty", "frequencyPenalty"), (0,)
    ),
    "presence_penalty": Parameter(
        _number(-2, 2), "send a number from -2 to 2", ("presence_penalty", "presencePenalty"), (0,)
    ),
    "logit_bias": Parameter(_bias, "send an object of numbers from -100 to 100", ("logit_bias",), ({},)),
    "logprobs": Parameter(
        _is(bool), "send true or false", ("logprobs", "responseLogprobs", "response_logprobs"), (False,)
    ),
    "top_logprobs": Parameter(_whole(0, 20), "send a whole number from 0 to 20", ("top_logprobs", "logprobs"), (0,)),
    "seed": Parameter(is_int, "send a whole number", ("seed",)),
    "stop": Parameter(
        _stop, "send a string, or a list of at most 16", ("stop", "stop_sequences", "stopSequences"), ([],)
    ),
    "tool_choice": Parameter(
        _tool_choice,
        'send "none", "auto", "required", {"type": "function", "function": {"name": ...}}, or {"type": "allowed_tools", '
        '"allowed_tools": {"mode": "auto" or "required", "tools": [functions by their names]}}',
        ("tool_choice", "toolConfig", "tool_config"),
        ("auto",),
    ),
    "parallel_tool_calls": Parameter(
        _is(bool), "send true or false", ("parallel_tool_calls", "disable_parallel_tool_use"), (True,)
    ),
    "response_format": Parameter(
        _response_format,
        'send {"type": "text"}, {"type": "json_object"} or {"type": "json_schema", "json_schema": {"name": ..., "schema": {...}}}',
        _FORMATS,
        ({"type": "text"},),
    ),
    "reasoning_effort": Parameter(_one_of(*EFFORTS), f"send one of {', '.join(EFFORTS)}", _THINKING, ("none",)),
    "thinking": Parameter(
        _thinking,
        'send {"type": "enabled", "budget_tokens": ...}, {"type": "adaptive"} or {"type": "disabled"}',
        _THINKING,
        ({"type": "disabled"},),
    ),
    "verbosity": Parameter(_one_of("low", "medium", "high"), "send low, medium or high", ("verbosity",), ("medium",)),
    # Left out. A prediction that is not taken is billed on top of the answer, without its own limit.
    "prediction": Parameter(_is(dict), 'send {"type": "content", "content": ...}'),
    "prompt_cache_key": Parameter(*_TEXT),
    "prompt_cache_retention": Parameter(*_TEXT),
    "prompt_cache_options": Parameter(_is(dict), "send an object"),
    "safety_identifier": Parameter(*_TEXT),
    "user": Parameter(*_TEXT),
    "min_p": Parameter(_number(0, 1), "send a number from 0 to 1"),
    "repetition_penalty": Parameter(_number(0, 2), "send a number from 0 to 2", default=(1,)),
    # Closed.
    "service_tier": Parameter(
        _ANY,
        'leave it out, or send "auto" or "default"',
        default=("auto", "default", "standard", "standard_only"),
        closed="other tiers have their own prices",
    ),
    "speed": Parameter(
        _ANY, 'leave it out, or send "standard"', default=("standard",), closed="a faster mode has its own price"
    ),
    "web_search_options": Parameter(
        _ANY, "leave it out, and offer your own search as a function tool", closed="the provider's searches cost extra"
    ),
    "modalities": Parameter(
        _ANY, 'leave it out, or send ["text"]', default=(["text"],), closed="only text has a bounded price"
    ),
    "audio": Parameter(_ANY, "leave it out", closed="only text has a bounded price"),
    "background": Parameter(
        _ANY,
        "leave it out, and read the answer as it comes",
        default=(False,),
        closed="the cost of an answer in the background is known only after its hold has ended",
    ),
    "store": Parameter(
        _ANY, "leave it out, or send false", default=(False,), closed="nothing may be kept at the provider"
    ),
}


def read_parameters(body: dict[str, Any], known: frozenset[str]) -> tuple[dict[str, Any], list[str]]:
    """The parameters that are forwarded, and the names of those that are left out.

    Args:
        body: a request without its nulls.
        known: the request's fields that are read elsewhere.

    Raises:
        Refusal: with the field, its value and the remedy.
    """
    forwarded: dict[str, Any] = {}
    left_out: list[str] = []
    for name, value in body.items():
        if name in known:
            continue
        parameter = PARAMETERS.get(name)
        if parameter is None:
            if value not in ([], {}, ""):
                raise invalid(name, value, "the gateway does not know this parameter: leave it out")
            left_out.append(name)
            continue
        if _is_default(parameter, value):
            if parameter.wire and value not in ([], {}):
                forwarded[name] = value
            continue
        if parameter.closed is not None:
            raise invalid(name, value, f"{parameter.closed}; {parameter.remedy}")
        if not parameter.fits(value):
            raise invalid(name, value, parameter.remedy)
        if parameter.wire:
            forwarded[name] = value
        else:
            left_out.append(name)
    return forwarded, left_out


def _is_default(parameter: Parameter, value: object) -> bool:
    # In Python, False is 0 and True is 1.
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in parameter.default)


def dropped(params: dict[str, Any], sent: frozenset[str]) -> list[str]:
    """The forwarded parameters that a final request does not have, because the model does not take them.

    Args:
        sent: the names in the request as it went to the provider.
    """
    known = {**PARAMETERS, "n": _CHOICES, "tools": _TOOLS}
    return [
        name
        for name in known
        if name in params and not _is_default(known[name], params[name]) and sent.isdisjoint(known[name].wire)
    ]


_CHOICES = Parameter(_ANY, "", ("n", "candidateCount", "candidate_count"), (1,))
_TOOLS = Parameter(_ANY, "", ("tools",), ([],))
