"""JSON schemas as Airbyte means them: draft 07."""

from collections.abc import Iterator

import jsonschema_rs

from ..messages import Json

DRAFT_07 = "http://json-schema.org/draft-07/schema#"

_NAMES = ("://json-schema.org/draft-07/schema", "://json-schema.org/schema")
"""The draft, and the name that leaves open which draft it is."""


def is_draft_07(schema: Json) -> bool:
    """Whether it is a valid schema of that draft, and does not call itself one of another."""
    if schema.get("$schema", DRAFT_07).removeprefix("https").removeprefix("http").rstrip("#") not in _NAMES:
        return False
    try:
        jsonschema_rs.Draft7Validator({**schema, "$schema": DRAFT_07})
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return False
    return True


def objects_in(value: Json) -> Iterator[dict]:
    """All objects of a JSON value, at any depth; also itself."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects_in(inner)
    if isinstance(value, list):
        for inner in value:
            yield from objects_in(inner)


def has_path(schema: Json, path: list[str]) -> bool:
    """Whether the properties of a schema lead along this path."""
    for name in path:
        schema = (schema.get("properties") or {}).get(name)
        if not isinstance(schema, dict):
            return False
    return True
