"""PyAirbyte on every target, each outcome written down for the documentation."""

import json
from collections.abc import Callable, Iterator

import pytest

from conformance import client, results, targets
from conformance.acceptance import NotGiven
from conformance.client import LEFT_OUT, Client
from conformance.fake import FakePinterest
from conformance.messages import Json, Run, stream_states
from conformance.official import ThreadRace, is_race
from conformance.results import CLIENT, Result
from conformance.settings import Settings
from conformance.shop import Shop
from conformance.suite import Suite, one_day
from conformance.targets import Target

pytestmark = pytest.mark.filterwarnings("ignore")  # Of a great many packages, about their versions.


class Driven:
    """A target under a client."""

    def __init__(self, suite: Suite, target: Target, client: Client):
        self.suite = suite
        self.target = target
        self.client = client

    def read(self) -> dict[str, int]:
        streams = [stream for stream in self.client.source.get_available_streams() if self.is_read(stream)]
        return self.client.read(streams)

    def is_read(self, stream: str) -> bool:
        """Of a Pinterest source one of the reports, which are all alike: a table of theirs takes PyAirbyte long, and
        `test_pinterest.py` has all of them."""
        if isinstance(self.target.server, FakePinterest) and stream.endswith("_report"):
            return stream == "advertiser_report"
        return stream not in self.target.left_out | LEFT_OUT


def check_succeeds(driven: Driven) -> None:
    driven.client.source.check()


def spec_is_understood(driven: Driven) -> None:
    assert driven.client.source.config_spec["properties"], "the config has no properties"
    driven.client.source.validate_config()


def streams_are_listed(driven: Driven) -> None:
    assert driven.client.source.get_available_streams(), "no stream is offered"


def all_streams_are_read_into_tables(driven: Driven) -> None:
    counts = driven.read()
    (run,) = driven.client.runs("read")
    assert counts == stored([run]), "the tables do not hold what was said"
    assert any(counts.values()), "there are no rows"


def second_read_goes_on_from_the_first(driven: Driven) -> None:
    saved = driven.client.states()
    server = driven.target.server
    if isinstance(server, Shop):
        server.change("travel", 4, 1_800_000_000)
        server.change("empty", 0, 1_800_000_001)
    driven.client.configure((driven.client.configs or [driven.target.config])[-1])
    counts = driven.read()
    first, second = driven.client.runs("read")
    given = {
        stream["stream_descriptor"]["name"]: stream["stream_state"]
        for state in second.state
        for stream in stream_states(state)
    }
    assert given == saved == first.final_states, "the second read is not given the states of the first"
    assert driven.client.states() == saved | second.final_states, "the states of the second read are not kept"
    assert counts == stored([first, second]), "the tables do not hold what was said"
    before, after = (sum(len(run.records[stream]) for stream in incremental(second)) for run in (first, second))
    assert after < before or not before, f"{before} records of incremental streams, then {after}"
    if isinstance(server, Shop):
        assert counts["books"] == sum(map(len, server.books.values())), "a new book is missing"
        assert {book["id"] for book in second.records["books"]} >= {"travel-4", "empty-0"}, "a change is missing"


def wrong_config_is_refused(driven: Driven) -> None:
    if driven.target.invalid_config is None:
        raise NotGiven("no config is given that must be refused")
    driven.client.configure(driven.target.invalid_config)
    with pytest.raises(client.pyairbyte().exceptions.AirbyteConnectorCheckFailedError):
        driven.client.source.check()


def every_line_keeps_the_rules(driven: Driven) -> None:
    runs = driven.client.runs()
    spec = next((run.spec for run in runs if run.spec), None)
    for run in runs:
        driven.suite.look_at(run, spec=spec)


STEPS: tuple[Callable[[Driven], None], ...] = (
    check_succeeds,
    spec_is_understood,
    streams_are_listed,
    all_streams_are_read_into_tables,
    second_read_goes_on_from_the_first,
    wrong_config_is_refused,
    every_line_keeps_the_rules,
)


@pytest.mark.parametrize("target", targets.names(Settings.load()))
def test_pyairbyte_drives(suite: Suite, target: str):
    with (
        one_day(),
        targets.opened(suite, target) as opened,
        client.opened(suite, opened.connector, opened.config) as driving,
    ):
        failures = list(take_steps(Driven(suite, opened, driving)))
    assert not failures or not opened.must_pass, failures[0]


def take_steps(driven: Driven) -> Iterator[str]:
    """One after the other, each where the one before it ended. Yields what fails."""
    for number, step in enumerate(STEPS, 1):
        failure = ""
        try:
            step(driven)
        except NotGiven:
            # No result: the table then says neither yes nor no.
            continue
        except Exception as error:
            failure = f"{reason(error, driven.client.runs())}\n{driven.client.told()}"
        if driven.target.name == targets.OFFICIAL and any(is_race(run) for run in driven.client.runs()):
            raise ThreadRace(failure)
        name = f"{number}. {step.__name__.replace('_', ' ')}"
        result = Result(CLIENT, driven.target.name, name, not failure, results.stable(failure))
        results.write(driven.suite.settings.folder, result)
        if failure:
            yield f"{name}: {failure}"


def reason(error: Exception, runs: list[Run]) -> str:
    """PyAirbyte says that the connector failed, and leaves the reason to its log."""
    said = next((failure.message for failure in runs[-1].failures), "") if runs else ""
    return str(error) if isinstance(error, AssertionError) or not said else f"{type(error).__name__}: {said}"


def stored(runs: list[Run]) -> dict[str, int]:
    """How many rows each table must have after these runs: PyAirbyte keeps one for each primary key, adds those of
    streams without a key that have a cursor, and replaces the others."""
    counts = {}
    for stream in runs[-1].catalog["streams"]:
        name = stream["stream"]["name"]
        records = [run.records[name] for run in runs]
        if keys := stream.get("primary_key"):
            counts[name] = len({json.dumps([at(record, path) for path in keys]) for run in records for record in run})
        elif stream.get("cursor_field"):
            counts[name] = sum(map(len, records))
        else:
            counts[name] = next((len(run) for run in reversed(records) if run), 0)
    return counts


def at(record: Json, path: list[str]) -> Json:
    for name in path:
        record = record[name]
    return record


def incremental(run: Run) -> list[str]:
    streams = [stream["stream"] for stream in run.catalog["streams"]]
    return [stream["name"] for stream in streams if "incremental" in stream["supported_sync_modes"]]
