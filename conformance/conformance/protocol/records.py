"""Records, by the schemas of the configured catalog."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache

import jsonschema_rs

from ..messages import Json, Run
from .catalog import configured_streams
from .rules import SENT_OTHERWISE, TIMES_SENT_OTHERWISE, Violation


def violations(run: Run, messages: list[dict]) -> Iterator[Violation]:
    if run.command != "read":
        return
    streams = configured_streams(run)
    validators = {name: _validator(json.dumps(stream.get("json_schema", {}))) for name, stream in streams.items()}
    formats = {name: _formats(stream.get("json_schema", {})) for name, stream in streams.items()}
    unknown = set()
    for message in messages:
        if message["type"] != "RECORD":
            continue
        stream, data = message["record"]["stream"], message["record"]["data"]
        if stream not in validators:
            if stream not in unknown:
                yield Violation("record-stream", f"{stream} is not in the configured catalog")
            unknown.add(stream)
            continue
        if not validators[stream].is_valid(data):
            yield from _wrong_fields(stream, validators[stream], data)
        for field, is_meant, form in formats[stream]:
            value = data.get(field)
            if isinstance(value, str) and not is_meant(value):
                rule = "sent-format" if field in TIMES_SENT_OTHERWISE.get(stream, ()) else "record-format"
                yield Violation(rule, f"{stream}.{field} is not valid: {value[:100]!r} is no {form}")


def _wrong_fields(stream: str, validator: jsonschema_rs.Draft7Validator, data: dict) -> Iterator[Violation]:
    """One violation of each rule that the record breaks."""
    found = {}
    for error in validator.iter_errors(data):
        path = error.instance_path
        rule = "sent-type" if path and path[0] in SENT_OTHERWISE.get(stream, ()) else "record-schema"
        place = ".".join(["", *(name for name in path if isinstance(name, str))])
        found.setdefault(rule, Violation(rule, f"{stream}{place} is not valid: {error.message[:300]}"))
    yield from found.values()


Format = tuple[str, Callable[[str], bool], str]
"""A field, whether a value is what its schema says, and what that is called."""


def _formats(schema: Json) -> list[Format]:
    """The top-level fields that are dates or times in Airbyte's forms."""
    found = []
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        match inner:
            case {"format": "date"}:
                found.append((name, _is_date, "date"))
            case {"format": "date-time", "airbyte_type": "timestamp_without_timezone"}:
                found.append((name, _is_time_without_offset, "time without an offset"))
            case {"format": "date-time"}:
                found.append((name, _is_time_with_offset, "time with an offset"))
    return found


_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME = _DATE + r"T\d{2}:\d{2}:\d{2}(\.\d{1,9})?"


def _looks_like(pattern: str) -> Callable[[str], bool]:
    form = re.compile(pattern, re.ASCII)

    def is_meant(value: str) -> bool:
        if not form.fullmatch(value):
            return False
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return True

    return is_meant


_is_date = _looks_like(_DATE)
_is_time_without_offset = _looks_like(_TIME)
_is_time_with_offset = _looks_like(_TIME + r"(Z|[+-]\d{2}(:?\d{2})?)")


@cache
def _validator(schema: str) -> jsonschema_rs.Draft7Validator:
    # Not the formats: Airbyte's `date-time` also means times without an offset, which JSON Schema's does not.
    return jsonschema_rs.Draft7Validator(json.loads(schema), validate_formats=False)
