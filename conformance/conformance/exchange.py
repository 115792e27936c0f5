"""One connector goes on where another one stopped: with the states that it wrote and the config that it left."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from .compare import record_findings, record_text, state_findings
from .connector import Connector, configured
from .fake import FakePinterest
from .messages import Json, Run
from .scenario import day, moment, rows
from .scenarios.upgrade import CUSTOM, CUSTOM_REPORT, ENTITIES, START, custom_rows
from .suite import Suite, one_day

ANALYTICS = (
    "user_account_analytics",
    "ad_account_analytics",
    "campaign_analytics",
    "ad_group_analytics",
    "ad_analytics",
)
REPORTS = ("advertiser_report", "campaign_analytics_report", CUSTOM)
LISTS = ("boards", "audiences")
ALL = (*ENTITIES, *LISTS, *ANALYTICS, *REPORTS)

FIRST_SYNC = 3
"""When the first sync seems to be, in days before today: rows of later days come only then."""
EDITS = (10, 8, 6, 5, 4, 7, 9)
"""On which days campaigns, ad groups and ads were edited before the first sync, one after the other. All after the
start date: the official connector has no analytics of others."""
NEW_AD_ACCOUNT = "549700099999"
NEW = "8"
"""What the ids of new campaigns, ad groups and ads of the other ad accounts begin with."""

_PARTITIONS = {
    **dict.fromkeys(ENTITIES, "ad_account_id"),
    "ad_account_analytics": "AD_ACCOUNT_ID",
    "campaign_analytics": "CAMPAIGN_ID",
    "ad_group_analytics": "AD_GROUP_ID",
    "ad_analytics": "AD_ID",
    **dict.fromkeys(REPORTS, "AD_ACCOUNT_ID"),
}
"""The field of a record that names its partition."""


class Connection:
    """What a user has: an account at Pinterest that goes on living, and the syncs that connectors make of it one after
    the other, each with the config that the one before it left."""

    def __init__(self, suite: Suite, fake: FakePinterest, now: datetime):
        self.suite = suite
        self.fake = fake
        self.now = now
        self.config = {
            **fake.config(),
            "start_date": day(START),
            "custom_reports": [{**CUSTOM_REPORT, "start_date": day(START)}],
            "num_threads": 10,
        }
        for stream in ENTITIES:
            records = enumerate(fake.records(stream))
            fake.upsert(stream, *({**one, "updated_time": moment(EDITS[index % len(EDITS)])} for index, one in records))
        fake.script_report("finished", every=True)
        # There is nothing in it, and each ad account costs the official connector seconds of waiting for reports.
        fake.remove("ad_accounts", self.ad_accounts()[-1])

    def sync(
        self,
        connector: Connector,
        streams: Iterable[str],
        state: Json = None,
        stop_when: Callable[[str], bool] | None = None,
    ) -> Run:
        """One sync. The access token of the one before has ended meanwhile."""
        credentials = self.config["credentials"]
        if "token_expiry_date" in credentials:
            self.config["credentials"] = {**credentials, "token_expiry_date": "2020-01-01T00:00:00+00:00"}
        offered = {one["name"]: one for one in self.suite.streams(connector, self.config)}
        catalog = configured([offered[name] for name in streams])
        run = self.suite.run(connector, "read", config=self.config, catalog=catalog, state=state, stop_when=stop_when)
        self.config = run.config_after
        return run

    @property
    def ours(self) -> Connector:
        return self.suite.ours(self.fake)

    def official(self, version: str = "2.1.12") -> Connector:
        return self.suite.official(self.fake, version)

    def connector(self, name: str) -> Connector:
        return self.ours if name == "ours" else self.official(name.removeprefix("official "))

    def ad_accounts(self) -> list[str]:
        return [account["id"] for account in self.fake.records("ad_accounts")]

    def three_days_pass(self) -> None:
        """Edits in every ad account, new campaigns, ad groups and ads, a new ad account with some of each, and the rows
        of three more days."""
        self.fake.set_now(int(self.now.timestamp()))
        accounts = self.fake.records("ad_accounts")
        self.fake.upsert("ad_accounts", {**accounts[0], "id": NEW_AD_ACCOUNT})
        for stream in ENTITIES:
            records = self.fake.truth(stream)
            of_accounts = [[one for one in records if one["ad_account_id"] == account["id"]] for account in accounts]
            for first, *_, last in of_accounts:
                edited = {**first, "updated_time": moment(1)}
                new = {**last, "id": f"{NEW}{last['id']}", "updated_time": moment(2)}
                self.fake.upsert(stream, edited, new)
            last = records[-1]
            of_new_account = {**last, "id": f"7{last['id']}", "ad_account_id": NEW_AD_ACCOUNT}
            self.fake.upsert(stream, {**of_new_account, "updated_time": moment(5)})

    def truth(self, stream: str) -> list[dict]:
        """All that a first sync would bring now."""
        if stream in ENTITIES:
            return [record for record in self.fake.truth(stream) if record["updated_time"] >= moment(START)]
        if stream in LISTS:
            return self.fake.truth(stream)
        return [row for row in self.rows(stream) if not is_of_the_past_of_new(stream, row)]

    def rows(self, stream: str) -> list[dict]:
        if stream == CUSTOM:
            return custom_rows(self.fake)
        return rows(self.fake, stream, day(START), day(0))


def is_of_the_past_of_new(stream: str, row: dict) -> bool:
    """The fake's new campaigns have rows of the days before they were there, which no report can have brought."""
    return stream in REPORTS and str(row.get("CAMPAIGN_ID")).startswith(NEW) and row["DATE"] < day(FIRST_SYNC)


@contextmanager
def connection(suite: Suite, **fake: Json) -> Iterator[Connection]:
    """A connection to a fresh fake, of three days ago."""
    with one_day() as now:
        options = {"daily_rows": True, "restated_days": 0, **fake}
        with suite.fake(now - timedelta(days=FIRST_SYNC), **options) as server:
            yield Connection(suite, server, now)


def streams_of(run: Run) -> list[str]:
    return [configured["stream"]["name"] for configured in run.catalog["streams"]]


def partition_of(stream: str, record: dict) -> str | None:
    return record.get(_PARTITIONS.get(stream, ""))


def is_known(run: Run, stream: str, record: dict) -> bool:
    """Whether both connectors begin this record's partition at the same place, from the last state of its stream."""
    known = known_partitions(run.final_states.get(stream))
    return known is None or partition_of(stream, record) in known


def known_partitions(state: Json) -> set[str] | None:
    """The ids of the partitions that a state lists, if the official connector begins others where these are. None when
    there is one cursor for all, or none for others, which both begin at the start date then."""
    if not isinstance(state, dict) or not {"states", "state"} <= state.keys() or "state_is_for_all" in state:
        return None
    return {entry["partition"]["id"] for entry in state["states"]}


def is_left_out(run: Run, stream: str, record: dict) -> bool:
    """Whether the official connector leaves a record out, because the last state does not know its partition, and is
    younger than it."""
    return not is_known(run, stream, record) and is_older(record, run.final_states[stream]["state"])


def is_older(record: dict, cursor: Json) -> bool:
    field = next(name for name in ("updated_time", "DATE", "date") if name in record)
    return str(record[field]) < str(cursor[field])


def of_known(state: Json, known: set[str] | None) -> Json:
    if known is None or not isinstance(state, dict) or "states" not in state:
        return state
    return {**state, "states": [entry for entry in state["states"] if entry["partition"]["id"] in known]}


def until_last_state(run: Run, stream: str) -> list[dict]:
    """The records of a stream that its last STATE covers: a platform may drop the others."""
    covered, waiting = [], []
    for message in run.messages:
        if message["type"] == "RECORD" and message["record"]["stream"] == stream:
            waiting.append(message["record"]["data"])
        if message["type"] == "STATE" and message["state"]["stream"]["stream_descriptor"]["name"] == stream:
            covered += waiting
            waiting = []
    return covered


def last_versions(stream: str, records: list[dict]) -> list[dict]:
    """What a destination that knows keys has in the end: for rows, that is each of them."""
    return list({record["id"]: record for record in records}.values()) if stream in ENTITIES else records


def missing(stream: str, truth: list[dict], *syncs: list[dict]) -> list[str]:
    """What of the truth is not there after these syncs, one after the other."""
    found = Counter(map(record_text, last_versions(stream, [record for sync in syncs for record in sync])))
    return list((Counter(map(record_text, truth)) - found).elements())


def assert_complete(run: Run) -> None:
    assert run.exit_code == 0, run.told()
    for stream in streams_of(run):
        assert run.statuses[stream][-1].status == "COMPLETE", f"{stream}: {run.statuses[stream]}\n{run.told()}"


def assert_nothing_lost(
    connection: Connection, *syncs: Run, excepted: Callable[[str, dict], bool] = lambda *_: False
) -> None:
    """What came before the last states of each sync, and all that came in the last one, is all there is now."""
    *before, last = syncs
    for stream in streams_of(last):
        truth = [record for record in connection.truth(stream) if not excepted(stream, record)]
        assert truth, f"nothing is to be read of {stream}"
        covered = [] if stream in LISTS else [until_last_state(run, stream) for run in before]
        lost = missing(stream, truth, *covered, last.records.get(stream, []))
        assert not lost, (
            f"{stream}: after {' and then '.join(run.connector for run in syncs)}, {len(lost)} of {len(truth)} are "
            f"missing. First: {lost[0][:500]}\n{last.told()}"
        )


def assert_begun(connection: Connection, run: Run) -> None:
    """Of some stream a part is read, and is in its state, and a part is not."""
    for stream in streams_of(run):
        truth = connection.truth(stream)
        if 0 < len(missing(stream, truth, until_last_state(run, stream))) < len(truth):
            return
    raise AssertionError(f"no stream was stopped in the middle\n{run.told()}")


def is_before(run: Run, stream: str, record: dict) -> bool:
    """Whether a record is older than the one cursor of its stream, as version 1 writes it."""
    return stream not in LISTS and stream in run.final_states and is_older(record, run.final_states[stream])


def assert_nothing_again(connection: Connection, first: Run, then: Run) -> None:
    """The next sync did not begin from the start."""
    for stream in (*ENTITIES, *ANALYTICS, *REPORTS):
        if stream in then.records and until_last_state(first, stream):
            again = len(then.records[stream])
            assert again < len(connection.truth(stream)), f"{stream}: {then.connector} reads all {again} again"


def assert_same(first: Run, ours: Run, official: Run) -> None:
    """From the same state both bring the same, and leave the same state; but for partitions that the state does not
    know, which only ours reads from the start."""
    for stream in streams_of(ours):
        runs = (ours, official)
        state = first.final_states.get(stream)
        mine, other = (
            [record for record in run.records.get(stream, []) if is_known(first, stream, record)] for run in runs
        )
        for finding in record_findings(stream, mine, other):
            raise AssertionError(f"after {first.connector}: {finding.text}\nThe state was {json.dumps(state)[:1500]}")
        mine, other = (of_known(run.final_states[stream], known_partitions(state)) for run in runs)
        for finding in state_findings(stream, mine, other):
            raise AssertionError(f"after {first.connector}, states differ. {finding.text}")


def state_in(line: str) -> dict | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message["state"] if message.get("type") == "STATE" else None


def covers_records(line: str) -> bool:
    state = state_in(line)
    return state is not None and state["sourceStats"]["recordCount"] > 0


def after_states(count: int) -> Callable[[str], bool]:
    """Stops a sync after so many STATE messages that cover records."""
    seen = 0

    def stop(line: str) -> bool:
        nonlocal seen
        seen += covers_records(line)
        return seen >= count

    return stop


def after_a_state_of_each(*streams: str) -> Callable[[str], bool]:
    """Stops a sync when each of these streams has written a STATE."""
    left = set(streams)

    def stop(line: str) -> bool:
        if state := state_in(line):
            left.discard(state["stream"]["stream_descriptor"]["name"])
        return not left

    return stop
