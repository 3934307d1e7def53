"""What a schema refers to is measured without writing it out; what has no end, or too much of it, is refused by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from chat_requests import request
from tollgate_guard.refusals import Refusal
from tollgate_guard.schemas import MOST_CHARACTERS, check_schemas


def nested(levels: int, fan: int) -> dict[str, Any]:
    """A schema that names the level below ``fan`` times at each level."""
    levels_by_name: dict[str, Any] = {"L0": {"type": "string"}}
    for level in range(1, levels + 1):
        below = {f"p{at}": {"$ref": f"#/$defs/L{level - 1}"} for at in range(fan)}
        levels_by_name[f"L{level}"] = {"type": "object", "properties": below}
    return {"type": "object", "properties": {"a": {"$ref": f"#/$defs/L{levels}"}}, "$defs": levels_by_name}


def tool(parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "parameters": parameters}}


@pytest.mark.parametrize("schema", [nested(3, 4), {"type": "object"}, {"$ref": "#/nowhere"}, None, True])
def test_what_tools_really_have_is_accepted(schema: Any) -> None:
    assert request(tools=[tool(schema)]).params["tools"]


@pytest.mark.parametrize("levels", [7, 30, 60])
def test_what_grows_without_measure_is_refused_at_once(levels: int) -> None:
    began = time.process_time()
    with pytest.raises(Refusal) as refused:
        request(tools=[tool({}), tool(nested(levels, 6))])
    assert refused.value.field == "tools.1.function.parameters"
    assert time.process_time() - began < 1


def scoped(block: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """A short definition, used often, and below it a long one of the same name, which LiteLLM then writes out in its place."""
    short, long = {"type": "string"}, {"type": "string", "description": "x" * 3_000}
    many = {"type": "object", "properties": {f"p{at}": {"$ref": "#/$defs/B"} for at in range(30)}}
    inner = {**block({"B": long}), "properties": {f"q{at}": {"$ref": "#/$defs/A"} for at in range(50)}}
    return {"properties": {"first": {"$ref": "#/$defs/A"}, "inner": inner}, **block({"A": many, "B": short})}


@pytest.mark.parametrize(
    "block",
    [
        lambda definitions: {"$defs": definitions},
        lambda definitions: {"definitions": definitions},
        lambda definitions: {"components": {"schemas": definitions}},
    ],
    ids=["$defs", "definitions", "components"],
)
def test_of_definitions_with_one_name_the_longest_counts(block: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    with pytest.raises(Refusal, match="characters with everything that they refer to"):
        request(tools=[tool(scoped(block))])


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"properties": {"$ref": {"type": "string"}}}, "has a $ref that is not a text"),
        ({"anyOf": [{"$ref": 5}]}, "has a $ref that is not a text"),
        ({"$defs": [{"type": "string"}]}, "has definitions that are not an object"),
        ({"items": {"definitions": "none"}}, "has definitions that are not an object"),
        ({"components": {"schemas": []}}, "has definitions that are not an object"),
    ],
)
def test_what_litellm_cannot_write_out_is_refused_by_name(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(Refusal) as refused:
        request(tools=[tool(schema)])
    assert refused.value.message.startswith(f"tools.0.function.parameters {said}")


@pytest.mark.parametrize("key", ["json_schema", "response_schema"])
def test_an_answers_schema_is_measured_too(key: str) -> None:
    with pytest.raises(Refusal) as refused:
        request(response_format={"type": "json_schema", key: {"name": "answer", "schema": nested(9, 6)}})
    assert refused.value.field == f"response_format.{key}"


def test_many_schemas_count_together() -> None:
    half = {"type": "object", "description": "x" * (MOST_CHARACTERS // 2)}
    check_schemas({"a": half})
    with pytest.raises(Refusal) as refused:
        check_schemas({"a": half, "b": half})
    assert refused.value.field == "b"


def test_a_schema_that_refers_to_itself_is_refused_by_name() -> None:
    node = {"type": "object", "properties": {"next": {"anyOf": [{"allOf": [{"$ref": "#/$defs/Node"}]}, {"type": "null"}]}}}
    with pytest.raises(Refusal) as refused:
        request(tools=[tool({"$ref": "#/$defs/Node", "$defs": {"Node": node}})])
    assert "refers to itself at #/$defs/Node" in refused.value.message


def test_a_schema_that_is_too_deep_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"items": deep}
    with pytest.raises(Refusal):
        request(tools=[tool(deep)])
