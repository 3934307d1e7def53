"""Each cell of the matrix: never below the bill, exact where the tokens were reported, free where nothing is billed."""

from __future__ import annotations

import pytest

from meter_matrix import PRICES, Cell, cases, run_cell
from metered_gateway import MeteredGateway


@pytest.mark.parametrize(
    ("cell", "wire", "stream"),
    cases(),
    ids=lambda value: (
        value.name.strip() if isinstance(value, Cell) else {True: "stream", False: "plain"}.get(value, value)
    ),
)
def test_the_rule_of_charging(gateway: MeteredGateway, cell: Cell, wire: str, stream: bool) -> None:
    row = run_cell(gateway, cell, wire, stream)
    model_endings = {ending: count for (_, ending), count in row.answer.endings.items() if ending != "not_paid_for"}

    assert row.charged >= row.billed
    if cell.charge == "free":
        assert (row.charged, row.billed) == (0, 0)
    elif cell.charge == "exact":
        assert row.charged == row.billed
    elif cell.charge == "bound":
        assert row.charged == row.held
    elif cell.charge == "prompt":
        prompt, completion = cell.billed or (0, 0)
        assert prompt * PRICES[cell.asks(wire)][0] <= row.charged < row.held
        if completion <= 1:
            assert row.charged == row.billed
    if cell.name != "longer than allowed":
        assert row.charged <= row.held

    assert list(model_endings) == [cell.ending]
    assert row.answer.asked == sum(model_endings.values())
    if cell.status is not None:
        assert row.answer.status == cell.status
    if row.answer.status >= 400:
        error = row.answer.json["error"]
        assert set(error) <= {"type", "code", "message", "param"}
        assert row.answer.headers.get("x-should-retry") == ("false" if row.charged else None)
    for word in ("litellm", "LiteLLM", "fallback", "Traceback", "127.0.0.1", "meter.invalid"):
        assert word not in row.answer.text
