"""The meter's place: the transports of httpx, below every client that LiteLLM has.

LiteLLM's own handlers, the OpenAI SDK's client and redirections all end in ``handle_async_request`` of one of two classes;
there each request is one request on the wire, whoever repeats it and why.
"""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import aiohttp
import httpcore
import httpx
from litellm.llms.custom_httpx.aiohttp_transport import LiteLLMAiohttpTransport

from ..call import Call, NotSent, current_call
from ..config import Config, Model
from ..log import log
from .answers import AnswerReader
from .attempt import Attempt
from .embeddings import ask_for_each
from .endings import Ending, ending_of_status
from .providers import Provider, Providers
from .rehearsal import answer_here, rehearsing
from .report import report_not_sent
from .unicode_text import WholeCharacters
from .wire_request import UnboundedRequest, WireRequest
from .wires import read_wire_request

_Send = Callable[[Any, httpx.Request], Awaitable[httpx.Response]]

# What goes on of LiteLLM's headers; the rest could name a customer, a session or a trace.
_KEPT_HEADERS = ("content-type", "accept", "user-agent", "anthropic-version", "anthropic-beta")

# What LiteLLM gets to see of an answer's headers. Without `retry-after`, for it would sleep through it, twice.
_SEEN_HEADERS = ("content-type", "request-id", "x-request-id")

# The OpenAI SDK below LiteLLM repeats by itself, for embeddings whatever LiteLLM's configuration says, but not with this.
_NO_RETRY = {"x-should-retry": "false"}

# LiteLLM's one kind of error that it does not repeat at the same model.
_NOT_REPEATED = 408

# Free endpoints, that count a prompt's tokens.
_COUNTS = ("/v1/messages/count_tokens", ":countTokens")

# Bytes of a provider's error that LiteLLM gets to see, and for how long they are waited for.
_MOST_ERROR_BYTES = 64 * 1024
_ERROR_SECONDS = 2.0

# The longest time to wait that is taken from a provider, and passed on to the client.
_LONGEST_RETRY_SECONDS = 86_400.0


class Meter:
    """Measures every request to a provider. One for each process."""

    def __init__(self, config: Config, providers: Providers) -> None:
        self._config = config
        self._providers = providers
        self._counter: httpx.AsyncClient | None = None

    def install(self) -> None:
        """Puts the meter into the transports; from then on no request to a provider goes around it."""
        for transport in (httpx.AsyncHTTPTransport, LiteLLMAiohttpTransport):
            transport.handle_async_request = self._wrap(transport.handle_async_request)  # type: ignore[method-assign]
        httpx.HTTPTransport.handle_request = self._refuse(httpx.HTTPTransport.handle_request)  # type: ignore[method-assign]

    async def count(self, provider: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Has a provider count a prompt, which is free, and outside of any call; its status and body (see counting.Post)."""
        if self._counter is None:
            self._counter = httpx.AsyncClient()
        headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        url = f"https://{provider}.meter.invalid{path}"
        response = await self._counter.post(url, content=body, headers=headers)
        return response.status_code, response.content

    def _wrap(self, send: _Send) -> Any:
        async def handle_async_request(transport: Any, request: httpx.Request) -> httpx.Response:
            provider = self._providers.at(request.url.host)
            if provider is None:
                return await send(transport, request)
            return await self._measure(provider, request, lambda final: send(transport, final))

        return handle_async_request

    def _refuse(self, send: Callable[[Any, httpx.Request], httpx.Response]) -> Any:
        def handle_request(transport: Any, request: httpx.Request) -> httpx.Response:
            if self._providers.at(request.url.host) is not None:
                raise LookupError("Providers are asked by asynchronous clients only: others are not measured")
            return send(transport, request)

        return handle_request

    async def _measure(
        self, provider: Provider, request: httpx.Request, send: Callable[[httpx.Request], Awaitable[httpx.Response]]
    ) -> httpx.Response:
        if request.url.path.endswith(_COUNTS):
            return await send(await self._final(provider, request, await request.aread()))
        call = current_call.get()
        if call is None:
            raise LookupError("No request to a provider without a reservation")
        try:
            wire = read_wire_request(provider.wire, request.url.path, await request.aread())
            if rehearsing.get():
                return answer_here(provider.wire, request, wire)
            model = self._priced(provider, wire)
        except UnboundedRequest as reason:
            return _not_sent(call, "none", provider, request, reason)
        if wire.texts and provider.wire == "vertex":
            response = await ask_for_each(
                wire, call.vectors, lambda part: self._attempt(call, model, provider, request, part, send)
            )
            response.request = request
            return response
        return await self._attempt(call, model, provider, request, wire, send)

    async def _attempt(
        self,
        call: Call,
        model: Model,
        provider: Provider,
        request: httpx.Request,
        wire: WireRequest,
        send: Callable[[httpx.Request], Awaitable[httpx.Response]],
    ) -> httpx.Response:
        try:
            attempt = await call.begin(model, wire)
        except NotSent as reason:
            return _not_sent(call, model.name, provider, request, reason)
        try:
            final = await self._final(provider, request, wire.body)
        except BaseException:
            attempt.end(Ending.UNSENT)
            raise
        try:
            response = await send(final)
        except BaseException as error:
            attempt.error = _name(error)
            attempt.end(_ending_of(error))
            if attempt.charged and isinstance(error, Exception):
                # Some of LiteLLM's clients repeat a broken connection by themselves.
                return _in_place(request, _NOT_REPEATED, "broken")
            raise
        return await self._answer(call, attempt, provider, request, response)

    def _priced(self, provider: Provider, wire: WireRequest) -> Model:
        model = self._config.models.get(wire.model)
        if model is None or provider.serves not in (None, model.provider):
            raise UnboundedRequest(f"{wire.model} has no price at {provider.name}")
        if model.embeds != bool(wire.texts):
            raise UnboundedRequest(f"{wire.model} {'makes' if model.embeds else 'does not make'} embeddings")
        return model

    async def _final(self, provider: Provider, request: httpx.Request, body: bytes) -> httpx.Request:
        path = request.url.raw_path.decode("ascii")
        headers = {key: request.headers[key] for key in _KEPT_HEADERS if key in request.headers}
        # Compressed, an answer could not be read as it comes.
        headers["accept-encoding"] = "identity"
        headers.update(await self._providers.headers(provider))
        return httpx.Request(
            request.method,
            _url(provider.address(path) + path),
            headers=headers,
            content=body,
            extensions=request.extensions,
        )

    async def _answer(
        self, call: Call, attempt: Attempt, provider: Provider, request: httpx.Request, response: httpx.Response
    ) -> httpx.Response:
        attempt.status = response.status_code
        headers = {key: response.headers[key] for key in _SEEN_HEADERS if key in response.headers}
        if response.status_code >= 300:
            attempt.end(ending_of_status(response.status_code))
            if (seconds := _seconds(response.headers.get("retry-after"))) is not None:
                call.ask_again_after(attempt.model, seconds)
            body = await _beginning(response)
            # A redirection would carry the prompt to an address that is not the provider's.
            status = response.status_code if response.status_code >= 400 else 502
            return httpx.Response(status, headers={**headers, **_NO_RETRY}, content=body, request=request)
        # Whatever success it is called: some of LiteLLM's clients take no other.
        success = 200
        reader = AnswerReader(provider.wire, attempt.request.stream)
        attempt.answer = reader
        stream = MeteredStream(response, attempt, reader)
        if attempt.request.stream:
            return httpx.Response(success, headers=headers, stream=stream, request=request)
        whole = bytearray()
        try:
            async for chunk in stream:
                whole += chunk
        except Exception:
            await response.aclose()
            if attempt.ending is not Ending.COMPLETE:
                return _in_place(request, _NOT_REPEATED, "broken")
        return httpx.Response(success, headers=headers, content=bytes(whole), request=request)


@lru_cache(maxsize=256)
def _url(address: str) -> httpx.URL:
    """An address as httpx has it: parsing it takes two fifths of making a request, and each model has only a few."""
    return httpx.URL(address)


class NotWhole(httpx.ReadError):
    """An answer that the provider ended as if it were whole, and that is not; or that it does not end."""


class MeteredStream(httpx.AsyncByteStream):
    """Passes an answer on, and ends its attempt when the answer ends, however that is."""

    def __init__(self, response: httpx.Response, attempt: Attempt, reader: AnswerReader) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        self._response = response
        self._attempt = attempt
        self._reader = reader
        self._source = response.stream.__aiter__()
        self._decode = _decoder(response.headers.get("content-encoding", "identity"))
        self._text = WholeCharacters()
        attempt.rest = self._rest
        attempt.leave = response.aclose

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (data := await self._next()) is not None:
            if data:
                yield data
        if self._attempt.ending not in (Ending.COMPLETE, Ending.NO_USAGE):
            raise NotWhole(f"The provider's answer is not whole ({self._attempt.ending})")

    async def aclose(self) -> None:
        """LiteLLM listens no more. What is still to come is read when the call is settled."""
        if self._reader.whole and self._reader.counters.complete:
            self._attempt.end(Ending.COMPLETE)
        if self._attempt.ending is not None:
            await self._response.aclose()

    async def _next(self) -> bytes | None:
        """The next piece, None at the end."""
        try:
            data = self._text.feed(self._decode(await self._source.__anext__()))
            # A plain answer is kept whole in memory.
            if self._attempt.endless or (self._reader.too_long and not self._attempt.request.stream):
                raise NotWhole("The provider's answer does not end")
        except StopAsyncIteration:
            if rest := self._text.end():
                self._reader.feed(rest)
                return rest
            self._reader.end()
            self._attempt.end(_ending_of_whole(self._reader))
            return None
        except BaseException as error:
            self._reader.end()
            self._attempt.error = _name(error)
            self._attempt.end(_ending_of(error))
            if isinstance(error, NotWhole):
                await self._response.aclose()
            raise
        self._reader.feed(data)
        return data

    async def _rest(self) -> None:
        try:
            while await self._next() is not None:
                pass
        finally:
            await self._response.aclose()


def _ending_of_whole(reader: AnswerReader) -> Ending:
    """How an answer ended whose body came to its end."""
    if reader.error is not None:
        return Ending.ERROR_IN_ANSWER
    if reader.received == 0:
        return Ending.EMPTY
    if not reader.understood:
        return Ending.UNREADABLE
    return Ending.COMPLETE if reader.whole else Ending.CUT


def _name(error: BaseException) -> str:
    """The error's class, below what LiteLLM's transport makes of it."""
    return type(error.__cause__ or error).__name__


def _ending_of(error: BaseException) -> Ending:
    """How an attempt ended that raised an error.

    Only what the error was raised from counts: its context may be that of an earlier attempt.
    """
    if isinstance(error, (NotWhole, zlib.error)):
        return Ending.UNREADABLE
    chain: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in chain:
        chain.append(each)
        each = each.__cause__
    if any(isinstance(each, _UNSENT) for each in chain):
        return Ending.UNSENT
    if any(isinstance(each, _LATE) for each in chain):
        return Ending.TIMEOUT
    return Ending.BROKEN


# Of no other error is it certain that nothing was sent: aiohttp's ClientOSError, which LiteLLM calls a ConnectError as well,
# may come at any time.
_UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
)
_LATE = (httpx.TimeoutException, TimeoutError, asyncio.TimeoutError, asyncio.CancelledError, GeneratorExit)


def _decoder(encoding: str) -> Callable[[bytes], bytes]:
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return lambda data: data
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Members().decompress

    def refuse(data: bytes) -> bytes:
        raise NotWhole(f"The provider's answer is encoded as {encoding}, which was not asked for")

    return refuse


class _Members:
    """Decompresses a body that may have several gzip members, one after the other."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def decompress(self, data: bytes) -> bytes:
        found = bytearray()
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 32)
            found += self._member.decompress(data)
            data = self._member.unused_data
        return bytes(found)


def _seconds(retry_after: str | None) -> float | None:
    """Seconds of a ``retry-after`` header, which may be a date; None where it has none."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_SECONDS) if seconds == seconds else None


async def _beginning(response: httpx.Response) -> bytes:
    """The beginning of an error's body; what does not come soon is left out."""
    body = bytearray()

    async def read() -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for chunk in response.stream:
            body.extend(chunk)
            if len(body) > _MOST_ERROR_BYTES:
                break

    try:
        await asyncio.wait_for(read(), _ERROR_SECONDS)
    except Exception as error:
        log("debug", "provider.error", f"The body of an error broke off: {type(error).__name__}")
    finally:
        await response.aclose()
    return bytes(body)


def _not_sent(call: Call, model: str, provider: Provider, request: httpx.Request, reason: Exception) -> httpx.Response:
    who, tier = call.request.identity, call.decision.tier
    report_not_sent(model, provider.serves or provider.name, str(reason), who, tier, call.id)
    return _in_place(request, 400, "not_sent")


def _in_place(request: httpx.Request, status: int, kind: str) -> httpx.Response:
    """The answer that LiteLLM gets in the place of one from the provider."""
    error = {"type": kind, "message": f"tollgate: {kind}"}
    return httpx.Response(
        status,
        headers={"content-type": "application/json", **_NO_RETRY},
        content=json.dumps({"type": "error", "error": error}).encode(),
        request=request,
    )
