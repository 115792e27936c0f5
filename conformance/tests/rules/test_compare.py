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
        [control(refresh_token="r", token_expiry_date="2026-01-01T00:00:00+00:00")],
        [control(refresh_token="r", token_expiry_date="2026-01-01T00:09:59Z")],
    ),
    "a token whose end one does not tell": (
        [control(refresh_token="r")],
        [control(refresh_token="r", token_expiry_date="2026-01-01T00:00:00Z")],
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
    "no time that a sync took": (
        [state(states=[])],
        [state(states=[], lookback_window=1)],
        "state/ads",
        "lookback_window is absent in ours",
    ),
    "a time that no sync took": (
        [state(states=[], lookback_window=3601)],
        [state(states=[], lookback_window=1)],
        "state/ads",
        "lookback_window is 3601 in ours",
    ),
    "a time as text": (
        [state(states=[], lookback_window="1")],
        [state(states=[], lookback_window=1)],
        "state/ads",
        'lookback_window is "1" in ours',
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
    "a token that ends on another day": (
        [control(refresh_token="r", token_expiry_date="2026-01-01T00:00:00Z")],
        [control(refresh_token="r", token_expiry_date="2026-01-02T00:00:00Z")],
        "config",
        'the token ends at "2026-01-01T00:00:00Z" in ours',
    ),
    "a token that ends at no moment": (
        [control(refresh_token="r", token_expiry_date="soon")],
        [control(refresh_token="r", token_expiry_date="2026-01-02T00:00:00Z")],
        "config",
        'the token ends at "soon" in ours',
    ),
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


@pytest.mark.parametrize(
    ("ours", "theirs", "exact", "text"),
    [
        ({"id": "1", "n": None}, {"id": "1"}, False, None),
        ({"id": "1", "n": None}, {"id": "1", "n": None}, True, None),
        ({"id": "1", "n": None}, {"id": "1"}, True, "n is null in ours, absent in official"),
        ({"id": "1"}, {"id": "1", "n": None}, True, "n is absent in ours, null in official"),
    ],
)
def test_compares_nulls_when_asked_to(ours: dict, theirs: dict, exact: bool, text: str | None):
    findings = list(compare.record_findings("ads", [ours], [theirs], exact=exact))
    assert len(findings) == (text is not None)
    assert text is None or text in findings[0].text


def spec(*, beside: dict | None = None, **properties) -> Run:
    body = {"connectionSpecification": {"type": "object", "properties": properties}, **(beside or {})}
    return run({"type": "SPEC", "spec": body}, command="spec")


@pytest.mark.parametrize(
    ("ours", "official", "text"),
    [
        ({"a": {"type": "string", "title": "A"}, "b": {}}, {"a": {"type": "string", "title": "Z"}}, None),
        ({"a": {"enum": ["x", "y", "z"]}}, {"a": {"enum": ["x", "y"]}}, None),
        ({}, {"a": {"type": "string"}}, "config.properties.a is absent in ours"),
        ({"a": {"type": "integer"}}, {"a": {"type": "string"}}, "config.properties.a.type"),
        ({"a": {"enum": ["x"]}}, {"a": {"enum": ["x", "y"]}}, "lacks ['y']"),
        ({}, {"title": {"type": "string"}}, "config.properties.title is absent in ours"),
        ({"enum": {}}, {"enum": {"type": "string"}}, "config.properties.enum.type is absent in ours"),
    ],
)
def test_a_spec_may_take_more_but_not_less(ours: dict, official: dict, text: str | None):
    findings = list(compare.run_findings(spec(**ours), spec(**official)))
    assert len(findings) == (text is not None)
    assert text is None or text in findings[0].text


def sign_in(*path: str, **more) -> dict:
    return {"advanced_auth": {"predicate_key": list(path), "properties": {"token": {"title": "T"}}, **more}}


@pytest.mark.parametrize(
    ("ours", "official", "text"),
    [
        ({"documentationUrl": "https://a"}, {"documentationUrl": "https://b"}, None),
        ({}, {"documentationUrl": "https://b"}, "documentationUrl is absent in ours"),
        ({"documentationUrl": "a"}, {"documentationUrl": "https://b"}, 'documentationUrl is "a" in ours'),
        ({"supportsDBT": False}, {"supportsDBT": True}, "supportsDBT is false in ours, true in official"),
        ({"supportsDBT": True}, {}, None),
        (sign_in("a", "b"), sign_in("a", "b"), None),
        (sign_in("a", "b"), sign_in("a", "c"), 'advanced_auth.predicate_key[1] is "b" in ours, "c" in official'),
        (sign_in("a", properties={}), sign_in("a"), "advanced_auth.properties.token is absent in ours"),
        (sign_in("a", more=1), sign_in("a"), "advanced_auth.more is 1 in ours, absent in official"),
        ({}, sign_in("a"), "advanced_auth is absent in ours"),
    ],
)
def test_compares_the_rest_of_a_spec(ours: dict, official: dict, text: str | None):
    findings = list(compare.run_findings(spec(beside=ours), spec(beside=official)))
    assert len(findings) == (text is not None)
    assert text is None or text in findings[0].text


FIELDS = {"id": {"type": ["null", "string"]}, "description": {"type": ["null", "string"]}}


def catalog(**changes) -> Run:
    stream = {"name": "ads", "json_schema": {"properties": FIELDS}, "supported_sync_modes": ["full_refresh"], **changes}
    return run({"type": "CATALOG", "catalog": {"streams": [stream]}}, command="discover")


@pytest.mark.parametrize(
    ("changes", "aspect"),
    [
        (
            {"json_schema": {"properties": {**FIELDS, "id": {**FIELDS["id"], "description": "more"}, "more": {}}}},
            None,
        ),
        ({"json_schema": {"properties": {**FIELDS, "id": {"type": ["null", "integer"]}}}}, "catalog/ads"),
        ({"json_schema": {"properties": {"id": FIELDS["id"]}}}, "catalog/ads"),
        ({"json_schema": {"properties": {**FIELDS, "description": {"type": "string"}}}}, "catalog/ads"),
        ({"json_schema": {"properties": {}}}, "catalog/ads"),
        ({"supported_sync_modes": ["full_refresh", "incremental"]}, "catalog/ads"),
        ({"source_defined_primary_key": [["id"]]}, "catalog/ads"),
        ({"name": "adverts"}, "catalog"),
    ],
)
def test_a_catalog_may_know_more_fields_but_nothing_else(changes: dict, aspect: str | None):
    findings = list(compare.run_findings(catalog(**changes), catalog()))
    assert [one.aspect for one in findings] == ([aspect] if aspect else [])
