"""LiteLLM's answer on its way to the client."""

from __future__ import annotations

from .asgi import Headers, Message, Receive, Send, send_refusal
from .call import Call
from .refusals import Refusal

# LiteLLM's own headers name keys, addresses and its float costs.
_HIDDEN_HEADERS = (b"x-litellm-", b"llm_provider-", b"x-ratelimit-", b"retry-after")


class Answer:
    """Passes LiteLLM's answer on, with the guard's headers in place of LiteLLM's."""

    def __init__(self, call: Call, decided: dict[str, str], send: Send) -> None:
        self._call = call
        self._decided = decided
        self._send = send
        self._started = False
        self._replaced = False
        self._ended = False

    async def send(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            self._started = True
            refusal = self._call.refusal
            if refusal is not None and message["status"] >= 400:
                self._replaced = True
                await send_refusal(self._send, refusal, self._decided)
                return
            message = {**message, "headers": self._headers(message.get("headers", []))}
        elif message["type"] == "http.response.body":
            self._ended = not message.get("more_body", False)
        await self._send(message)

    async def watch(self, receive: Receive) -> None:
        """Notes it when the client leaves before its answer is whole."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._call.client_left = not self._ended

    async def cut(self) -> None:
        """Ends an answer that took longer than any call may."""
        if not self._started:
            await send_refusal(
                self._send,
                Refusal("ledger_unavailable", "The answer took too long. Please try again.", retry_after=1),
                self._decided,
            )
        elif not self._ended and not self._replaced:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _headers(self, headers: Headers) -> Headers:
        model = self._call.model
        told = {**self._decided, **({"x-tollgate-model": model.name} if model else {})}
        kept = [(key, value) for key, value in headers if not key.lower().startswith(_HIDDEN_HEADERS)]
        return [*kept, *((key.encode(), value.encode()) for key, value in told.items())]
