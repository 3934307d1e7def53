"""The little of ASGI that the gate needs: the types, a body read and replayed, a refusal sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .refusals import Refusal

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_MAX_BODY_BYTES = 8 * 1024 * 1024


async def receive_body(receive: Receive, grow: Callable[[int], None]) -> bytes:
    """The whole body of a request.

    Args:
        grow: called with the number of bytes of each part; may refuse it.

    Raises:
        Refusal: ``invalid_request``, when it is too long or its client has left.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal("invalid_request", "The client left before its request was whole", field="body")
        part = message.get("body", b"")
        grow(len(part))
        body += part
        if len(body) > _MAX_BODY_BYTES:
            raise Refusal(
                "invalid_request", f"The body is longer than {_MAX_BODY_BYTES} bytes: shorten it", field="body"
            )
        if not message.get("more_body", False):
            return bytes(body)


class Client:
    """Whether the client of a request, whose body is read, still waits for its answer. Must be closed.

    Attributes:
        on_leave: called once when the client leaves.
    """

    def __init__(self, receive: Receive) -> None:
        self.left = False
        self.on_leave: Callable[[], None] = lambda: None
        self._watcher = asyncio.get_running_loop().create_task(self._watch(receive))

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self.on_leave()

    def close(self) -> None:
        """Watches no longer."""
        self._watcher.cancel()


def replay(body: bytes) -> Receive:
    """The body, and then nothing: no disconnection either."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        forever: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await forever

    return receive


async def send_refusal(send: Send, refusal: Refusal, headers: dict[str, str], body: bytes) -> None:
    """Sends a refusal as the whole answer, with the decision's headers where there is one; ``body`` is in the client's words."""
    sent = {
        **headers,
        **({"x-tollgate-decision": "refused", "x-tollgate-reason": refusal.code} if headers else {}),
        **refusal.headers(),
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    await send(
        {
            "type": "http.response.start",
            "status": refusal.status,
            "headers": [(key.encode(), value.encode()) for key, value in sent.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, body: bytes) -> None:
    """Sends a document as the whole answer."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
