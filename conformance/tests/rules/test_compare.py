"""What the comparison calls equal, and what it says of what is not."""

import json

import pytest

from conformance import compare
from conformance.messages import Run


def run(*messages: dict, command: str = "read", exit_code: int = 0, config=None) -> Run:
    catalog = {"streams": [{"stream": {"name": "ads"}}]} if command == "read" else None
    return Run("made up", command, config, catalog, None, [json.dumps(one) for one in messages], "", exit_code, 0)


def record(**data) -> dict:
    return {"type": "RECORD", "record": {"stream": "ads", "data": data, "emitted_at": 1}}


def state(**content) -> dict:
    stream = {"stream_descriptor": {"name": "ads"}, "stream_state": content}
    return {"type": "STATE", "state": {"type": "STREAM", "stream": stream}}


def status(name: str, *reasons: str) -> dict:
    body = {"stream_descriptor": {"name": "ads"}, "status": name}
    if reasons:
        body["reasons"] = [{"type": reason} for reason in reasons]
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1, "stream_status": body}}


def failure(kind: str, stream: str = "ads") -> dict:
    error = {"message": "no", "failure_type": kind, "stream_descriptor": {"name": stream}}
    return {"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1, "error": error}}


def control(**credentials) -> dict:
    body = {"config": {"credentials": credentials}}
    return {"type": "CONTROL", "control": {"type": "CONNECTOR_CONFIG", "emitted_at": 1, "connectorConfig": body}}


def partition(name: str, cursor: str, **more) -> dict:
    return {"partition": {"id": name, "parent_slice": {}}, "cursor": {"updated_time": cursor}, **more}


EQUAL = {
    "numbers of the same value": ([record(id="1", n=12)], [record(id="1", n=12.0)]),
    "a null and no field": ([record(id="1", n=None)], [record(id="1")]),
    "records in another order": ([record(id="1"), record(id="2")], [record(id="2"), record(id="1")]),
    "keys in another order": ([record(a=1, b={"c": 1, "d": 2})], [record(b={"d": 2, "c": 1}, a=1)]),
    "partitions in another order": (
        [state(states=[partition("1", "5"), partition("2", "6")])],
        [state(states=[partition("2", "6"), partition("1", "5")])],
    ),
    "a sync that took longer": ([state(states=[], lookback_window=1)], [state(states=[], lookback_window=61)]),
    "keys of our own": (
        [state(states=[partition("1", "5", closed=[])], state_is_for_all=True)],
        [state(states=[partition("1", "5")])],
    ),
    "a wait that is told twice": (
        [status("RUNNING", "RATE_LIMITED")],
        [status("RUNNING", "RATE_LIMITED"), status("RUNNING", "RATE_LIMITED")],
    ),
    "a token that ends at another moment": (
        [control(refresh_token="r", token_expiry_date="2026-01-01")],
        [control(refresh_token="r", token_expiry_date="2026-01-02")],
    ),
}

DIFFERENT = {
    "a number and its digits": (
        [record(id="1", n=12)],
        [record(id="1", n="12")],
        "records/ads",
        'n is 12 in ours, "12"',
    ),
    "a number and true": ([record(id="1", n=1)], [record(id="1", n=True)], "records/ads", "n is 1 in ours, true"),
    "a digit beyond 2^53": (
        [record(id="1", n=9007199254740993)],
        [record(id="1", n=9007199254740992.0)],
        "records/ads",
        "9007199254740993",
    ),
    "a nested null": (
        [record(id="1", o={"n": None})],
        [record(id="1", o={})],
        "records/ads",
        "o.n is null in ours, absent",
    ),
    "a lost record": ([record(id="1")], [record(id="1"), record(id="2")], "records/ads", '"id": "2"'),
    "a doubled record": (
        [record(id="1"), record(id="1")],
        [record(id="1")],
        "records/ads",
        "2 times in ours and 1 times",
    ),
    "a lost partition": (
        [state(states=[partition("1", "5")])],
        [state(states=[partition("1", "5"), partition("2", "6")])],
        "state/ads",
        "absent in ours",
    ),
    "another cursor": (
        [state(states=[partition("1", "5")])],
        [state(states=[partition("1", "6")])],
        "state/ads",
        'updated_time is "5" in ours, "6"',
    ),
    "no state": ([], [state()], "state/ads", "absent in ours"),
    "another status": ([status("COMPLETE")], [status("INCOMPLETE")], "statuses/ads", "INCOMPLETE"),
    "a status without its reason": (
        [status("RUNNING")],
        [status("RUNNING", "RATE_LIMITED")],
        "statuses/ads",
        "RATE_LIMITED",
    ),
    "another failure": ([failure("config_error")], [failure("system_error")], "failures/ads", "config_error"),
    "another refresh token": ([control(refresh_token="r")], [control(refresh_token="s")], "config", "refresh_token"),
}


@pytest.mark.parametrize("case", EQUAL)
def test_calls_equal(case: str):
    ours, official = EQUAL[case]
    assert list(compare.run_findings(run(*ours), run(*official))) == []


@pytest.mark.parametrize("case", DIFFERENT)
def test_tells_apart(case: str):
    ours, official, aspect, text = DIFFERENT[case]
    [finding] = compare.run_findings(run(*ours), run(*official))
    assert finding.aspect == aspect
    assert text in finding.text


def test_tells_exit_codes_apart():
    assert [one.aspect for one in compare.run_findings(run(exit_code=0), run(exit_code=1))] == ["exit"]


def test_never_shows_a_token():
    [finding] = compare.run_findings(run(control(refresh_token="secret-1")), run(control(refresh_token="secret-2")))
    assert "secret" not in finding.text


def spec(**properties) -> Run:
    body = {"connectionSpecification": {"type": "object", "properties": properties}}
    return run({"type": "SPEC", "spec": body}, command="spec")


@pytest.mark.parametrize(
    ("ours", "official", "text"),
    [
        ({"a": {"type": "string", "title": "A"}, "b": {}}, {"a": {"type": "string", "title": "Z"}}, None),
        ({"a": {"enum": ["x", "y", "z"]}}, {"a": {"enum": ["x", "y"]}}, None),
        ({}, {"a": {"type": "string"}}, "config.properties.a is absent in ours"),
        ({"a": {"type": "integer"}}, {"a": {"type": "string"}}, "config.properties.a.type"),
        ({"a": {"enum": ["x"]}}, {"a": {"enum": ["x", "y"]}}, "lacks ['y']"),
    ],
)
def test_a_spec_may_take_more_but_not_less(ours: dict, official: dict, text: str | None):
    findings = list(compare.run_findings(spec(**ours), spec(**official)))
    assert len(findings) == (text is not None)
    assert text is None or text in findings[0].text


def catalog(**changes) -> Run:
    fields = {"id": {"type": ["null", "string"]}}
    stream = {"name": "ads", "json_schema": {"properties": fields}, "supported_sync_modes": ["full_refresh"], **changes}
    return run({"type": "CATALOG", "catalog": {"streams": [stream]}}, command="discover")


@pytest.mark.parametrize(
    ("changes", "aspect"),
    [
        (
            {"json_schema": {"properties": {"id": {"type": ["null", "string"], "description": "more"}, "more": {}}}},
            None,
        ),
        ({"json_schema": {"properties": {"id": {"type": ["null", "integer"]}}}}, "catalog/ads"),
        ({"json_schema": {"properties": {}}}, "catalog/ads"),
        ({"supported_sync_modes": ["full_refresh", "incremental"]}, "catalog/ads"),
        ({"source_defined_primary_key": [["id"]]}, "catalog/ads"),
        ({"name": "adverts"}, "catalog"),
    ],
)
def test_a_catalog_may_know_more_fields_but_nothing_else(changes: dict, aspect: str | None):
    findings = list(compare.run_findings(catalog(**changes), catalog()))
    assert [one.aspect for one in findings] == ([aspect] if aspect else [])
