"""Lines of stdout as messages: each must be JSON, and valid by the protocol's published models."""

import json
from typing import NoReturn

from airbyte_protocol.models import AirbyteMessage
from pydantic import TypeAdapter, ValidationError

from ..messages import Run
from .rules import Violation

_MESSAGE = TypeAdapter(AirbyteMessage)

# The models hold every body to be optional, so what belongs together is said here.
_BODIES = {
    "RECORD": "record",
    "STATE": "state",
    "LOG": "log",
    "SPEC": "spec",
    "CONNECTION_STATUS": "connectionStatus",
    "CATALOG": "catalog",
    "TRACE": "trace",
    "CONTROL": "control",
    "DESTINATION_CATALOG": "destination_catalog",
}
_INNER_BODIES = {
    "TRACE": {"ERROR": "error", "ESTIMATE": "estimate", "STREAM_STATUS": "stream_status", "ANALYTICS": "analytics"},
    "CONTROL": {"CONNECTOR_CONFIG": "connectorConfig"},
    "STATE": {"STREAM": "stream", "GLOBAL": "global", "LEGACY": "data"},
}


def read(run: Run) -> tuple[list[dict], list[Violation]]:
    """The lines that are messages, in order, and what is wrong with the others."""
    messages, found = [], []
    last = len(run.lines)
    for number, line in enumerate(run.lines, 1):
        try:
            message = json.loads(line, parse_constant=_refuse)
        except ValueError:
            if not (run.exit_code is None and number == last):
                found.append(Violation("json", f"line {number} is no JSON: {line[:200]!r}"))
            continue
        wrong = _what_is_wrong(line, message)
        if wrong:
            found.append(Violation("message", f"line {number}: {wrong}, in {line[:200]}"))
        else:
            messages.append(message)
    return messages, found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _what_is_wrong(line: str, message: object) -> str | None:
    try:
        # Strict: a number in quotes is no number, and 1.0 is no integer.
        _MESSAGE.validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}"
    kind = message["type"]
    bodies = [body for body in _BODIES.values() if message.get(body) is not None]
    if bodies != [_BODIES[kind]]:
        return f"a {kind} has the bodies {bodies}"
    body = message[_BODIES[kind]]
    inner = _INNER_BODIES.get(kind)
    if inner:
        named = inner.get(body.get("type"), "type")
        if body.get(named) is None:
            return f"a {kind} of type {body.get('type')} has no {named}"
    return None
