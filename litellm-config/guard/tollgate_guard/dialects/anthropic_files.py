"""Image and document blocks of Anthropic's Messages as a chat completion's parts."""

from __future__ import annotations

from ..media import PDF, document_part, image_part
from ..refusals import invalid
from .dialect import Json

_SOURCE = 'send a source of type "base64": remote addresses and file ids have no bounded price'


def file_parts(block: Json, where: str) -> list[Json] | None:
    """The parts of a block, the file last; None where it is neither an image nor a document.

    Raises:
        Refusal: with the field, its value and the remedy.
    """
    kind = block.get("type")
    if kind not in ("image", "document"):
        return None
    known = {"type", "source", "cache_control", *(("title", "context", "citations") if kind == "document" else ())}
    for key in block.keys() - known:
        if block[key] is not None:
            raise invalid(f"{where}.{key}", block[key], "leave it out")
    source = block.get("source")
    if not isinstance(source, dict):
        raise invalid(f"{where}.source", source, _SOURCE)
    return _image(source, f"{where}.source") if kind == "image" else _document(block, source, where)


def _image(source: Json, where: str) -> list[Json]:
    if source.get("media_type") == PDF:
        raise invalid(f"{where}.media_type", PDF, "send it as a block of type document")
    return [image_part(_url(source, where), f"{where}.data")]


def _document(block: Json, source: Json, where: str) -> list[Json]:
    citations = block.get("citations")
    if isinstance(citations, dict) and citations.get("enabled"):
        raise invalid(f"{where}.citations", citations, "leave it out: citations do not come through the gateway")
    about: list[Json] = []
    for key in ("title", "context"):
        text = block.get(key)
        if not isinstance(text, (str, type(None))):
            raise invalid(f"{where}.{key}", text, "send a string")
        if text:
            about.append({"type": "text", "text": text})
    if source.get("type") == "text":
        if not isinstance(source.get("data"), str) or not source["data"]:
            raise invalid(f"{where}.source.data", source.get("data"), "send a text")
        return [*about, {"type": "text", "text": source["data"]}]
    return [*about, document_part(_url(source, f"{where}.source"), f"{where}.source.data")]


def _url(source: Json, where: str) -> str:
    if source.get("type") != "base64":
        raise invalid(f"{where}.type", source.get("type"), _SOURCE)
    for key in ("media_type", "data"):
        if not isinstance(source.get(key), str):
            raise invalid(f"{where}.{key}", source.get(key), "send a string")
    return f"data:{source['media_type']};base64,{source['data']}"
