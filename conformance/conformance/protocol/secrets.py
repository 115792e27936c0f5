"""Secrets where they must not be: on stdout, but for a CONTROL message's config, and on stderr."""

import base64
import json
import re
from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote, quote_plus

from ..messages import Json, Run
from .rules import Violation

NAMES = frozenset({"client_secret", "refresh_token", "access_token"})
"""What secrets are called in any config."""

SHORTEST = 6
"""A shorter secret may stand anywhere by chance, and is not looked for."""


def violations(run: Run, messages: list[dict], spec: Json = None) -> Iterator[Violation]:
    names = NAMES | secret_names(spec)
    configs = [
        _parsed(run.config),
        *(message["control"]["connectorConfig"]["config"] for message in _controls(messages)),
    ]
    forms = {form: name for config in configs for name, value in secrets(config, names) for form in _forms(value)}
    if not forms:
        return
    pattern = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))
    for place, text in _texts(run):
        # Not the secret itself: what is found ends up in a report of the tests.
        for name in sorted({forms[found] for found in pattern.findall(text)}):
            yield Violation("secret", f"{place} shows {name}")


def secret_names(schema: Json) -> frozenset[str]:
    """The properties that a spec calls secret, at any depth."""
    names = set()
    match schema:
        case {"properties": dict(properties)}:
            names = {
                name for name, inner in properties.items() if isinstance(inner, dict) and inner.get("airbyte_secret")
            }
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    return frozenset(names).union(*map(secret_names, inner))


def secrets(config: Json, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Each secret of a config, by its name; and the two that go together in the header of a token request."""
    if isinstance(config, list):
        yield from chain.from_iterable(secrets(item, names) for item in config)
    if isinstance(config, dict):
        for name, value in config.items():
            if name in names and isinstance(value, str) and len(value) >= SHORTEST:
                yield name, value
            yield from secrets(value, names)
        match config:
            case {"client_id": str(identity), "client_secret": str(secret)} if len(secret) >= SHORTEST:
                yield "client_secret in base64", base64.b64encode(f"{identity}:{secret}".encode()).decode()


def _forms(value: str) -> set[str]:
    """A text as it is, in JSON, and in an address."""
    return {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, ""),
        quote_plus(value),
    }


def _texts(run: Run) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(run.lines, 1):
        yield f"line {number} of stdout", _without_config(line) if '"CONTROL"' in line else line
    yield "stderr", run.stderr


def _without_config(line: str) -> str:
    message = _parsed(line)
    match message:
        case {"type": "CONTROL", "control": {"connectorConfig": {"config": _} as body}}:
            body["config"] = None
            return json.dumps(message, ensure_ascii=False)
    return line


def _controls(messages: list[dict]) -> list[dict]:
    return [message for message in messages if message["type"] == "CONTROL"]


def _parsed(config: Json) -> Json:
    """A config that was given as text may be no JSON at all: then it has no secrets to look for."""
    if not isinstance(config, str):
        return config
    try:
        return json.loads(config)
    except ValueError:
        return None
