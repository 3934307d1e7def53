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
# Ids below this are texts; special tokens come after them.
_CL100K_TOKENS = 100_256

# Bytes of a number in JSON, with its comma.
_NUMBER_BYTES = 24

_KNOWN = frozenset({"model", "input", "dimensions", "encoding_format", "task_type", "user", "metadata"})

# What Vertex AI's models make vectors for:
# https://docs.cloud.google.com/vertex-ai/generative-ai/docs/embeddings/task-types
_TASKS = (
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
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
    if body.get("task_type", _TASKS[0]) not in _TASKS:
        raise invalid("task_type", body["task_type"], f"send one of {', '.join(_TASKS)}")
    return ChatRequest(
        model=model,
        messages=[],
        params={key: body[key] for key in ("dimensions", "task_type") if key in body},
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
    listed = given if isinstance(given, list) and not _are_tokens(given) else [given]
    if not listed:
        raise invalid("input", given, "send at least one text")
    if len(listed) > MOST_TEXTS:
        raise Refusal(
            "invalid_request", f"input has {len(listed)} texts: send at most {MOST_TEXTS} in a request", field="input"
        )
    return tuple(_text("input" if listed[0] is given else f"input.{index}", each) for index, each in enumerate(listed))


def _text(where: str, given: object) -> str:
    if isinstance(given, list) and _are_tokens(given):
        return _said_by(where, given)
    if not isinstance(given, str):
        raise invalid(where, given, "send a string, or token ids of cl100k_base")
    if not given:
        raise invalid(where, given, "send a text that is not empty")
    return given


def _are_tokens(given: list[Any]) -> bool:
    return bool(given) and all(is_int(each) for each in given)


def _said_by(where: str, tokens: list[int]) -> str:
    """The text of token ids: in the encoding of all of OpenAI's embedding models, which clients take for unknown ones too."""
    # Takes 30 MiB (LiteLLM's own copy, not fetched), which only a gateway that gets token ids needs.
    from litellm.litellm_core_utils.default_encoding import encoding

    for token in tokens:
        if not 0 <= token < _CL100K_TOKENS:
            raise invalid(where, token, "send text, or token ids of cl100k_base without special tokens")
    return str(encoding.decode(tokens))


def answer_bytes(request: ChatRequest, config: Config) -> int:
    """About how many bytes the vectors of an answer have on their way through the gateway; 0 for other requests."""
    route = config.route(request.model)
    dimensions = request.params.get("dimensions") or (route.models[0].dimensions if route else None)
    return len(request.texts) * (dimensions or 0) * _NUMBER_BYTES
