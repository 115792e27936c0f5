"""Runs a scenario with both connectors and says what differs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from . import protocol
from .compare import Finding, record_findings, run_findings
from .connector import Connector, configured
from .fake import FakePinterest
from .messages import Json, Run
from .scenario import ABSENT, Scenario, Then, Truth
from .suite import Suite, one_day

SECOND = "then/"
"""What aspects of a second sync begin with."""


def check(suite: Suite, scenario: Scenario) -> list[Finding]:
    """Runs both and asserts what the scenario says. Returns the differences that were expected and seen."""
    if scenario.then and scenario.stop_official_after:
        of_official = scenario.then.theirs or scenario.then.official_truth
        assert not of_official, "the official one has no second sync"
    with one_day() as now:
        official = official_runs(suite, scenario, now)
        ours = our_runs(suite, scenario, now)
    findings = compared(scenario, scenario, "", ours[0], official[0])
    if scenario.then:
        second = None if scenario.stop_official_after else official[1]
        findings += compared(scenario, scenario.then, SECOND, ours[1], second)
    assert_broken(scenario.official_breaks, official)
    assert_broken(scenario.breaks, [*official, *(run for run, _ in ours)])
    return findings


def assert_broken(rules: tuple[str, ...], runs: list[Run]) -> None:
    """Each rule that need not hold is broken in one of the runs: the excuses stay true."""
    broken = {violation.rule for run in runs for violation in protocol.violations(run)}
    kept = set(rules) - broken
    assert not kept, f"need not hold, and hold: {', '.join(sorted(kept))}\n{runs[0].told()}"


def compared(
    scenario: Scenario, sync: Scenario | Then, prefix: str, our: tuple[Run, list[Finding]], official: Run | None
) -> list[Finding]:
    """Asserts what is said of one of the syncs of a scenario, whose aspects have this prefix. Of a sync of ours alone
    where there is no official run."""
    ours, wrong = our
    where = "in the second sync, " if prefix else ""
    assert not wrong, f"{where}ours is not what the fake holds. {wrong[0].text}\n{ours.told()}"
    if scenario.stop_official_after:
        assert_more(sync, ours, official)
        assert official is None or official.exit_code is None, (
            f"the official connector ends here after all:\n{official.told()}"
        )
        return []
    findings = [Finding(prefix + finding.aspect, where + finding.text) for finding in run_findings(ours, official)]
    all_explained = {aspect for aspects in scenario.differs.values() for aspect in aspects}
    explained = {aspect for aspect in all_explained if aspect.startswith(SECOND) == bool(prefix)}
    assert scenario.then or explained == all_explained, "aspects of a second sync, and there is none"
    unexplained = [finding for finding in findings if finding.aspect not in explained]
    assert not unexplained, (
        f"{unexplained[0].text}\n({len(unexplained)} differences, not expected here: "
        f"{', '.join(finding.aspect for finding in unexplained)})\n{ours.told()}\n{official.told()}"
    )
    # Later than what is compared, which names the first difference by itself.
    assert_more(sync, ours, official)
    seen = {finding.aspect for finding in findings}
    gone = explained - seen
    assert not gone, f"expected to differ, and does not: {', '.join(sorted(gone))}\n{ours.told()}\n{official.told()}"
    return findings


def assert_more(sync: Scenario | Then, ours: Run, official: Run | None) -> None:
    if sync.ours:
        sync.ours(ours)
    if sync.theirs:
        sync.theirs(official)


def our_runs(suite: Suite, scenario: Scenario, now: datetime) -> list[tuple[Run, list[Finding]]]:
    """Each sync, with what is wrong with its records beside what the fake held then."""
    with suite.fake(now, **scenario.fake) as fake:
        connector = suite.ours(fake).with_environment(**scenario.environment)
        runs = [checked(one_run(suite, connector, fake, scenario), scenario, fake)]
        if scenario.then:
            runs.append(checked(next_run(suite, connector, fake, scenario, runs[0][0]), scenario.then, fake))
        return runs


def checked(run: Run, sync: Scenario | Then, fake: FakePinterest) -> tuple[Run, list[Finding]]:
    truth = truth_of(sync, fake)
    return run, [
        finding
        for stream, records in truth.items()
        for finding in record_findings(
            stream, run.records.get(stream, []), records, ("ours", "the fake"), exact=sync.exact
        )
    ]


def truth_of(sync: Scenario | Then, fake: FakePinterest) -> Truth:
    """What ours must bring. A truth without records would be right of a source that reads nothing."""
    if not sync.truth:
        return {}
    truth = sync.truth(fake)
    empty = {stream for stream, records in truth.items() if not records}
    assert truth, "the truth says nothing"
    assert empty == set(sync.empty), f"streams whose truth is empty: {sorted(empty)}, not {sorted(sync.empty)}"
    return truth


def official_runs(suite: Suite, scenario: Scenario, now: datetime) -> list[Run]:
    with suite.fake(now, **scenario.fake) as fake:
        connector = suite.official(fake, scenario.official).with_environment(**scenario.environment)
        runs = [one_run(suite, connector, fake, scenario, scenario.stop_official_after)]
        check_official(runs[0], scenario, fake)
        if scenario.then and not scenario.stop_official_after:
            runs.append(next_run(suite, connector, fake, scenario, runs[0]))
            check_official(runs[1], scenario.then, fake)
        return runs


def check_official(run: Run, sync: Scenario | Then, fake: FakePinterest) -> None:
    """Holds the official run to what is said of its records."""
    truth = sync.official_truth(fake) if sync.official_truth else {}
    for stream, records in truth.items():
        for finding in record_findings(
            stream, run.records.get(stream, []), records, ("official", "what is said of it")
        ):
            raise AssertionError(f"the official one does not bring what is said of it. {finding.text}\n{run.told()}")


def next_run(suite: Suite, connector: Connector, fake: FakePinterest, scenario: Scenario, last: Run) -> Run:
    """The same command again, from where the last run ended."""
    if scenario.then.change:
        scenario.then.change(fake)
    fake.clear_requests()
    inputs = {"config": last.config_after, "catalog": last.catalog, "state": last.state_after}
    run = suite.run(connector, last.command, breaks=broken_by(connector, scenario), **inputs)
    return replace(run, requests=fake.requests())


def one_run(
    suite: Suite, connector: Connector, fake: FakePinterest, scenario: Scenario, longest_sync: float | None = None
) -> Run:
    config = config_of(scenario, fake)
    inputs = {}
    if scenario.command == "read":
        inputs["catalog"] = catalog_of(suite, connector, fake, scenario, config)
        inputs["state"] = state_of(scenario, fake)
    if scenario.prepare:
        scenario.prepare(fake)
    fake.clear_requests()
    if scenario.command != "spec":
        inputs["config"] = config
    breaks = broken_by(connector, scenario)
    run = suite.run(connector, scenario.command, longest_sync=longest_sync, breaks=breaks, **inputs)
    return replace(run, requests=fake.requests())


def broken_by(connector: Connector, scenario: Scenario) -> tuple[str, ...]:
    """The rules that this one need not keep here."""
    return scenario.breaks + (scenario.official_breaks if connector.name.startswith("official") else ())


def config_of(scenario: Scenario, fake: FakePinterest) -> Json:
    if callable(scenario.whole_config):
        return scenario.whole_config(fake)
    if scenario.whole_config is not None:
        return scenario.whole_config
    more = scenario.config(fake) if callable(scenario.config) else scenario.config
    return laid_over(fake.config(), more)


def laid_over(config: dict, more: Mapping[str, Json]) -> dict:
    """The config with more keys, also inside of objects; ABSENT takes one out."""
    result = dict(config)
    for name, value in more.items():
        if value is ABSENT:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            result[name] = laid_over(result[name], value)
        else:
            result[name] = value
    return result


def catalog_of(suite: Suite, connector: Connector, fake: FakePinterest, scenario: Scenario, config: Json) -> Json:
    """The configured catalog, of what each connector offers itself: with its own schemas, as a platform has it."""
    reports = config.get("custom_reports") if isinstance(config, Mapping) else None
    offered = suite.streams(connector, fake.config() | ({"custom_reports": reports} if reports else {}))
    if scenario.catalog:
        return scenario.catalog(offered)
    by_name = {stream["name"]: stream for stream in offered}
    return configured([by_name[name] for name in scenario.streams], scenario.modes)


def state_of(scenario: Scenario, fake: FakePinterest) -> Json:
    state = scenario.state(fake) if callable(scenario.state) else scenario.state
    if isinstance(state, Mapping):
        return [state_message(name, content) for name, content in state.items()]
    return state


def state_message(name: str, state: Json) -> dict:
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state}}
