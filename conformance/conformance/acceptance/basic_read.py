"""Whether all streams can be read, and bring what the catalog says."""

import json
from collections import Counter

from ..messages import Json
from ..protocol import SCHEMA_RULES, violations
from .check import checks
from .observed import Observed


def every_stream_is_complete(observed: Observed) -> None:
    """A read of all streams exits with 0, and each is COMPLETE."""
    run = observed.full_read
    incomplete = sorted(
        stream["name"]
        for stream in observed.read_streams
        if not any(status.status == "COMPLETE" for status in run.statuses.get(stream["name"], []))
    )
    assert not incomplete, f"not COMPLETE: {incomplete}\n{run.told()}"
    assert run.exit_code == 0, f"exit code {run.exit_code}\n{run.told()}"


def something_is_read(observed: Observed) -> None:
    """A read of all streams brings at least one record; where it is known what there is, some of every stream."""
    run, empty = observed.full_read, observed.target.empty
    assert any(run.records.values()), f"no stream has a record\n{run.told()}"
    if empty is not None:
        names = {stream["name"] for stream in observed.read_streams}
        without = sorted(name for name in names - empty if not run.records.get(name))
        assert not without, f"no record: {', '.join(without)}\n{run.told()}"
        assert not empty & run.records.keys(), f"said to be empty: {', '.join(sorted(empty & run.records.keys()))}"


def records_match_their_schemas(observed: Observed) -> None:
    """Every record is valid by the schema of its stream."""
    run = observed.full_read
    wrong = [violation for violation in violations(run) if violation.rule in SCHEMA_RULES]
    fields = sorted({violation.text.partition(" is ")[0] for violation in wrong})
    assert not wrong, f"not of the type that the schema says: {', '.join(fields)}\n{wrong[0].text}"


def primary_keys_are_present(observed: Observed) -> None:
    """Every record has its primary key, and no part of it is null."""
    for stream in observed.read_streams:
        for record in observed.full_read.records.get(stream["name"], []):
            missing = [".".join(path) for path in _key_paths(stream) if _at(record, path) is None]
            assert not missing, f"{stream['name']}: null or absent: {missing}, in {json.dumps(record)[:300]}"


def primary_keys_are_unique(observed: Observed) -> None:
    """No two records of a full read have the same primary key."""
    for stream in observed.read_streams:
        paths = _key_paths(stream)
        if paths:
            keys = Counter(
                json.dumps([_at(record, path) for path in paths], sort_keys=True)
                for record in observed.full_read.records.get(stream["name"], [])
            )
            twice = [key for key, count in keys.items() if count > 1]
            assert not twice, f"{stream['name']}: {len(twice)} keys come more than once\ne.g. {twice[0]}"


def _key_paths(stream: dict) -> list[list[str]]:
    return stream.get("source_defined_primary_key") or []


def _at(record: Json, path: list[str]) -> Json:
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


CHECKS = checks(
    "basic read",
    every_stream_is_complete,
    something_is_read,
    records_match_their_schemas,
    primary_keys_are_present,
    primary_keys_are_unique,
)
