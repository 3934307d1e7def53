"""JSON schemas of tools and answers: LiteLLM writes what they refer to into every place, and that must have an end."""

from __future__ import annotations

from typing import Any

from .refusals import Refusal

# Characters of a request's schemas with everything in them that they refer to. LiteLLM takes about 10 ms for so much (1.5 s
# for six times as much).
MOST_CHARACTERS = 100_000
_MOST_DEPTH = 64

_DEFINITIONS = ("$defs", "definitions")


def check_schemas(schemas: dict[str, object]) -> None:
    """Refuses schemas that would become too large together, in time that grows with them as they are sent.

    Args:
        schemas: each by the field that it stands in.

    Raises:
        Refusal: one refers to itself, or is too deep, or they are too large.
    """
    total = 0
    for where, schema in schemas.items():
        total += _Measure(where).size(schema, {}, 0)
        if total > MOST_CHARACTERS:
            raise Refusal(
                "invalid_request",
                f"The schemas up to {where} have {total} characters with everything that they refer to: "
                f"keep them below {MOST_CHARACTERS}",
                field=where,
            )


class _Measure:
    def __init__(self, where: str) -> None:
        self._where = where
        # By the identity of a definition: None while it is being measured.
        self._known: dict[int, int | None] = {}

    def size(self, node: object, definitions: dict[str, Any], depth: int) -> int:
        if depth > _MOST_DEPTH:
            raise Refusal(
                "invalid_request",
                f"{self._where} is nested more than {_MOST_DEPTH} deep: flatten it",
                field=self._where,
            )
        if isinstance(node, list):
            return 2 + sum(self.size(each, definitions, depth + 1) for each in node)
        if not isinstance(node, dict):
            return len(str(node)) + 2
        for key in _DEFINITIONS:
            if isinstance(node.get(key), dict):
                definitions = {**definitions, **node[key]}
        if isinstance(node.get("$ref"), str):
            return self._referred(node["$ref"], definitions, depth)
        return 2 + sum(len(key) + 4 + self.size(value, definitions, depth + 1) for key, value in node.items())

    def _referred(self, reference: str, definitions: dict[str, Any], depth: int) -> int:
        target = definitions.get(reference.rpartition("/")[2])
        if target is None:
            return len(reference) + 10
        if id(target) not in self._known:
            self._known[id(target)] = None
            self._known[id(target)] = self.size(target, definitions, depth + 1)
        known = self._known[id(target)]
        if known is None:
            raise Refusal(
                "invalid_request",
                f"{self._where} refers to itself at {reference}: providers take no schema without an end; "
                "write out the levels that are needed",
                field=self._where,
            )
        return known
