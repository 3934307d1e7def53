"""Requests for embeddings on the wire, and how Vertex AI gets one of several texts.

``gemini-embedding-001`` is documented to take one text a request
(https://docs.cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings), and LiteLLM sends all texts in
one. So the meter sends each text separately, as an attempt with its own bound, report and charge, and LiteLLM gets
their answers joined. A text that has its vector is not sent again when LiteLLM repeats the request.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx

from ..bounds import text_bound
from .providers import Wire
from .usage import count
from .wire_request import UnboundedRequest, WireRequest

_PREDICT = re.compile(r"/models/([^/:]+):predict$")

# Texts of one call that are on their way at the same time.
_AT_ONCE = 8


def read_embeddings(wire: Wire, path: str, body: dict[str, Any], raw: bytes) -> WireRequest | None:
    """The request for embeddings that a body is; None where it is another.

    Raises:
        UnboundedRequest: it has something else than texts.
    """
    predict = _PREDICT.search(path) if wire == "vertex" else None
    texts: list[Any]
    if predict is not None:
        model, given = predict.group(1), body.get("instances")
        texts = [each.get("content") if _is_text(each) else None for each in given] if isinstance(given, list) else []
    elif wire == "openai" and path.endswith("/embeddings"):
        model, given = str(body.get("model") or ""), body.get("input")
        texts = given if isinstance(given, list) else [given]
    else:
        return None
    if not texts or not all(isinstance(text, str) for text in texts):
        raise UnboundedRequest("it has something else than texts to make embeddings of")
    return WireRequest(
        model=model,
        stream=False,
        max_tokens=0,
        choices=1,
        size=0,
        hidden=False,
        caching=None,
        body=raw,
        keys=frozenset(body),
        texts=tuple(text_bound(text) for text in texts),
    )


def _is_text(instance: object) -> bool:
    return isinstance(instance, dict) and {"content"} <= instance.keys() <= {"content", "task_type"}


def parts(request: WireRequest) -> Iterator[WireRequest]:
    """A request of Vertex AI's as one for each text. A text that is too long is refused there, not cut off unsaid."""
    body = json.loads(request.body)
    dimensions = (body.get("parameters") or {}).get("outputDimensionality")
    parameters = {"autoTruncate": False, **({} if dimensions is None else {"outputDimensionality": dimensions})}
    for index, (instance, size) in enumerate(zip(body["instances"], request.texts, strict=True)):
        own = json.dumps({"instances": [instance], "parameters": parameters}).encode()
        yield replace(request, body=own, texts=(size,), part=index)


async def ask_for_each(
    request: WireRequest, answered: dict[int, bytes], ask: Callable[[WireRequest], Awaitable[httpx.Response]]
) -> httpx.Response:
    """Asks for the vector of each text, and answers with all of them, or with the first refusal.

    Args:
        answered: the vectors by the places of their texts; those that are there are not asked for.
        ask: sends one of the requests.
    """
    places = asyncio.Semaphore(_AT_ONCE)
    failed: list[httpx.Response | Exception] = []

    async def one(part: WireRequest) -> None:
        async with places:
            if failed:
                return
            try:
                response = await ask(part)
                if response.status_code == 200:
                    answered[part.part] = _prediction(await response.aread())
                else:
                    failed.append(response)
            except Exception as error:
                failed.append(error)

    missing = [part for part in parts(request) if part.part not in answered]
    if missing:
        # Alone: where the provider refuses, or wants to be asked later, no other is sent.
        await one(missing[0])
        await asyncio.gather(*(one(part) for part in missing[1:]))
    if failed:
        if isinstance(failed[0], Exception):
            raise failed[0]
        return failed[0]
    vectors = b",".join(answered[place] for place in range(len(request.texts)))
    return httpx.Response(
        200, headers={"content-type": "application/json"}, content=b'{"predictions":[' + vectors + b"]}"
    )


def _prediction(body: bytes) -> bytes:
    """The vector in an answer. LiteLLM cannot read one whose tokens were not counted."""
    embeddings = json.loads(body)["predictions"][0]["embeddings"]
    statistics = embeddings.get("statistics")
    tokens = count(statistics.get("token_count")) if isinstance(statistics, dict) else None
    embeddings["statistics"] = {"token_count": tokens or 0}
    return json.dumps({"embeddings": embeddings}).encode()
