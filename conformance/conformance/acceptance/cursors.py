"""Cursor values, in records and in states of any shape: numbers, digits, dates and times."""

from collections.abc import Iterator
from datetime import UTC, datetime

from ..messages import Json, stream_states, with_stream_states

YEARS = 10
"""How far in the future a future state is."""

_SECONDS = YEARS * 366 * 24 * 60 * 60


def cursor_field(stream: dict) -> str | None:
    """The top-level field that orders the records of a stream, if it has one of its own."""
    path = stream.get("default_cursor_field") or []
    return path[0] if len(path) == 1 else None


def moment(value: Json) -> float | None:
    """A cursor value as epoch seconds; None for what is no time. Numbers of 12 digits and more are milliseconds."""
    match value:
        case bool() | None:
            return None
        case int() | float():
            return value / 1000 if value >= 1e11 else float(value)
        case str():
            try:
                return moment(float(value))
            except ValueError:
                pass
            try:
                time = datetime.fromisoformat(value)
            except ValueError:
                return None
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return None


def cursors_in(state: Json, field: str) -> Iterator[Json]:
    """All cursor values of a state, flat or by partition. What a state keeps of parent streams is theirs."""
    if isinstance(state, list):
        for item in state:
            yield from cursors_in(item, field)
    if isinstance(state, dict):
        for name, value in state.items():
            if name == field and not isinstance(value, dict | list):
                yield value
            elif name != "parent_state":
                yield from cursors_in(value, field)


def in_the_future(saved: list[dict], streams: list[dict]) -> list[dict]:
    """The same states, with each cursor moved years ahead, in the form it has."""
    fields = {stream["name"]: cursor_field(stream) for stream in streams}

    def moved(stream: dict) -> dict:
        return _moved(stream, fields.get(stream["stream_descriptor"]["name"]))

    return [with_stream_states(state, list(map(moved, stream_states(state)))) for state in saved]


def _moved(state: Json, field: str | None) -> Json:
    match state:
        case list():
            return [_moved(item, field) for item in state]
        case dict():
            return {name: _later(value) if name == field else _moved(value, field) for name, value in state.items()}
    return state


def _later(value: Json) -> Json:
    match value:
        case bool() | None:
            return value
        case int() | float():
            return value + (_SECONDS * 1000 if value >= 1e11 else _SECONDS)
        case str() if value.isdigit() and len(value) > 4:
            return str(_later(int(value)))
        case str() if value[:4].isdigit():
            return f"{int(value[:4]) + YEARS}{value[4:]}".replace("-02-29", "-02-28")
    return value
