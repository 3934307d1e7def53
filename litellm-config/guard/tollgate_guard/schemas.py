"""JSON schemas of tools and answers: LiteLLM writes what they refer to into every place, and that must have an end."""

from __future__ import annotations

from .refusals import Refusal

# Characters of a request's schemas with everything in them that they refer to. LiteLLM takes about 10 ms for so much (1.5 s
# for six times as much).
MOST_CHARACTERS = 100_000
_MOST_DEPTH = 64

_DEFINITIONS = ("$defs", "definitions")


def check_schemas(schemas: dict[str, object]) -> None:
    """Refuses schemas that would become too large together, in time that grows with them as they are sent.

    Args:
        schemas: each by its field.

    Raises:
        Refusal: one refers to itself, or is too deep, or is not a schema, or they are too large.
    """
    total = 0
    for where, schema in schemas.items():
        total += _Measure(where, schema).size(schema, 0)
        if total > MOST_CHARACTERS:
            raise Refusal(
                "invalid_request",
                f"The schemas up to {where} have {total} characters with everything that they refer to: "
                f"keep them below {MOST_CHARACTERS}",
                field=where,
            )


class _Measure:
    """Measures a schema. LiteLLM finds a definition by the last part of a reference, in whichever block it meets first: of
    several with one name, the longest counts."""

    def __init__(self, where: str, schema: object) -> None:
        self._where = where
        self._definitions = self._collect(schema)
        # By a definition's name: None while it is being measured.
        self._known: dict[str, int | None] = {}

    def size(self, node: object, depth: int) -> int:
        if depth > _MOST_DEPTH:
            raise self._refusal(f"is nested more than {_MOST_DEPTH} deep: flatten it")
        if isinstance(node, list):
            return 2 + sum(self.size(each, depth + 1) for each in node)
        if not isinstance(node, dict):
            return len(str(node)) + 2
        if "$ref" in node:
            return self._referred(node["$ref"], depth)
        return 2 + sum(len(key) + 4 + self.size(value, depth + 1) for key, value in node.items())

    def _collect(self, schema: object) -> dict[str, list[object]]:
        found: dict[str, list[object]] = {}
        todo = [schema]
        while todo:
            node = todo.pop()
            if isinstance(node, dict):
                components = node.get("components")
                blocks = [node[key] for key in _DEFINITIONS if key in node]
                blocks += [components.get("schemas", {})] if isinstance(components, dict) else []
                for block in blocks:
                    if not isinstance(block, dict):
                        raise self._refusal("has definitions that are not an object: send each by its name")
                    for name, definition in block.items():
                        found.setdefault(name, []).append(definition)
                todo.extend(node.values())
            elif isinstance(node, list):
                todo.extend(node)
        return found

    def _referred(self, reference: object, depth: int) -> int:
        if not isinstance(reference, str):
            raise self._refusal("has a $ref that is not a text: name the definition, or rename the property")
        name = reference.rpartition("/")[2]
        if name not in self._definitions:
            return len(reference) + 10
        if name not in self._known:
            self._known[name] = None
            self._known[name] = max(self.size(each, depth + 1) for each in self._definitions[name])
        known = self._known[name]
        if known is None:
            raise self._refusal(
                f"refers to itself at {reference}: providers take no schema without an end; "
                "write out the levels that are needed"
            )
        return known

    def _refusal(self, what: str) -> Refusal:
        return Refusal("invalid_request", f"{self._where} {what}", field=self._where)
