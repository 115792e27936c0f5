"""Whether the catalog tells a platform what it needs to know of each stream."""

from .check import checks
from .cursors import cursor_field
from .observed import Observed
from .schemas import has_path, is_draft_07, objects_in

_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_FORMATS = frozenset({"date", "date-time", "time"})
_AIRBYTE_TYPES = frozenset(
    {
        "timestamp_with_timezone",
        "timestamp_without_timezone",
        "time_with_timezone",
        "time_without_timezone",
        "integer",
        "big_integer",
        "big_number",
    }
)


def streams_are_offered_once(observed: Observed) -> None:
    """`discover` offers at least one stream, and none twice."""
    names = [(stream.get("namespace"), stream["name"]) for stream in observed.streams]
    twice = sorted({name for _, name in names if names.count((_, name)) > 1})
    assert not twice, f"offered twice: {twice}"


def stream_schemas_are_valid(observed: Observed) -> None:
    """The schema of each stream is a valid draft-07 schema of an object with properties."""
    for stream in observed.streams:
        schema = stream["json_schema"]
        types = schema.get("type")
        assert is_draft_07(schema), f"{stream['name']}: not a valid draft-07 schema; it says {schema.get('$schema')}"
        assert "object" in (types if isinstance(types, list) else [types]), f"{stream['name']} is of type {types}"
        assert schema.get("properties"), f"{stream['name']} has no properties"


def stream_schemas_have_no_references(observed: Observed) -> None:
    """The schema of each stream stands for itself: no `$ref`."""
    referring = [
        stream["name"]
        for stream in observed.streams
        if any(isinstance(inner.get("$ref"), str) for inner in objects_in(stream["json_schema"]))
    ]
    assert not referring, f"with references: {referring}"


def types_are_known_to_destinations(observed: Observed) -> None:
    """Types, formats and `airbyte_type` in the schemas are among those that Airbyte knows."""
    for stream in observed.streams:
        for inner in objects_in(stream["json_schema"].get("properties")):
            types = inner.get("type")
            if isinstance(types, str | list):
                unknown = {*([types] if isinstance(types, str) else types)} - _TYPES
                assert not unknown, f"{stream['name']}: types {sorted(unknown)}"
                for key, known in (("format", _FORMATS), ("airbyte_type", _AIRBYTE_TYPES)):
                    assert inner.get(key) is None or inner[key] in known, f"{stream['name']}: {key} {inner[key]}"


def records_may_hold_more(observed: Observed) -> None:
    """No stream refuses fields that its schema does not know."""
    closed = [
        stream["name"] for stream in observed.streams if stream["json_schema"].get("additionalProperties") is False
    ]
    assert not closed, f"additional properties are refused: {closed}"


def sync_modes_are_offered(observed: Observed) -> None:
    """Every stream can be read in full or incrementally, and says each of it once."""
    for stream in observed.streams:
        modes = stream["supported_sync_modes"]
        assert modes, f"{stream['name']} has no sync mode"
        assert len(modes) == len(set(modes)), f"{stream['name']} has the modes {modes}"


def keys_are_in_the_schema(observed: Observed) -> None:
    """Primary keys and cursors that the source defines are properties of the stream."""
    for stream in observed.streams:
        paths = [*(stream.get("source_defined_primary_key") or []), stream.get("default_cursor_field") or []]
        missing = [".".join(path) for path in paths if not has_path(stream["json_schema"], path)]
        assert not missing, f"{stream['name']}: not in the schema: {missing}"


def incremental_streams_have_a_cursor(observed: Observed) -> None:
    """A stream that can be incremental has a cursor, by default or defined by the source."""
    without = [
        stream["name"]
        for stream in observed.streams
        if "incremental" in stream["supported_sync_modes"]
        and not (cursor_field(stream) or stream.get("default_cursor_field") or stream.get("source_defined_cursor"))
    ]
    assert not without, f"incremental without a cursor: {without}"


CHECKS = checks(
    "discovery",
    streams_are_offered_once,
    stream_schemas_are_valid,
    stream_schemas_have_no_references,
    types_are_known_to_destinations,
    records_may_hold_more,
    sync_modes_are_offered,
    keys_are_in_the_schema,
    incremental_streams_have_a_cursor,
)
