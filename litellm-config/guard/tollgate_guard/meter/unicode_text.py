"""Replaces halves of characters in answers: JSON allows them, UTF-8 does not, and LiteLLM fails to serialise them."""

from __future__ import annotations

import codecs
import re

# Whole escapes in JSON: one that is cut off at the end, a pair of surrogates, half of one, and any other.
_ESCAPE = re.compile(
    r"(?P<tail>\\(?:u(?:[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?|[0-9a-fA-F]{0,3}))?\Z)"
    r"|(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|\\.",
    re.DOTALL,
)
_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_REPLACEMENT = r"\ufffd"


# Bytes of a pair's escapes, less the last.
_LONGEST_TAIL = 11


def _may_hold_half(data: bytes) -> bool:
    return b"\\ud" in data or b"\\uD" in data or b"\\" in data[-_LONGEST_TAIL:]


class WholeCharacters:
    """Puts U+FFFD in the place of half a character, escaped or in bytes. ``feed`` takes the answer in any pieces."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        # The beginning of an escape whose end has not arrived.
        self._tail = ""
        self._plain = True

    def feed(self, data: bytes) -> bytes:
        if self._plain and data.isascii() and not _may_hold_half(data):
            return data
        return self._mend(self._decoder.decode(data))

    def end(self) -> bytes:
        """The rest, at the end of the answer."""
        tail, self._tail = self._tail + self._decoder.decode(b"", True), ""
        return _HALF.sub(lambda _: _REPLACEMENT, tail).encode()

    def _mend(self, text: str) -> bytes:
        text, self._tail = self._tail + text, ""
        mended = _ESCAPE.sub(self._whole, text)
        self._plain = not self._tail and self._decoder.getstate()[0] == b""
        return mended.encode()

    def _whole(self, found: re.Match[str]) -> str:
        if found["tail"] is not None:
            self._tail = found["tail"]
            return ""
        return _REPLACEMENT if found["half"] else found[0]
