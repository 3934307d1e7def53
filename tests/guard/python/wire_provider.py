"""A provider on a loopback port that answers as configured, down to the bytes, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """An answer: ``pieces`` of a body, and how it ends.

    Attributes:
        ending: ``end`` (in order), ``close`` (before its framing says so), ``break`` (a reset connection), ``hang``, or
            ``forever`` (the last piece comes again until the gateway closes the connection).
        silent: whether not even a status comes before the ending.
        before: what comes before the head.
        framing: ``chunked``, ``trailers`` (after the last chunk), ``closed`` (HTTP/1.0, ended by the connection's end),
            ``length``, or a number by which the length that the head names differs from the body's.
        pause: seconds before each byte.
    """

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    ending: str = "end"
    silent: bool = False
    before: bytes = b""
    framing: str | int = "chunked"
    pause: float = 0

    @property
    def chunked(self) -> bool:
        return self.framing in ("chunked", "trailers")

    @property
    def head(self) -> bytes:
        length = sum(map(len, self.pieces)) + (self.framing if isinstance(self.framing, int) else 0)
        frame = "transfer-encoding: chunked" if self.chunked else f"content-length: {length}"
        lines = [
            f"HTTP/1.{0 if self.framing == 'closed' else 1} {self.status} X",
            f"content-type: {self.content_type}",
            *([] if self.framing == "closed" else [frame]),
            *(f"{key}: {value}" for key, value in self.headers),
        ]
        return self.before + "\r\n".join(lines).encode() + b"\r\n\r\n"

    def framed(self, piece: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(piece), piece) if self.chunked else piece


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class WireProvider:
    """Answers each request by ``answer``, but does not count prompts."""

    answer: Callable[[Asked], Reply] = field(default=lambda asked: Reply(status=500))
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        _, path, _ = head[0].split(" ")
        headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(path, headers, json.loads(raw or b"{}"))
        if path.endswith(("/count_tokens", ":countTokens")):
            reply = Reply(status=404)
        else:
            self.asked.append(asked)
            reply = self.answer(asked)
        if not reply.silent:
            writer.write(reply.head)
            for piece in reply.pieces:
                for part in [piece] if reply.pause == 0 else [bytes([each]) for each in piece]:
                    if part:
                        writer.write(reply.framed(part))
                    await writer.drain()
                    await asyncio.sleep(reply.pause)
        while reply.ending == "forever" and not writer.is_closing():
            writer.write(reply.framed(reply.pieces[-1]))
            await writer.drain()
            await asyncio.sleep(0.02)
        if reply.ending == "hang":
            await reader.read()
        if reply.ending in ("break", "hang", "close"):
            # What was written arrives before that.
            await asyncio.sleep(0.02)
            if reply.ending != "close":
                writer.transport.abort()
            return False
        if reply.ending == "end" and reply.chunked:
            writer.write(b"0\r\nx-usage: none\r\n\r\n" if reply.framing == "trailers" else b"0\r\n\r\n")
        await writer.drain()
        return reply.ending == "end" and reply.framing != "closed" and not isinstance(reply.framing, int)


def sse(*events: dict[str, Any] | str, named: bool = False) -> tuple[bytes, ...]:
    """The events of a stream, a piece each; ``named`` as Anthropic names them."""
    return tuple(
        (f"event: {event['type']}\n" if named and isinstance(event, dict) else "").encode()
        + f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
        for event in events
    )
