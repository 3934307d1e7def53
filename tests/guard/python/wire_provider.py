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
    """An answer: ``pieces`` of a body, and how it ends: ``end`` (in order), ``break`` (a reset connection) or ``hang``."""

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    ending: str = "end"
    # Whether not even a status comes before the ending.
    silent: bool = False


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
            lines = [
                f"HTTP/1.1 {reply.status} X",
                f"content-type: {reply.content_type}",
                "transfer-encoding: chunked",
                *(f"{key}: {value}" for key, value in reply.headers),
            ]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
            for piece in reply.pieces:
                if piece:
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
                await asyncio.sleep(0)
        if reply.ending == "hang":
            await reader.read()
        if reply.ending != "end":
            # What was written arrives before the reset.
            await asyncio.sleep(0.02)
            writer.transport.abort()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


def sse(*events: dict[str, Any] | str, named: bool = False) -> tuple[bytes, ...]:
    """The events of a stream, a piece each; ``named`` as Anthropic names them."""
    return tuple(
        (f"event: {event['type']}\n" if named and isinstance(event, dict) else "").encode()
        + f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
        for event in events
    )
