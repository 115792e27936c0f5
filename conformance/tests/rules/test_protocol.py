"""Each rule of the protocol can be broken, and a good run breaks none."""

import json
from dataclasses import replace

import pytest
from made_up import (
    BEGIN,
    COMPLETE,
    CONFIG,
    END,
    GOOD,
    INCOMPLETE,
    NOW,
    RUNNING,
    STARTED,
    control,
    error,
    global_state,
    log,
    record,
    run,
    state,
    status,
)

from conformance import protocol
from conformance.connector import as_text
from conformance.messages import Run

SECRET = CONFIG["credentials"]["client_secret"]
CONNECTED = {"type": "CONNECTION_STATUS", "connectionStatus": {"status": "SUCCEEDED"}}


def without(message: dict, *path: str) -> dict:
    """A copy without the key at the end of this path."""
    copy = json.loads(json.dumps(message))
    *parents, last = path
    inner = copy
    for name in parents:
        inner = inner[name]
    del inner[last]
    return copy


def at(message: dict, moment: int) -> dict:
    """A copy that was written at another moment."""
    copy = json.loads(json.dumps(message))
    copy.get("record", copy.get("trace"))["emitted_at"] = moment
    return copy


UNCOUNTED = without(state(), "state", "sourceStats")

GOOD_RUNS = {
    "a sync": run(*GOOD),
    "a stream without records": run(STARTED, state(0.0), COMPLETE),
    "several states": run(*BEGIN, record(), state(), record(), record(), state(2), state(0), COMPLETE),
    "a wait before the first record": run(STARTED, RUNNING, RUNNING, record(), *END),
    "a stream that failed": run(*BEGIN, record(), error(), INCOMPLETE, error(stream=None), exit_code=1),
    "a failure before the streams are read": run(STARTED, error(stream=None), INCOMPLETE, exit_code=1),
    "a failure before anything": run(error(stream=None), exit_code=1),
    "a run that was stopped": run(*BEGIN, record(), '{"type": "REC', exit_code=None),
    "a check": run(CONNECTED, command="check"),
    "a config that is no JSON": run(CONNECTED, command="check", config="{no"),
    "a field that is null": run(*BEGIN, record(clicks=None), *END),
    "a whole number with a decimal point": run(*BEGIN, record(clicks=2.0), *END),
    "states without counts": run(*BEGIN, record(), UNCOUNTED, record(), UNCOUNTED, COMPLETE),
    "a state of all": run(*BEGIN, record(), global_state(), record(), COMPLETE, global_state()),
    "a day and times": run(
        *BEGIN,
        record(day="2026-02-03", seen="2026-02-03T04:05:06.789+05:30", local="2026-02-03T04:05:06"),
        state(),
        record(day=None, seen="2026-02-03T04:05:06Z"),
        *END,
    ),
    "a text beyond ASCII": run(json.dumps(log("é\u2028𝄞"), ensure_ascii=False), *GOOD),
    "the same key in two objects": run(*BEGIN, record(more={"id": "1"}), *END),
    "a short secret": run(CONNECTED, command="check", config={"client_secret": "type"}),
}

BROKEN = {
    "a text on stdout": ("json", run("starting", *GOOD)),
    "an empty line": ("json", run("", *GOOD)),
    "half a line at the end": ("json", run(*GOOD, '{"type": "REC')),
    "a line that is no UTF-8": (
        "json",
        run(as_text(b'{"type": "LOG", "log": {"level": "INFO", "message": "\xe9"}}'), *GOOD),
    ),
    "a line that ends with CR": ("json", run(json.dumps(log("m")) + "\r", *GOOD)),
    "a key that comes twice": (
        "json",
        run(*BEGIN, json.dumps(record()).replace('"data": {', '"data": {"id": "1", '), *END),
    ),
    "NaN": ("json", run(*BEGIN, json.dumps(record(clicks=float("nan"))), *END)),
    "an array": ("message", run("[]", *GOOD)),
    "a number": ("message", run("1", *GOOD)),
    "no type": ("message", run('{"log": {"level": "INFO", "message": "m"}}', *GOOD)),
    "an unknown type": ("message", run('{"type": "METRIC"}', *GOOD)),
    "no body": ("message", run('{"type": "LOG"}', *GOOD)),
    "the body of another type": ("message", run({**log("m"), "type": "SPEC"}, *GOOD)),
    "two bodies": ("message", run({**log("m"), "record": record()["record"]}, *GOOD)),
    "a number in quotes": ("message", run({"type": "LOG", "log": {"level": "INFO", "message": 5}}, *GOOD)),
    "an unknown level": ("message", run({"type": "LOG", "log": {"level": "LOUD", "message": "m"}}, *GOOD)),
    "a time in quotes": (
        "message",
        run(*BEGIN, record(), {"type": "RECORD", "record": {**record()["record"], "emitted_at": "1"}}, *END),
    ),
    "a time with a fraction": (
        "message",
        run(*BEGIN, record(), {"type": "RECORD", "record": {**record()["record"], "emitted_at": 1.5}}, *END),
    ),
    "data that are no object": (
        "message",
        run(*BEGIN, record(), {"type": "RECORD", "record": {**record()["record"], "data": []}}, *END),
    ),
    "a record without a time": ("message", run(*BEGIN, record(), without(record(), "record", "emitted_at"), *END)),
    "an unknown status": ("message", run(status("RESTING"), *GOOD)),
    "an error without a message": ("message", run(*GOOD, without(error(), "trace", "error", "message"))),
    "a trace without its body": ("message", run(*GOOD, without(error(), "trace", "error"))),
    "a control without a config": ("message", run(*GOOD, without(control(), "control", "connectorConfig"))),
    "a state without its stream": ("message", run(*GOOD, without(state(), "state", "stream"))),
    "a stream that was not asked for": ("record-stream", run(*BEGIN, record(), record(stream="pins"), *END)),
    "a text for an integer": ("record-schema", run(*BEGIN, record(clicks="2"), *END)),
    "an integer for a text": ("record-schema", run(*BEGIN, record(id=1), *END)),
    "a fraction for an integer": ("record-schema", run(*BEGIN, record(clicks=2.5), *END)),
    "a null that may not be": ("record-schema", run(*BEGIN, record(id=None), *END)),
    "the state of an unknown stream": ("state-stream", run(*BEGIN, record(), state(0, "pins"), *END)),
    "a state without content": (
        "state-stream",
        run(*BEGIN, record(), without(state(), "state", "stream", "stream_state"), COMPLETE),
    ),
    "a state without a count beside one with a count": (
        "state-count",
        run(*BEGIN, record(), UNCOUNTED, record(), *END),
    ),
    "a state without a count of a connector that counts": (
        "state-count",
        replace(run(*BEGIN, record(), UNCOUNTED, COMPLETE), connector="ours"),
    ),
    "a state of nothing": (
        "state-stream",
        run(*BEGIN, {"type": "STATE", "state": {"type": "LEGACY", "data": {}}}, *END),
    ),
    "a state of all that names an unknown stream": (
        "state-stream",
        run(*BEGIN, record(), global_state(1, "pins"), COMPLETE),
    ),
    "a state of all that counts wrong": ("state-count", run(*BEGIN, record(), global_state(2), COMPLETE)),
    "records after the state of all": ("state-last", run(*BEGIN, record(), global_state(), record(), COMPLETE)),
    "no date": ("record-format", run(*BEGIN, record(day="2026-02-30"), *END)),
    "a time for a date": ("record-format", run(*BEGIN, record(day="2026-02-03T00:00:00Z"), *END)),
    "a time without an offset": ("record-format", run(*BEGIN, record(seen="2026-02-03T04:05:06"), *END)),
    "a time with an offset that it may not have": (
        "record-format",
        run(*BEGIN, record(local="2026-02-03T04:05:06Z"), *END),
    ),
    "a time in seconds": ("emitted-at", run(*BEGIN, at(record(), NOW // 1000), *END)),
    "a time in microseconds": ("emitted-at", run(*BEGIN, at(record(), NOW * 1000), *END)),
    "a status long ago": ("emitted-at", run(at(STARTED, 1), *GOOD[1:])),
    "an error with a blank message": ("error-message", run(*BEGIN, error(" \n"), INCOMPLETE, exit_code=1)),
    "a record that was dropped": ("state-count", run(*BEGIN, record(), state(2), COMPLETE)),
    "a record that was doubled": ("state-count", run(*BEGIN, record(), record(), *END)),
    "records counted twice": ("state-count", run(*BEGIN, record(), state(), state(), COMPLETE)),
    "no state": ("state-last", run(*BEGIN, record(), COMPLETE)),
    "records after the state": ("state-last", run(*BEGIN, record(), state(), record(), COMPLETE)),
    "the status of an unknown stream": ("status-stream", run(status("RUNNING", "job of ads"), *GOOD)),
    "not started": ("status-started", run(RUNNING, record(), *END)),
    "started twice": ("status-started", run(STARTED, *GOOD)),
    "started after a record": ("status-started", run(record(), STARTED, RUNNING, *END)),
    "not running": ("status-running", run(STARTED, record(), *END)),
    "running after a record": ("status-running", run(STARTED, record(), RUNNING, *END)),
    "no end": ("status-end", run(*BEGIN, record(), state())),
    "two ends": ("status-end", run(*GOOD, COMPLETE)),
    "both ends": ("status-end", run(*BEGIN, record(), state(), error(), INCOMPLETE, COMPLETE)),
    "nothing said of a stream": ("status-end", run(log("done"))),
    "a record after the end": ("record-after-end", run(*GOOD, record(), state())),
    "a status after the end": ("status-after-end", run(*GOOD, RUNNING)),
    "a state after the end": ("state-after-end", run(*BEGIN, record(), COMPLETE, state())),
    "an error that was swallowed": ("incomplete-error", run(*BEGIN, INCOMPLETE, error("sum", None), exit_code=1)),
    "the error of another stream": ("incomplete-error", run(*BEGIN, error(stream="pins"), INCOMPLETE, exit_code=1)),
    "two answers": ("answer", run(CONNECTED, CONNECTED, command="check")),
    "no answer": ("answer", run(log("fine"), command="check")),
    "no spec": ("answer", run(log("fine"), command="spec", config=None)),
    "no catalog": ("answer", run(log("fine"), command="discover")),
    "success without all streams": ("exit-code", run(*BEGIN, record(), state(), error(), INCOMPLETE)),
    "a failure with all streams": ("exit-code", run(*GOOD, error(stream=None), exit_code=1)),
    "a failure without a word": ("exit-error", run(log("oh"), exit_code=1)),
    "a check that fails without a word": ("exit-error", run(command="check", exit_code=2)),
    "a secret in a log": ("secret", run(log(f"with {SECRET}"), *GOOD)),
    "a secret in a record": ("secret", run(*BEGIN, record(note="the-old-one"), *END)),
    "a secret on stderr": ("secret", run(*GOOD, stderr="refreshing with the-old-one")),
    "a secret in an address": ("secret", run(log("?secret=a%2Fsecret+%22word"), *GOOD)),
    "a secret in a header": ("secret", run(log("Basic MTQ4MDAxMDphL3NlY3JldCAid29yZA=="), *GOOD)),
    "a secret that the run obtained": ("secret", run(*GOOD, stderr="token the-new-one")),
    "a secret beside the config of a control": (
        "secret",
        run(*BEGIN, {**control(), "note": "the-old-one"}, record(), *END),
    ),
    "a secret in a run that was stopped": ("secret", run(log("the-old-one"), exit_code=None)),
}


@pytest.mark.parametrize("good", GOOD_RUNS.values(), ids=GOOD_RUNS)
def test_a_good_run_breaks_no_rule(good: Run):
    assert protocol.violations(good) == []


@pytest.mark.parametrize(("rule", "broken"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_found(rule: str, broken: Run):
    assert rule in {violation.rule for violation in protocol.violations(broken)}


def test_every_rule_is_broken_here():
    # The types that Pinterest sends otherwise are a list of their own, below.
    assert {rule for rule, _ in BROKEN.values()} == protocol.RULES.keys() - {"sent-type", "sent-format"}


def test_a_known_type_has_a_rule_of_its_own():
    number = {"type": ["null", "number"]}
    stream = {"name": "ad_analytics", "json_schema": {"properties": {"CAMPAIGN_ID": number, "SPEND": number}}}
    made_up = run(*(record("ad_analytics", **field) for field in ({"CAMPAIGN_ID": "7"}, {"SPEND": "7"})))
    made_up.catalog["streams"] = [{"stream": stream}]
    content = [violation for violation in protocol.violations(made_up) if violation.rule in protocol.SCHEMA_RULES]
    assert [violation.rule for violation in content] == ["sent-type", "record-schema"]


def test_a_known_format_has_a_rule_of_its_own():
    time = {"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"}
    stream = {"name": "catalogs", "json_schema": {"properties": {"created_at": time, "read_at": time}}}
    made_up = run(*(record("catalogs", **{field: "2026-02-03T04:05:06Z"}) for field in ("created_at", "read_at")))
    made_up.catalog["streams"] = [{"stream": stream}]
    content = [violation for violation in protocol.violations(made_up) if violation.rule in protocol.SCHEMA_RULES]
    assert [violation.rule for violation in content] == ["sent-format", "record-format"]


def test_a_violation_does_not_show_the_secret():
    found = protocol.violations(run(log(f"with {SECRET}"), *GOOD, stderr="the-old-one"))
    assert found
    assert not any("the-old-one" in str(violation) or SECRET in str(violation) for violation in found)


def test_a_stopped_run_is_not_held_to_its_end():
    assert protocol.violations(run(*BEGIN, record(), exit_code=None)) == []


def test_what_the_spec_calls_secret_is_looked_for():
    spec = {"connectionSpecification": {"properties": {"pin": {"type": "string", "airbyte_secret": True}}}}
    leaking = run(log("with 123456"), CONNECTED, command="check", config={"pin": "123456"})
    assert protocol.violations(leaking) == []
    assert [violation.rule for violation in protocol.violations(leaking, spec)] == ["secret"]


def test_known_violations_are_rules():
    assert all(known <= protocol.RULES.keys() for known in protocol.KNOWN_VIOLATIONS.values())
