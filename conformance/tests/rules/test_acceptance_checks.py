"""Each acceptance check can fail, and a good source passes all."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from made_up import ADS, COMPLETE, error, record
from source import CONFIG, NOTES, SPEC, Source

from conformance.acceptance import ALL, Check, NotGiven
from conformance.messages import Json, Run, stream_states


def changed(value: dict, *path: str, to: Json) -> dict:
    """A copy with another value at the end of this path; None takes it away."""
    copy = json.loads(json.dumps(value))
    *parents, last = path
    inner = copy
    for name in parents:
        inner = inner[name]
    if to is None:
        inner.pop(last)
    else:
        inner[last] = to
    return copy


def offering(*path: str, to: Json) -> Source:
    return Source(streams=[changed(ADS, *path, to=to), NOTES])


def telling(*path: str, to: Json) -> Source:
    return Source(spec=changed(SPEC, *path, to=to))


def when(is_meant: Callable[[Run], bool], change: Callable[[Run], Run]) -> Source:
    """A good source whose runs are other ones where this is so."""
    return Source(change=lambda run: change(run) if is_meant(run) else run)


def command(name: str) -> Callable[[Run], bool]:
    return lambda run: run.command == name


def in_full(run: Run) -> bool:
    return run.command == "read" and "notes" in str(run.catalog) and "no_such" not in str(run.catalog)


def with_state(run: Run) -> bool:
    return in_full(run) and bool(run.state)


def incremental(run: Run) -> bool:
    return run.command == "read" and not in_full(run) and not run.state


def from_future(run: Run) -> bool:
    return isinstance(run.state, list) and run.state[0]["stream"]["stream_state"]["updated"] > 1000


def exits(code: int) -> Callable[[Run], Run]:
    return lambda run: fresh(run, exit_code=code)


def without(text: str) -> Callable[[Run], Run]:
    return lambda run: fresh(run, lines=[line for line in run.lines if text not in line])


def twice(text: str) -> Callable[[Run], Run]:
    return lambda run: fresh(run, lines=[line for line in run.lines for _ in range(1 + (text in line))])


def fresh(run: Run, **changes: Json) -> Run:
    """A copy that has not looked at its lines yet."""
    return replace(run, **changes)


def saying(status: str) -> Callable[[Run], Run]:
    return lambda run: fresh(
        run, lines=[line.replace("SUCCEEDED", status).replace("FAILED", status) for line in run.lines]
    )


def accepted(is_meant: Callable[[Run], bool]) -> Source:
    """Takes an input that is none: exit code 0 and not a word."""
    return when(is_meant, lambda run: fresh(run, lines=[], exit_code=0))


class OnlyOnce(Source):
    """Brings another note at each read."""

    def read(self, names: list[str], given: list[dict] | None) -> tuple[list[dict], int]:
        self.notes = [*self.notes, {"id": f"new {self.runs}", "text": None}]
        return super().read(names, given)


FAILING = {
    "spec is one message": [accepted(command("spec")), when(command("spec"), exits(1))],
    "spec is a schema of an object": [
        telling("$schema", to="https://json-schema.org/draft/2020-12/schema"),
        telling("type", to="array"),
        telling("properties", to=None),
        telling("properties", "client_secret", "type", to="word"),
    ],
    "spec has no references": [telling("properties", "client_secret", to={"$ref": "#/definitions/secret"})],
    "config matches spec": [
        telling("properties", "client_secret", "type", to="integer"),
        telling("required", to=["id"]),
    ],
    "config may hold more": [telling("additionalProperties", to=False)],
    "required keys are properties": [telling("required", to=["client_secret", "client_id"])],
    "secrets are marked": [telling("properties", "client_secret", "airbyte_secret", to=None)],
    "choices can be told apart": [telling("properties", "how", "oneOf", to=[{"properties": {}}, {"properties": {}}])],
    "valid config succeeds": [when(command("check"), saying("FAILED")), when(command("check"), exits(1))],
    "invalid config is refused": [when(command("check"), saying("SUCCEEDED")), accepted(command("check"))],
    "streams are offered once": [Source(streams=[ADS, NOTES, ADS]), accepted(command("discover"))],
    "stream schemas are valid": [
        offering("json_schema", "type", to="array"),
        offering("json_schema", "properties", to=None),
        offering("json_schema", "properties", "id", "type", to="word"),
        offering("json_schema", "$schema", to="https://json-schema.org/draft/2020-12/schema"),
    ],
    "stream schemas have no references": [offering("json_schema", "properties", "id", to={"$ref": "#/definitions/id"})],
    "types are known to destinations": [
        offering("json_schema", "properties", "updated", "format", to="int64"),
        offering("json_schema", "properties", "updated", "airbyte_type", to="instant"),
        offering("json_schema", "properties", "updated", "type", to=["null", "word"]),
    ],
    "records may hold more": [offering("json_schema", "additionalProperties", to=False)],
    "sync modes are offered": [
        offering("supported_sync_modes", to=[]),
        offering("supported_sync_modes", to=["full_refresh"] * 2),
    ],
    "keys are in the schema": [
        offering("source_defined_primary_key", to=[["key"]]),
        offering("source_defined_primary_key", to=[["id", "key"]]),
        offering("default_cursor_field", to=["changed"]),
    ],
    "incremental streams have a cursor": [
        Source(streams=[changed(changed(ADS, "default_cursor_field", to=None), "source_defined_cursor", to=None)]),
    ],
    "every stream is complete": [when(in_full, without("COMPLETE")), when(in_full, exits(1))],
    "something is read": [
        Source(ads=[], notes=[]),
        Source(notes=[], empty=frozenset()),
        Source(empty=frozenset({"notes"})),
    ],
    "records match their schemas": [Source(ads=[{"id": 1, "updated": 100}]), Source(notes=[{"id": "1", "text": 2}])],
    "primary keys are present": [Source(ads=[{"id": None, "updated": 100}])],
    "primary keys are unique": [Source(notes=[{"id": "1"}, {"id": "1", "text": "again"}])],
    "full refresh brings the same twice": [OnlyOnce()],
    "full refresh brings all in a later sync": [
        when(with_state, without('"stream": "notes"')),
        when(with_state, twice('"id": "2"')),
        when(with_state, exits(1)),
    ],
    "incremental streams have a state": [when(incremental, without("STATE"))],
    "incremental brings what full refresh brings": [
        when(incremental, without('"id": "3"')),
        when(incremental, twice('"id": "3"')),
        when(incremental, lambda run: fresh(run, lines=[*run.lines, json.dumps(record(id="another"))])),
    ],
    "next sync leaves out what is older": [
        Source(starts_after=-100),
        when(lambda run: bool(run.state), exits(1)),
    ],
    "every state can be resumed from": [Source(starts_after=1), when(lambda run: bool(run.state), exits(1))],
    "future state is accepted": [when(from_future, exits(1))],
    "future state brings no records": [Source(starts_after=-1_000_000_000)],
    "future state is not moved back": [Source(keeps_cursors=False), when(from_future, without("STATE"))],
    "state that is no json is refused": [accepted(lambda run: isinstance(run.state, str))],
    "catalog with an unknown stream is refused": [
        accepted(lambda run: "no_such" in str(run.catalog)),
        when(lambda run: "no_such" in str(run.catalog), without("ERROR")),
    ],
    "catalog that is none is refused": [accepted(lambda run: run.catalog == {"streams": "all"})],
    "config that is an array is refused": [when(lambda run: run.config == [CONFIG], saying("SUCCEEDED"))],
    "every line keeps the rules": [
        when(in_full, lambda run: fresh(run, lines=["starting", *run.lines])),
        when(in_full, lambda run: fresh(run, lines=[*run.lines, json.dumps(COMPLETE)])),
        when(command("check"), lambda run: fresh(run, lines=[*run.lines, json.dumps(error(CONFIG["client_secret"]))])),
        when(
            lambda run: run.config == {"client_secret": "wrong-one"},
            lambda run: fresh(run, lines=[*run.lines, json.dumps(error("not wrong-one"))]),
        ),
    ],
}


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_a_good_source_passes(check: Check):
    check(Source().observed())


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_a_bad_source_fails(check: Check):
    for source in FAILING[check.name]:
        with pytest.raises(AssertionError):
            check(source.observed())


def test_what_is_known_to_be_empty_may_be():
    checked = {check.name: check for check in ALL}
    checked["something is read"](Source(notes=[], empty=frozenset({"notes"})).observed())
    checked["something is read"](Source(notes=[]).observed())


def test_without_an_invalid_config_nothing_is_said():
    (check,) = (check for check in ALL if check.name == "invalid config is refused")
    with pytest.raises(NotGiven):
        check(Source(invalid_config=None).observed())


def test_runs_are_looked_at_with_the_spec():
    source = Source()
    for check in ALL:
        check(source.observed())
    assert {command: spec and spec["connectionSpecification"] for command, spec in source.specs} == {
        "spec": None,
        "check": SPEC,
        "discover": SPEC,
        "read": SPEC,
    }


def global_states(run: Run) -> Run:
    """The same, with a state of all in place of each."""
    lines, streams = [], {}
    for line in run.lines:
        message = json.loads(line)
        if message["type"] == "STATE":
            stream = message["state"].pop("stream")
            streams[stream["stream_descriptor"]["name"]] = stream
            message["state"] |= {"type": "GLOBAL", "global": {"stream_states": list(streams.values())}}
        lines.append(json.dumps(message))
    return fresh(run, lines=lines)


class Global(Source):
    def read(self, names: list[str], given: list[dict] | None) -> tuple[list[dict], int]:
        streams = [stream for state in given or [] for stream in stream_states(state)]
        return super().read(names, [{"stream": one} for one in streams if one["stream_descriptor"]["name"] == "ads"])


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_a_source_with_global_states_passes(check: Check):
    check(Global(change=global_states).observed())


def test_names_are_not_used_twice():
    assert len({check.name for check in ALL}) == len(ALL) == len(FAILING)
