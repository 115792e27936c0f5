"""PyAirbyte and source-pinterest: what ends up in the database is what the fake holds."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal

import pytest

from conformance import client
from conformance.client import Client
from conformance.exchange import CUSTOM, CUSTOM_REPORT
from conformance.fake import FakePinterest
from conformance.messages import Json
from conformance.scenario import day, moment
from conformance.suite import Suite, one_day

pytestmark = pytest.mark.filterwarnings("ignore")  # Of a great many packages, about their versions.

START = 60
"""The start date, in days before today: all streams reach so far back."""
ENTITIES = ("campaigns", "ad_groups", "ads")
COLUMNS = ["AD_ACCOUNT_ID", "CAMPAIGN_ID", "SPEND_IN_MICRO_DOLLAR", "IMPRESSION_1", "TOTAL_CONVERSIONS"]
OWN_COLUMNS = "_airbyte_raw_id, _airbyte_extracted_at, _airbyte_meta"
"""What PyAirbyte adds to each row."""

Drive = Callable[..., AbstractContextManager[Client]]


@pytest.fixture
def drive(suite: Suite) -> Drive:
    """Opens a client of a fake; what it started is held to the rules when all went well."""

    @contextmanager
    def drive(fake: FakePinterest, **config: Json) -> Iterator[Client]:
        with client.opened(suite, suite.ours(fake), fake.config() | config) as driven:
            yield driven
        assert driven.runs()
        for run in driven.runs():
            suite.look_at(run)

    return drive


def test_all_streams_are_in_the_database(suite: Suite, drive: Drive):
    with one_day() as now, suite.fake(now) as fake:
        prepare(fake)
        with drive(fake, **everything()) as driven:
            driven.source.check()
            counts = driven.read()
            truth = truth_of(fake, counts)
            assert len(counts) == 33
            assert counts == {stream: len(records) for stream, records in truth.items()}
            assert all(counts.values()), "there is a stream without rows: nothing is shown of it"
            sums_are_those_of(truth, driven)

            edit(fake)
            some = ["boards", "keywords", *ENTITIES, "campaign_analytics", "advertiser_report"]
            driven.read(some)
            truth = truth_of(fake, some)
            # The last day of analytics and reports is read again and added, as they have no primary key.
            rows = {stream: f"select distinct * exclude ({OWN_COLUMNS}) from {stream}" for stream in some}
            counts = {stream: driven.one(f"select count(*) from ({query})") for stream, query in rows.items()}
            assert counts == {stream: len(records) for stream, records in truth.items()}
            assert driven.rows("select name from boards where id = '900'") == [("A new board",)]
            entities_are_those_of(truth, driven)
            second = driven.runs("read")[-1]
            for stream in ENTITIES:
                assert 0 < len(second.records[stream]) < len(truth[stream]), f"all of {stream} came again"


def test_the_config_of_the_callback_has_the_token_that_works(suite: Suite, drive: Drive):
    with one_day() as now, suite.fake(now, keep_refresh_token=False) as fake, drive(fake) as driven:
        old = driven.source.get_config()
        assert driven.read(["boards", "campaigns"])["campaigns"] == len(fake.truth("campaigns"))
        new = driven.configs[-1]
        assert new["credentials"].keys() >= old["credentials"].keys()
        assert new["credentials"]["refresh_token"] != old["credentials"]["refresh_token"]
        assert new["credentials"]["refresh_token"] == fake.config()["credentials"]["refresh_token"]

        with pytest.raises(client.pyairbyte().exceptions.AirbyteConnectorFailedError):
            driven.read(["boards", "campaigns"])

        first = fake.records("campaigns")[0]
        fake.upsert("campaigns", {**first, "id": "900", "updated_time": int(now.timestamp())})
        driven.configure(new)
        assert driven.read(["boards", "campaigns"])["campaigns"] == len(fake.truth("campaigns"))
        assert driven.rows("select name from campaigns where id = '900'") == [(first["name"],)]

        # And not for its access token alone, which is still good.
        short = {name: new["credentials"][name] for name in old["credentials"]}
        driven.configure(new | {"credentials": short})
        driven.source.check()


def test_a_failed_sync_raises_and_the_next_one_brings_all(suite: Suite, drive: Drive):
    """PyAirbyte stores at the end of a sync. Of one that failed it keeps nothing, neither rows nor states, also of the
    streams and ad accounts that were read: the database is as it was before."""
    streams = ["boards", *ENTITIES]
    with one_day() as now, suite.fake(now) as fake, drive(fake) as driven:
        before = driven.read(streams)
        states = driven.states()

        edit(fake)
        account = fake.records("ad_accounts")[0]["id"]
        fake.fault(on="campaigns/list", path_contains=account, status=403, for_ever=True)
        with pytest.raises(client.pyairbyte().exceptions.AirbyteConnectorFailedError):
            driven.read(streams)
        failed = driven.runs("read")[-1]
        assert failed.exit_code == 1
        assert {failure.stream for failure in failed.failures} == {"campaigns", None}
        assert len(failed.records["boards"]) == len(fake.truth("boards")), "the rest is not read"
        assert failed.records["campaigns"], "the other ad accounts are not read"
        assert driven.counts() == before
        assert driven.states() == states

        fake.clear_faults()
        truth = {stream: fake.truth(stream) for stream in streams}
        assert driven.read(streams) == {stream: len(records) for stream, records in truth.items()}
        assert driven.runs("read")[-1].state == driven.runs("read")[-2].state
        entities_are_those_of(truth, driven)


def test_a_wrong_config_raises(suite: Suite, drive: Drive):
    exceptions = client.pyairbyte().exceptions
    with one_day() as now, suite.fake(now) as fake, drive(fake) as driven:
        config = driven.source.get_config()
        driven.configure(config | {"credentials": config["credentials"] | {"refresh_token": "pinr_nobody"}})
        driven.source.validate_config()
        with pytest.raises(exceptions.AirbyteConnectorCheckFailedError) as refused:
            driven.source.check()
        assert "refresh token" in refused.value.context["failure_reason"]

        driven.configure(config | {"start_date": "yesterday"})
        with pytest.raises(exceptions.AirbyteConnectorValidationFailedError):
            driven.source.validate_config()
        with pytest.raises(exceptions.AirbyteConnectorCheckFailedError) as refused:
            driven.source.check()
        assert "start_date" in refused.value.context["failure_reason"]


def everything() -> dict:
    """A config with which all 32 streams have rows that fit their tables, and a custom report beside them."""
    return {
        "start_date": day(START),
        "num_threads": 20,
        # Without the status of the campaign, see `client.LEFT_OUT`.
        "stream_columns": [{"stream": stream, "columns": COLUMNS} for stream in sorted(client.LEFT_OUT)],
        "custom_reports": [{**CUSTOM_REPORT, "start_date": day(START)}],
    }


def prepare(fake: FakePinterest) -> None:
    """Reports that are ready at once, and an edit after the start date in each ad account."""
    fake.script_report("finished", every=True)
    for stream in ENTITIES:
        for number, record in enumerate(fake.records(stream)):
            fake.change(stream, record["id"], updated_time=moment(START - 1 - number % 50, seconds=number))


def edit(fake: FakePinterest) -> None:
    """What happens between two syncs: edits of what is there, and a board and a keyword more."""
    for stream in ENTITIES:
        for record in fake.truth(stream)[-2:]:
            fake.change(stream, record["id"], updated_time=moment(0, seconds=1), name="Edited")
    fake.upsert("boards", {**fake.records("boards")[0], "id": "900", "name": "A new board"})
    keyword = fake.truth("keywords")[0]
    fake.upsert("keywords", {**keyword, "id": "901", "value": "a new keyword"})


def truth_of(fake: FakePinterest, streams: Iterable[str]) -> dict[str, list[dict]]:
    """All that a table must hold, from the start date on."""
    truth = {}
    for stream in streams:
        if stream == CUSTOM:
            truth[stream] = fake.rows_of_level(CUSTOM_REPORT["level"], day(START), day(0))
        elif stream.endswith(("_analytics", "_report")):
            truth[stream] = fake.rows(stream, day(START), day(0))
        else:
            truth[stream] = fake.truth(stream)
    return truth


def sums_are_those_of(truth: dict[str, list[dict]], driven: Client) -> None:
    for stream in ("campaign_analytics", "campaign_analytics_report", "pin_promotion_report"):
        for column in ("SPEND_IN_MICRO_DOLLAR", "IMPRESSION_1"):
            sums = defaultdict(Decimal)
            for row in truth[stream]:
                if column in row:
                    sums[str(row["CAMPAIGN_ID"])] += Decimal(str(row[column]))
            assert any(sums.values()), f"{stream} has no {column}"
            query = (
                f"select cast(campaign_id as bigint), sum({column}) from {stream} group by 1 having sum({column}) > 0"
            )
            assert {str(campaign): total for campaign, total in driven.rows(query)} == {
                campaign: total for campaign, total in sums.items() if total
            }, f"{column} of {stream}"
    for stream in ("ad_account_analytics", "keyword_report"):
        days = sorted(row["DATE"] for row in truth[stream])
        ((first, last),) = driven.rows(f"select cast(min(date) as text), cast(max(date) as text) from {stream}")
        assert (first, last) == (days[0], days[-1]), f"days of {stream}"
    entities_are_those_of(truth, driven)


def entities_are_those_of(truth: dict[str, list[dict]], driven: Client) -> None:
    for stream in ENTITIES:
        ids, first, last = (
            len({record["id"] for record in truth[stream]}),
            min(record["updated_time"] for record in truth[stream]),
            max(record["updated_time"] for record in truth[stream]),
        )
        query = f"select count(distinct id), min(updated_time), max(updated_time) from {stream}"
        assert driven.rows(query) == [(ids, first, last)], f"ids and times of {stream}"
        names = {(record["id"], record["name"]) for record in truth[stream]}
        assert set(driven.rows(f"select id, name from {stream}")) == names
