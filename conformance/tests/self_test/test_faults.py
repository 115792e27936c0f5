"""The suite is red for a connector with a fault, and says where the first difference is."""

import re
from dataclasses import dataclass

import pytest

from conformance import self_test
from conformance.self_test.faulty import FAULTS, NONE
from conformance.suite import Suite


def scenario(title: str) -> str:
    return f"tests/side_by_side/test_scenarios.py::test_both_connectors[{title}]"


READ = scenario("one ad account of several is refused")
CATALOG = scenario("the catalog, with custom reports")
SPEC = scenario("the spec")
ACCEPTANCE = "tests/general/test_acceptance.py::test_acceptance[source-pinterest: invalid config is refused]"
CLIENT = "tests/client/test_pinterest.py::test_a_failed_sync_raises_and_the_next_one_brings_all"


@dataclass(frozen=True)
class Seeded:
    fault: str
    test: str
    """One of the tests that must find it."""
    shown: str
    """What its output has to say, as a regular expression."""


ALL = (
    Seeded("drop a record", READ, r"campaigns: 5 records of ours, 6 of the fake; .* 0 times in the other: .*\"id\": "),
    Seeded(
        "double a record",
        READ,
        r"campaigns: 7 records of ours, 6 of the fake; .* 2 times in ours and 1 times .*\"id\": ",
    ),
    Seeded("lose a field", READ, r"First difference: objective_type is absent in ours, \"[A-Z_]+\" in the fake"),
    Seeded(
        "lose a partition's state",
        READ,
        r"campaigns: states\.\{\"id\": \"\d+\".*\} is absent in ours, \{\"updated_time\"",
    ),
    Seeded("a number as text", READ, r"record-schema: campaigns.created_time .*\"\d+\" is not of types"),
    Seeded("an id as a number", READ, r"record-schema: campaigns.id .*\d+ is not of types"),
    Seeded("an object as text", READ, r"First difference: bid_options is \"\{\}\" in ours, \{\} in the fake"),
    Seeded("swallow an error", READ, r"campaigns: \[.*'COMPLETE'\] in ours, \[.*'INCOMPLETE'\] in official"),
    Seeded("an error without a word", READ, r"incomplete-error: campaigns"),
    Seeded("exit with 0 all the same", READ, r"exit-code: exit code 0, and not COMPLETE: campaigns"),
    Seeded(
        "blame the connector", READ, r"campaigns: failures \['system_error'\] in ours, \['config_error'\] in official"
    ),
    Seeded(
        "a state before its records", READ, r"state-count: a STATE of campaigns counts \d records, \d came before it"
    ),
    Seeded("a state too far", READ, r"campaigns: states\..*updated_time is \"\d+\" in ours, \"\d+\" in official"),
    Seeded("a wrong record count", READ, r"state-count: a STATE of campaigns counts \d records, \d came before it"),
    Seeded("a secret in a log", READ, r"secret: line 1 of stdout shows refresh_token"),
    Seeded("a line that is no JSON", READ, r"json: line 1 is no JSON: 'starting ...'"),
    Seeded("lose a stream", CATALOG, r"streams \[.*\] in ours, \[.*'audiences'.*\] in official"),
    Seeded("lose a schema field", CATALOG, r"boards: json_schema.properties.description is absent in ours"),
    Seeded("lose an option", SPEC, r"config.properties.account_id is absent in ours"),
    Seeded("say yes to all", ACCEPTANCE, r"check says SUCCEEDED"),
    Seeded("swallow an error", CLIENT, r"DID NOT RAISE"),
)


@pytest.mark.parametrize("test", [READ, CATALOG, SPEC], ids=lambda test: test.partition("::")[2])
def test_is_green_without_a_fault(suite: Suite, test: str):
    outcome = self_test.written_down(suite.settings, test)
    assert outcome.exit_code == 0, outcome.output


def test_is_green_beside_what_was_written_down(suite: Suite):
    outcome = self_test.beside_what_was_written_down(suite.settings, NONE, READ)
    assert outcome.exit_code == 0, outcome.output


def test_every_fault_is_tried():
    assert {seeded.fault for seeded in ALL} == FAULTS.keys()


@pytest.mark.parametrize("seeded", ALL, ids=lambda seeded: f"{seeded.fault}, {seeded.test.split('/')[1]}")
def test_is_red_and_shows_the_first_difference(suite: Suite, seeded: Seeded):
    compares = "side_by_side" in seeded.test
    run = self_test.beside_what_was_written_down if compares else self_test.with_a_fault
    outcome = run(suite.settings, seeded.fault, seeded.test)
    assert outcome.exit_code == 1, outcome.output
    assert re.search(seeded.shown, outcome.output), outcome.output
