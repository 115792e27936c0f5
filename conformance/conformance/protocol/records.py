"""Records by the schemas of the configured catalog."""

import json
from collections.abc import Iterator
from functools import cache

import jsonschema_rs

from ..messages import Run
from .catalog import configured_streams
from .rules import SENT_OTHERWISE, Violation


def violations(run: Run, messages: list[dict]) -> Iterator[Violation]:
    if run.command != "read":
        return
    streams = configured_streams(run)
    validators = {name: _validator(json.dumps(stream.get("json_schema", {}))) for name, stream in streams.items()}
    unknown = set()
    for message in messages:
        if message["type"] != "RECORD":
            continue
        stream, data = message["record"]["stream"], message["record"]["data"]
        if stream not in validators:
            if stream not in unknown:
                yield Violation("record-stream", f"{stream} is not in the configured catalog")
            unknown.add(stream)
        elif not validators[stream].is_valid(data):
            yield from _wrong_fields(stream, validators[stream], data)


def _wrong_fields(stream: str, validator: jsonschema_rs.Draft7Validator, data: dict) -> Iterator[Violation]:
    """One violation of each rule that the record breaks."""
    found = {}
    for error in validator.iter_errors(data):
        path = error.instance_path
        rule = "sent-type" if path and path[0] in SENT_OTHERWISE.get(stream, ()) else "record-schema"
        place = ".".join(["", *(name for name in path if isinstance(name, str))])
        found.setdefault(rule, Violation(rule, f"{stream}{place} is not valid: {error.message[:300]}"))
    yield from found.values()


@cache
def _validator(schema: str) -> jsonschema_rs.Draft7Validator:
    # Not the formats: Airbyte's `date-time` also means times without an offset, which JSON Schema's does not.
    return jsonschema_rs.Draft7Validator(json.loads(schema), validate_formats=False)
