"""LiteLLM's answer on its way to the client."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .asgi import Headers, Message, Send, send_refusal
from .call import Call
from .dialects.dialect import Dialect, Writer
from .failures import failure_of
from .parameters import dropped
from .refusals import Refusal

# LiteLLM's own headers name keys, addresses and its float costs.
_HIDDEN_HEADERS = (b"x-litellm-", b"llm_provider-", b"x-ratelimit-", b"retry-after")

# How LiteLLM begins the event of an error in a stream, and how it ends one.
_ERROR_EVENT = b'data: {"error"'
_DONE = b"[DONE]"


class Answer:
    """Passes LiteLLM's answer on in the client's dialect, with the guard's headers and errors in place of LiteLLM's."""

    def __init__(
        self, call: Call, decided: dict[str, str], send: Send, dialect: Dialect, writer: Writer | None = None
    ) -> None:
        self._call = call
        self._decided = decided
        self._send = send
        self._dialect = dialect
        self._writer = writer
        self._started = False
        self._replaced = False
        self._ended = False
        # What came of a line of a stream, or of a whole answer, that is to be written in another dialect.
        self._rest = bytearray()
        # The beginning of an answer that waits for that.
        self._start: Message = {}

    async def send(self, message: Message) -> None:
        """Takes a message of LiteLLM's answer."""
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            self._started = True
            if message["status"] >= 400:
                self._replaced = True
                self._ended = True
                await self._refuse(failure_of(self._call, message["status"]))
                return
            message = {**message, "headers": self._headers(message.get("headers", []))}
            if self._writer is not None and not self._call.request.stream:
                # Its length is known only when it is written.
                self._start = message
                return
        elif message["type"] == "http.response.body":
            self._ended = not message.get("more_body", False)
            message = {**message, "body": self._body(bytes(message.get("body", b"")))}
            if self._writer is not None and not self._call.request.stream:
                await self._send_whole(self._writer)
                return
        await self._send(message)

    def client_left(self) -> None:
        """The client leaves, perhaps before its answer is whole."""
        self._call.client_left = not self._ended

    async def cut(self, refusal: Refusal) -> None:
        """Ends an answer that LiteLLM does not end; one that has not begun becomes a refusal, a stream ends with its error."""
        if not self._started or self._start:
            await self._refuse(refusal)
        elif not self._ended and not self._replaced:
            failed = self._writer.failed(refusal) if self._writer else b"data: " + refusal.body() + b"\n\n"
            await self._send({"type": "http.response.body", "body": failed if self._call.request.stream else b""})

    def _body(self, data: bytes) -> bytes:
        """A piece of the answer in the client's dialect."""
        if self._writer is None:
            if data.startswith(_ERROR_EVENT):
                return b"data: " + failure_of(self._call, 500).body() + b"\n\n"
            return data
        self._rest += data
        if not self._call.request.stream:
            return b""
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        return b"".join(piece for line in lines for piece in self._event(self._writer, line.strip()))

    def _event(self, writer: Writer, line: bytes) -> Iterator[bytes]:
        if not line.startswith(b"data:"):
            return
        data = line[5:].strip()
        if data == _DONE:
            yield from writer.end()
            return
        chunk = json.loads(data)
        if "error" in chunk:
            yield writer.failed(failure_of(self._call, 500))
        else:
            yield from writer.chunk(chunk)

    async def _send_whole(self, writer: Writer) -> None:
        if not self._ended:
            return
        body = json.dumps(writer.whole(json.loads(self._rest)), ensure_ascii=False).encode()
        start, self._start = self._start, {}
        kept = [(key, value) for key, value in start["headers"] if key.lower() != b"content-length"]
        await self._send({**start, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
        await self._send({"type": "http.response.body", "body": body})

    async def _refuse(self, refusal: Refusal) -> None:
        # A client that repeats by itself what the provider may have billed would pay for it again.
        again = {"x-should-retry": "false"} if any(each.charged for each in self._call.attempts) else {}
        await send_refusal(self._send, refusal, {**self._decided, **again}, self._dialect.error(refusal))

    def _headers(self, headers: Headers) -> Headers:
        call = self._call
        added = dict(self._decided)
        if call.model:
            added["x-tollgate-model"] = call.model.name
        names = list(call.request.left_out)
        if call.attempts:
            names += dropped(call.request.params, call.attempts[-1].request.keys)
        if names:
            added["x-tollgate-dropped"] = ", ".join(names)
        kept = [(key, value) for key, value in headers if not key.lower().startswith(_HIDDEN_HEADERS)]
        return [*kept, *((key.encode(), value.encode()) for key, value in added.items())]
