"""Lines of stdout as messages: each must be JSON, and valid by the protocol's published models."""

import json
from typing import NoReturn

from airbyte_protocol.models import AirbyteMessage
from pydantic import TypeAdapter, ValidationError

from ..messages import Json, Run
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
            message = _parsed(line)
        except (ValueError, RecursionError) as error:
            if not (run.exit_code is None and number == last):
                what = error.args[0] if isinstance(error, _NoLine) else "is no JSON"
                found.append(Violation("json", f"line {number} {what}: {line[:200]!r}"))
            continue
        wrong = _what_is_wrong(line, message)
        if wrong:
            found.append(Violation("message", f"line {number}: {wrong}, in {line[:200]}"))
        else:
            messages.append(message)
    return messages, found


class _NoLine(ValueError):
    """JSON to Python, and yet not what a line may be."""


def _parsed(line: str) -> Json:
    # See `connector.as_text`: what is no UTF-8 cannot be written as such.
    if not line.isascii():
        try:
            line.encode()
        except UnicodeEncodeError:
            raise _NoLine("is not UTF-8") from None
    if line.endswith("\r"):
        raise _NoLine("ends with CR")
    return json.loads(line, parse_constant=_refuse, object_pairs_hook=_object)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _object(pairs: list[tuple[str, Json]]) -> dict:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise _NoLine(f"has a key twice in an object, {next(name for name in names if names.count(name) > 1)!r}")
    return made


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
