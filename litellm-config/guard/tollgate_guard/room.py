"""How many bytes of requests a worker holds at the same time: the memory that it needs grows with them."""

from __future__ import annotations

from .metrics import BYTES_IN_FLIGHT
from .refusals import Refusal


class Room:
    """A worker's room for the bodies of requests, of which one customer may have half.

    Args:
        size: bytes in all. A request that is alone fits, however long it is.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self.by_customer: dict[str, int] = {}

    def place(self) -> Place:
        """The place of a request, empty at first; to be used in a ``with``."""
        return Place(self)


class Place:
    """What one request takes of the room, from its reading to its settlement."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._bytes = 0
        self._customer: str | None = None

    def grow(self, count: int) -> None:
        """Takes room for so many bytes more.

        Raises:
            Refusal: ``gateway_busy``.
        """
        others = self._room.taken - self._bytes
        if others and self._room.taken + count > self._room.size:
            raise Refusal("gateway_busy", retry_after=2)
        self._bytes += count
        self._room.taken += count
        BYTES_IN_FLIGHT.inc(count)

    def belongs_to(self, customer: str) -> None:
        """Counts the request as a customer's.

        Raises:
            Refusal: ``customer_busy``, when the customer's share is used up.
        """
        taken = self._room.by_customer.get(customer, 0)
        if taken and taken + self._bytes > self._room.size // 2:
            raise Refusal("customer_busy", retry_after=2)
        self._room.by_customer[customer] = taken + self._bytes
        self._customer = customer

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *error: object) -> None:
        self._room.taken -= self._bytes
        BYTES_IN_FLIGHT.dec(self._bytes)
        if self._customer is not None:
            left = self._room.by_customer[self._customer] - self._bytes
            if left:
                self._room.by_customer[self._customer] = left
            else:
                del self._room.by_customer[self._customer]
