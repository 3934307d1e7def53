"""LiteLLM's answer on its way to the client."""

from __future__ import annotations

from .asgi import Headers, Message, Receive, Send, send_refusal
from .call import Call
from .failures import failure_of
from .parameters import dropped
from .refusals import Refusal

# LiteLLM's own headers name keys, addresses and its float costs.
_HIDDEN_HEADERS = (b"x-litellm-", b"llm_provider-", b"x-ratelimit-", b"retry-after")

# How LiteLLM begins the event of an error in a stream.
_ERROR_EVENT = b'data: {"error"'


class Answer:
    """Passes LiteLLM's answer on, with the guard's headers and errors in place of LiteLLM's."""

    def __init__(self, call: Call, decided: dict[str, str], send: Send) -> None:
        self._call = call
        self._decided = decided
        self._send = send
        self._started = False
        self._replaced = False
        self._ended = False

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
        elif message["type"] == "http.response.body":
            self._ended = not message.get("more_body", False)
            if bytes(message.get("body", b"")).startswith(_ERROR_EVENT):
                message = {**message, "body": b"data: " + failure_of(self._call, 500).body() + b"\n\n"}
        await self._send(message)

    async def watch(self, receive: Receive) -> None:
        """Notes it when the client leaves before its answer is whole."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._call.client_left = not self._ended

    async def cut(self, refusal: Refusal) -> None:
        """Ends an answer that LiteLLM does not end; one that has not begun becomes a refusal."""
        if not self._started:
            await self._refuse(refusal)
        elif not self._ended and not self._replaced:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refuse(self, refusal: Refusal) -> None:
        # A client that repeats by itself what the provider may have billed would pay for it again.
        again = {"x-should-retry": "false"} if any(each.charged for each in self._call.attempts) else {}
        await send_refusal(self._send, refusal, {**self._decided, **again})

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
