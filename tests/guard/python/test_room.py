"""The bytes of requests that a worker holds at the same time."""

from __future__ import annotations

import pytest

from tollgate_guard.refusals import Refusal
from tollgate_guard.room import Room


def test_requests_fit_until_the_room_is_full_and_leave_it_as_they_found_it() -> None:
    room = Room(100)
    with room.place() as one:
        one.grow(60)
        with room.place() as two, pytest.raises(Refusal) as refused:
            two.grow(40)
            two.grow(1)
        assert (refused.value.status, refused.value.code, room.taken) == (503, "gateway_busy", 60)
        with room.place() as three:
            three.grow(40)
    assert (room.taken, room.by_customer) == (0, {})


def test_a_request_that_is_alone_fits_however_long_it_is() -> None:
    room = Room(100)
    with room.place() as one:
        one.grow(70)
        one.grow(500)
        one.belongs_to("acme")
        with pytest.raises(Refusal), room.place() as two:
            two.grow(1)
    assert (room.taken, room.by_customer) == (0, {})


def test_a_customer_has_half_of_it() -> None:
    room = Room(100)
    with room.place() as one, room.place() as two, room.place() as other:
        one.grow(30)
        one.belongs_to("acme")
        two.grow(30)
        with pytest.raises(Refusal) as refused:
            two.belongs_to("acme")
        assert (refused.value.status, refused.value.code) == (429, "customer_busy")
        other.grow(30)
        other.belongs_to("bigco")
        assert room.by_customer == {"acme": 30, "bigco": 30}
    assert (room.taken, room.by_customer) == (0, {})
