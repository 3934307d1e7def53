"""What a request for embeddings may ask for: texts of a model that is named, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .config import Config
from .identity import read_identity
from .parameters import is_int
from .refusals import Refusal, invalid
from .request import ChatRequest

# The vectors of one answer are held in memory, more than once.
MOST_TEXTS = 100
# Bytes of a number in JSON, with its comma.
_NUMBER_BYTES = 24

_KNOWN = frozenset({"model", "input", "dimensions", "encoding_format", "user", "metadata"})
_TOKENS = (
    "send text: no embedding model here takes token ids (LangChain's OpenAIEmbeddings sends text with "
    "check_embedding_ctx_length=False)"
)


def read_embeddings(body: dict[str, Any], config: Config, headers: Mapping[str, str]) -> ChatRequest:
    """Checks the body of a request for embeddings.

    Args:
        headers: the identity's headers.

    Raises:
        Refusal: with the field at fault, its value and the remedy.
    """
    kinds = (*config.query_types, config.embedding_query_type)
    identity = read_identity(body.get("metadata"), kinds, headers, query_type=config.embedding_query_type)
    body = {key: value for key, value in body.items() if value is not None}
    for key in sorted(body.keys() - _KNOWN):
        raise invalid(key, body[key], f"leave it out; embeddings take {', '.join(sorted(_KNOWN))}")
    model, form = body.get("model"), body.get("encoding_format", "float")
    if not isinstance(model, str):
        raise invalid("model", model, "send the name of an embedding model")
    if form not in ("float", "base64"):
        raise invalid("encoding_format", form, 'send "float" or "base64"')
    if not isinstance(body.get("user", ""), str):
        raise invalid("user", body["user"], "send a string")
    dimensions = body.get("dimensions")
    if dimensions is not None and (not is_int(dimensions) or dimensions < 1):
        raise invalid("dimensions", dimensions, "send a whole number above 0")
    return ChatRequest(
        model=model,
        messages=[],
        params={} if dimensions is None else {"dimensions": dimensions},
        choices=1,
        max_tokens=None,
        stream=False,
        wants_usage=False,
        identity=identity,
        left_out=("user",) if "user" in body else (),
        texts=_texts(body.get("input")),
    )


def _texts(given: object) -> tuple[str, ...]:
    if given is None:
        raise Refusal("invalid_request", "input is missing: send a string or a list of strings", field="input")
    listed = given if isinstance(given, list) else [given]
    if not listed:
        raise invalid("input", given, "send at least one text")
    if all(is_int(each) for each in listed):
        raise invalid("input", given, _TOKENS)
    if len(listed) > MOST_TEXTS:
        raise Refusal(
            "invalid_request", f"input has {len(listed)} texts: send at most {MOST_TEXTS} in a request", field="input"
        )
    for index, text in enumerate(listed):
        where = f"input.{index}" if isinstance(given, list) else "input"
        if isinstance(text, list):
            raise invalid(where, text, _TOKENS)
        if not isinstance(text, str):
            raise invalid(where, text, "send a string")
        if not text:
            raise invalid(where, text, "send a text that is not empty")
    return tuple(listed)


def answer_bytes(request: ChatRequest, config: Config) -> int:
    """About how many bytes the vectors of an answer have on their way through the gateway; 0 for other requests."""
    route = config.route(request.model)
    dimensions = request.params.get("dimensions") or (route.models[0].dimensions if route else None)
    return len(request.texts) * (dimensions or 0) * _NUMBER_BYTES
