"""OpenAI's embeddings. LiteLLM's answer has vectors of numbers; clients may want them packed."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator

from ..refusals import Refusal
from .dialect import ChatCompletions, Json, Writer


class Embeddings(ChatCompletions):
    """``POST /v1/embeddings``."""

    embeds = True

    def writer(self, body: Json) -> Writer | None:
        return Packed() if body.get("encoding_format") == "base64" else None


class Packed:
    """Vectors as base64 of their numbers, 32-bit floats in little-endian order."""

    def whole(self, answer: Json) -> Json:
        for each in answer["data"]:
            numbers = each["embedding"]
            each["embedding"] = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
        return answer

    def chunk(self, chunk: Json) -> Iterator[bytes]:
        yield json.dumps(chunk).encode()

    def end(self) -> Iterator[bytes]:
        yield from ()

    def failed(self, refusal: Refusal) -> bytes:
        return refusal.body()
