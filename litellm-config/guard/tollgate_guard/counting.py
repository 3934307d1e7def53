"""Exact counts of a prompt, from the provider's own endpoint, where its bound by bytes does not fit.

Bytes bound a prompt's tokens without asking anybody, at about four times their number. Far from every cap that costs
nothing. Near one it would refuse what fits, so then, and only then, the providers are asked:

    Anthropic  POST /v1/messages/count_tokens   https://docs.anthropic.com/en/docs/build-with-claude/token-counting
    Vertex AI  POST .../models/MODEL:countTokens
               https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens

Both are free. Both count the system prompt, the conversation and the tools; Anthropic's counts ``tool_choice``,
``thinking`` and ``output_config`` as well, Vertex AI's the answer's schema in ``generationConfig``. Anthropic says of its
count that it is an estimate which may differ "by a small amount" from what is billed, and may include tokens that it adds
itself and does not bill; Google's client documentation says "estimate" too. Hence the margin (``with_margin``). Neither
endpoint could be asked from here: that the margin covers the difference is not verified.

How a call passes:

1. ``ledger.reserve`` gets the bound by bytes. Where the call does not fit with that, as long as it may be and on the route
   that was asked for, it answers ``count`` and writes nothing.
2. ``Counting.count_request`` makes the request of every model that the call may reach with LiteLLM's own transformation,
   and asks their providers at the same time. The largest count, with its margin, takes the bound's place in the plans
   (``make_plans(..., counted)``, ``Plans.exact``), and ``reserve`` is asked again.
3. The meter bounds the final body of each attempt. Where its bound is above the hold, it calls ``count_prompt`` with that
   body: the answer is known already, or LiteLLM has added something, and then that is counted. What is still missing is
   held on top, or the attempt is not made. A hold that is too large is given back when the call is settled.
4. When the provider reports its tokens, ``check`` compares. A model whose bill was above a count and its margin is not
   counted any more: bytes bound its prompts from then on.

A count that is refused, late or not understood is ``None``, and the bound by bytes stays.

The meter provides ``Post``: it sends a count to the provider's address with its credentials, and neither charges nor
refuses it. A count has no ``current_call``.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from .config import Model
from .fitting import before_litellm
from .log import log
from .metrics import COUNTS
from .request import ChatRequest

# Sends a body to a path of the provider of a name ("anthropic", "vertex"); answers with the status and the body.
Post = Callable[[str, str, bytes], Awaitable[tuple[int, bytes]]]

_TIMEOUT_SECONDS = 2.0
# The same for a request with images or documents, that is longer than this.
_LONG_BYTES = 64 * 1024
_LONG_TIMEOUT_SECONDS = 15.0

# After a provider has refused to count, or was too slow, it is not asked for so long.
_PAUSE_SECONDS = 10.0

# Counts that are remembered, in each worker.
_REMEMBERED = 4_096

# What the endpoints document as theirs (the SDK's MessageCountTokensParams; CountTokensRequest of the v1 discovery document).
_COUNTED = {
    "anthropic": ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"),
    "vertex": ("contents", "systemInstruction", "tools", "generationConfig"),
}
_SNAKE = {"system_instruction": "systemInstruction", "generation_config": "generationConfig"}

# Of a generation's settings, those that become a part of the prompt.
_SCHEMA_SETTINGS = frozenset(
    (
        "response_schema",
        "responseSchema",
        "response_json_schema",
        "responseJsonSchema",
        "response_mime_type",
        "responseMimeType",
        "mediaResolution",
        "media_resolution",
    )
)


def with_margin(counted: int) -> int:
    """The most tokens that may be billed for a prompt that was counted so: 2 %, and at least 64 tokens, above the count."""
    return counted + max(64, -(-counted // 50))


class Counting:
    """Counts prompts at the providers. One for each process."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._known: OrderedDict[bytes, int] = OrderedDict()
        self._pending: dict[bytes, asyncio.Task[int | None]] = {}
        self._paused_until: dict[str, float] = {}
        self._distrusted: set[str] = set()

    def can_count(self, models: Iterable[Model]) -> bool:
        """Whether there is an endpoint that counts for each of the models."""
        return all(
            model.provider in _COUNTED and not model.embeds and model.name not in self._distrusted for model in models
        )

    async def count_prompt(self, model: Model, wire_request: bytes | Mapping[str, Any]) -> int | None:
        """The most tokens that the prompt of a request can have by its provider's count; None where it is not known.

        Args:
            wire_request: the body as it goes to Anthropic's ``/v1/messages`` or Vertex AI's ``generateContent``.
        """
        if not self.can_count([model]):
            return None
        body = json.loads(wire_request) if isinstance(wire_request, bytes) else wire_request
        counted = _counted_part(model, body)
        key = hashlib.sha256(f"{model.name}\n{counted}".encode()).digest()
        tokens = self._known.get(key)
        if tokens is None:
            # Calls at the same time that ask the same thing share one question.
            task = self._pending.get(key)
            if task is None:
                task = asyncio.get_running_loop().create_task(self._ask(model, counted, key))
                self._pending[key] = task
                task.add_done_callback(lambda _: self._pending.pop(key, None))
            tokens = await asyncio.shield(task)
        else:
            self._known.move_to_end(key)
        return None if tokens is None else with_margin(tokens)

    async def count_request(self, request: ChatRequest, models: Iterable[Model]) -> int | None:
        """The most tokens that a client's prompt can have at any of the models; None where one of them cannot count it."""
        models = tuple(models)
        if not self.can_count(models):
            return None
        try:
            bodies = await asyncio.to_thread(lambda: [wire_body(model, request) for model in models])
        except (
            Exception
        ) as error:  # LiteLLM's own refusal of a request: it comes again, to the client, when it is sent.
            log("debug", "count.failed", f"LiteLLM cannot make the request: {type(error).__name__}")
            return None
        counts = await asyncio.gather(
            *(self.count_prompt(model, body) for model, body in zip(models, bodies, strict=True))
        )
        known = [count for count in counts if count is not None]
        return max(known) if len(known) == len(models) else None

    def check(self, model: Model, counted: int, billed: int) -> None:
        """Compares a count (with its margin) with the prompt tokens that the provider then billed."""
        if billed > counted:
            self._distrusted.add(model.name)
            COUNTS.labels(model.provider, "below_bill").inc()
            log(
                "error",
                "count.below_bill",
                f"{model.name} billed {billed} prompt tokens where {counted} were the most by its count: "
                "its prompts are bounded by their bytes from now on",
                model_used=model.name,
            )

    async def _ask(self, model: Model, counted: str, key: bytes) -> int | None:
        if time.monotonic() < self._paused_until.get(model.provider, 0.0):
            COUNTS.labels(model.provider, "paused").inc()
            return None
        outcome = "failed"
        try:
            status, answer = await asyncio.wait_for(
                self._post(model.provider, count_path(model), counted.encode()),
                _LONG_TIMEOUT_SECONDS if len(counted) > _LONG_BYTES else _TIMEOUT_SECONDS,
            )
            outcome = "refused"
            if status == 400:
                # The request is at fault, and no reason to leave others uncounted.
                return None
            if status == 200:
                outcome = "not_understood"
                tokens = _read(model, json.loads(answer))
                if tokens is not None:
                    outcome = "counted"
                    self._known[key] = tokens
                    if len(self._known) > _REMEMBERED:
                        self._known.popitem(last=False)
                    return tokens
        except (TimeoutError, asyncio.TimeoutError):
            outcome = "late"
        except Exception as error:  # Whatever a client raises: the bound by bytes is always there.
            log(
                "warn", "count.failed", f"{model.provider} did not count: {type(error).__name__}", model_used=model.name
            )
        finally:
            COUNTS.labels(model.provider, outcome).inc()
        self._paused_until[model.provider] = time.monotonic() + _PAUSE_SECONDS
        return None


def count_path(model: Model) -> str:
    """The path of the endpoint that counts for a model."""
    if model.provider == "anthropic":
        return "/v1/messages/count_tokens"
    project, location = os.environ.get("VERTEXAI_PROJECT", ""), os.environ.get("VERTEXAI_LOCATION") or "global"
    return f"/v1/projects/{project}/locations/{location}/publishers/google/models/{model.name}:countTokens"


def wire_body(model: Model, request: ChatRequest) -> Mapping[str, Any]:
    """What LiteLLM makes of a request for a model, as far as it is counted: with LiteLLM's own transformation.

    Raises:
        Exception: whatever LiteLLM raises where it cannot make the request.
    """
    # Slow to import, and there already wherever a call was made.
    from litellm.llms.anthropic.chat.transformation import AnthropicConfig
    from litellm.llms.vertex_ai.gemini.transformation import transform_request_body
    from litellm.utils import get_optional_params

    # LiteLLM writes into what it is given.
    messages = json.loads(json.dumps(request.messages))
    params = {key: value for key, value in json.loads(json.dumps(request.params)).items() if key in _SHAPING}
    params |= {key: value for key, value in before_litellm(model, params).items() if key in params}
    provider = {"anthropic": "anthropic", "vertex": "vertex_ai"}[model.provider]
    options = get_optional_params(
        model=model.name, custom_llm_provider=provider, messages=messages, max_tokens=1, drop_params=True, **params
    )
    body: Mapping[str, Any]
    if model.provider == "anthropic":
        body = AnthropicConfig().transform_request(
            model=model.name, messages=messages, optional_params=options, litellm_params={}, headers={}
        )
        return body
    body = transform_request_body(
        messages=messages,
        model=model.name,
        optional_params=options,
        custom_llm_provider="vertex_ai",
        litellm_params={},
        cached_content=None,
    )
    return body


# Parameters that become a part of the prompt.
_SHAPING = ("tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "thinking")


def _counted_part(model: Model, body: Mapping[str, Any]) -> str:
    """What of a request is counted, as text that is the same for the same content."""
    named = {_SNAKE.get(key, key): value for key, value in body.items()}
    counted = {key: named[key] for key in _COUNTED[model.provider] if named.get(key) is not None}
    if model.provider == "anthropic":
        counted["model"] = model.name
        if schema := named.get("output_format"):
            # LiteLLM sends an answer's schema in the beta's field; this endpoint has today's.
            counted["output_config"] = {**counted.get("output_config", {}), "format": schema}
    settings = counted.pop("generationConfig", None) or {}
    if schema := {key: value for key, value in settings.items() if key in _SCHEMA_SETTINGS}:
        counted["generationConfig"] = schema
    return json.dumps(_without_marks(counted), ensure_ascii=False)


def _without_marks(value: Any) -> Any:
    """The same without ``cache_control``, which is not part of the prompt."""
    if isinstance(value, list):
        return [_without_marks(each) for each in value]
    if isinstance(value, dict):
        return {key: _without_marks(each) for key, each in value.items() if not _is_mark(key, each)}
    return value


def _is_mark(key: str, value: Any) -> bool:
    # A property of a tool's schema may have the name, but not the content.
    return key == "cache_control" and isinstance(value, dict) and value.get("type") == "ephemeral"


def _read(model: Model, answer: Any) -> int | None:
    tokens = answer.get("input_tokens" if model.provider == "anthropic" else "totalTokens")
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens > 0 else None
