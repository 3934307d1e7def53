"""Images and PDF documents in a request: which are taken, and how many tokens they have at most.

An image's tokens follow from its pixels, by its model's ``images`` in the definitions:

    Anthropic   a token for each patch of 28 x 28 pixels (older pages: width x height / 750), at most 4,784 at the models that
                read images up to 2,576 pixels and 1,600 at older ones
                https://platform.claude.com/docs/en/build-with-claude/vision
    Gemini 3    1,120 at most, unless a resolution above "high" is asked for, which is not possible here
                https://ai.google.dev/gemini-api/docs/media-resolution
    tiles       a base and a price for each tile (OpenAI: 85 and 170 for each 512 x 512), for a self-hosted model
                https://platform.openai.com/docs/guides/images-vision

A document's tokens do not follow from anything in it that can be bounded: its text is compressed, and each provider extracts
it in its own way (https://platform.claude.com/docs/en/build-with-claude/pdf-support). They are counted by the providers, and
a document that is not counted is not sent.

The limits are the strictest of the providers', because a fallback may be at any of them. Remote addresses stay closed: what
is behind one may change between its pricing and its reading.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import imagesize

from .refusals import Refusal, invalid

if TYPE_CHECKING:
    from .config import Model

PDF = "application/pdf"

# By the providers' pages, with what a file of the type begins with.
_SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
# Gemini documents no GIF.
_NOT_TAKEN = {"vertex": frozenset({"image/gif"}), "self_hosted": frozenset({"image/gif"})}

# Anthropic measures an image as it is sent, in base64; Vertex AI takes files of up to 7 MB.
_MOST_ENCODED_BYTES = 5 * 1024 * 1024
_MOST_DOCUMENT_BYTES = 7_000_000
_MOST_PIXELS = 8_000
# Above so many images in a request, each may have fewer pixels on a side.
_MANY_IMAGES, _MOST_PIXELS_OF_MANY = 20, 2_000
_MOST_IMAGES = 100
_MOST_PAGES = 100

# What a provider writes around an image.
_FRAME_TOKENS = 16

_DATA_URL = "send a data URL, data:<type>;base64,<data>: remote addresses and file ids have no bounded price"
_DETAILS = ("auto", "low", "high")


@dataclass(frozen=True)
class Media:
    """An image (pixels) or a document (pages); ``size`` in bytes."""

    type: str
    size: int
    width: int = 0
    height: int = 0
    pages: int = 0


# What files are, by type and content: a request's file is read at each step up to its provider, and again at every turn.
_READ: dict[tuple[str, bytes], Media] = {}
_MOST_READ = 1_000


def read_media(media_type: str, data: str, where: str) -> Media:
    """What a file in base64 is. The same file is decoded and parsed once.

    Raises:
        Refusal: with the field, its value and the remedy.
    """
    kinds = (*_SIGNATURES, PDF)
    if media_type not in kinds:
        raise invalid(where, media_type, f"send one of {', '.join(kinds)}: no other type has a bounded price")
    key = (media_type, hashlib.sha256(data.encode("utf-8", "surrogatepass")).digest())
    if known := _READ.get(key):
        return known
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(
            "invalid_request", f"{where} is not base64: encode the whole file, without spaces", field=where
        ) from None
    media = _document(raw, where) if media_type == PDF else _image(media_type, raw, len(data), where)
    if len(_READ) >= _MOST_READ:
        _READ.clear()
    _READ[key] = media
    return media


def _image(media_type: str, raw: bytes, encoded: int, where: str) -> Media:
    if encoded > _MOST_ENCODED_BYTES:
        raise invalid(where, f"{encoded} bytes in base64", f"send at most {_MOST_ENCODED_BYTES}: scale the image down")
    real = next((kind for kind, begins in _SIGNATURES.items() if raw.startswith(begins)), None)
    if real != media_type:
        raise invalid(where, media_type, f"the file is {real or 'of an unsupported type'}: name its own type")
    try:
        width, height = imagesize.get(io.BytesIO(raw))
    except Exception:  # Whatever a broken file makes of the parser.
        width = height = -1
    if width < 1 or height < 1:
        raise invalid(where, media_type, "its size in pixels cannot be read: send a whole image")
    if max(width, height) > _MOST_PIXELS:
        raise invalid(
            where, f"{width} x {height} pixels", f"send at most {_MOST_PIXELS} on a side: scale the image down"
        )
    return Media(media_type, len(raw), int(width), int(height))


def _document(raw: bytes, where: str) -> Media:
    if len(raw) > _MOST_DOCUMENT_BYTES:
        raise invalid(where, f"{len(raw)} bytes", f"send at most {_MOST_DOCUMENT_BYTES}: split the document")
    # Slow to import, and needed here only.
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(raw), strict=False) if raw.startswith(b"%PDF-") else None
        locked = reader is not None and reader.is_encrypted
        pages = len(reader.pages) if reader is not None and not locked else 0
    except Exception:  # pypdf's, and what a broken file makes of it.
        reader, locked, pages = None, False, 0
    if locked:
        raise invalid(where, PDF, "it has a password or is encrypted: send it without")
    if pages < 1:
        raise invalid(where, PDF, "its pages cannot be read: send a whole PDF")
    return Media(PDF, len(raw), pages=pages)


def image_part(url: object, where: str, detail: object = None) -> dict[str, Any]:
    """A chat completion's part of an image.

    Args:
        url: its data URL.
        where: the field of the URL.

    Raises:
        Refusal: with the field, its value and the remedy.
    """
    if detail not in (None, *_DETAILS):
        raise invalid(f"{where.rpartition('.')[0]}.detail", detail, f"send one of {', '.join(_DETAILS)}")
    media_type, data = split_data_url(url, where)
    if media_type == PDF:
        raise invalid(where, media_type, "send it as a document")
    read_media(media_type, data, where)
    kept = {"url": f"data:{media_type};base64,{data}", **({"detail": detail} if detail in ("low", "high") else {})}
    return {"type": "image_url", "image_url": kept}


def document_part(url: object, where: str, name: object = None) -> dict[str, Any]:
    """A chat completion's part of a PDF.

    Args:
        url: its data URL.
        where: the field of the URL.

    Raises:
        Refusal: with the field, its value and the remedy.
    """
    if not isinstance(name, (str, type(None))):
        raise invalid(f"{where.rpartition('.')[0]}.filename", name, "send a string")
    media_type, data = split_data_url(url, where)
    if media_type != PDF:
        raise invalid(where, media_type, f"send {PDF}, an image as an image, and a text as text")
    read_media(media_type, data, where)
    # OpenAI's wire wants a name.
    return {"type": "file", "file": {"filename": name or "document.pdf", "file_data": f"data:{PDF};base64,{data}"}}


def check_fields(given: dict[str, Any], known: Iterable[str], where: str) -> None:
    """Refuses fields of a file that are not known, such as its id or its address."""
    for key in given.keys() - set(known):
        if given[key] is not None:
            raise invalid(f"{where}.{key}", given[key], _DATA_URL if key in ("file_id", "file_url") else "leave it out")


def split_data_url(url: object, where: str) -> tuple[str, str]:
    """The media type and the base64 of a data URL.

    Raises:
        Refusal: it is not one.
    """
    head, comma, data = url.partition(",") if isinstance(url, str) else ("", "", "")
    kind, _, encoding = head.partition(";")
    if not kind.lower().startswith("data:") or not comma or encoding.rpartition(";")[2].lower() != "base64":
        raise invalid(where, url, _DATA_URL)
    return kind[len("data:") :].lower().replace("image/jpg", "image/jpeg"), data


def media_of(messages: Iterable[dict[str, Any]]) -> tuple[Media, ...]:
    """The images and documents of checked messages.

    Raises:
        Refusal: they are too many together.
    """
    found: list[Media] = []
    for at, message in enumerate(messages):
        content = message.get("content")
        for index, part in enumerate(content if isinstance(content, list) else []):
            if part["type"] in ("image_url", "file"):
                url = part["image_url"]["url"] if part["type"] == "image_url" else part["file"]["file_data"]
                found.append(read_media(*split_data_url(url, ""), f"messages.{at}.content.{index}"))
    _check_together(found)
    return tuple(found)


def _check_together(found: list[Media]) -> None:
    images = [each for each in found if not each.pages]
    if len(images) > _MOST_IMAGES:
        raise invalid("messages", f"{len(images)} images", f"send at most {_MOST_IMAGES} in a request")
    widest = max((max(each.width, each.height) for each in images), default=0)
    if len(images) > _MANY_IMAGES and widest > _MOST_PIXELS_OF_MANY:
        remedy = f"with more than {_MANY_IMAGES} images, send at most {_MOST_PIXELS_OF_MANY} pixels on a side"
        raise invalid("messages", f"an image of {widest} pixels", remedy)
    pages = sum(each.pages for each in found)
    if pages > _MOST_PAGES:
        raise invalid("messages", f"{pages} pages of documents", f"send at most {_MOST_PAGES} in a request")


def lacks(model: Model, media: Iterable[Media]) -> str | None:
    """The type of file that a model does not take; None where it takes all."""
    for each in media:
        takes = model.documents if each.pages else model.images is not None
        if not takes or each.type in _NOT_TAKEN.get(model.provider, ()):
            return each.type
    return None


def image_tokens(model: Model, media: Iterable[Media]) -> int:
    """The most tokens that the images can have at a model. Documents are not among them: they are counted."""
    total = 0
    for each in media:
        if not each.pages:
            # A model without a price for images gets none: `lacks` refuses the request.
            total += _FRAME_TOKENS + (model.images.most_tokens(each.width, each.height) if model.images else 0)
    return total


def described(messages: Any) -> Any:
    """Messages with the type of each file in the place of its data, for a trace and for the bound of their text."""
    if not isinstance(messages, list):
        return messages
    return [_described(message) for message in messages]


def _described(message: Any) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    return {**message, "content": [_shown(part) for part in content]}


def _shown(part: Any) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "image_url":
        url = part["image_url"]["url"] if isinstance(part["image_url"], dict) else part["image_url"]
    elif kind == "file":
        url = part["file"].get("file_data", "")
    else:
        return part
    return {
        "type": "text",
        "text": f"[{str(url)[:40].partition(';')[0].removeprefix('data:')}, {len(str(url))} bytes in base64]",
    }
