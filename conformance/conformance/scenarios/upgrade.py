"""States of earlier versions, and odd ones."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from ..connector import configured
from ..fake import FakePinterest
from ..messages import Json, Run
from ..scenario import Scenario, Truth, day, lists, moment, reported, rows

# Days before today: the start date, and where cursors stand.
START, EARLY, LATE = 12, 8, 4
# On which days the campaigns, ad groups and ads were edited, one after the other: before, at and after the cursors.
# None before the start date, because the official connector has no analytics of those.
EDITS = (10, EARLY, 6, LATE, 2, 7, 3)
ENTITIES = ("campaigns", "ad_groups", "ads")
CUSTOM = "custom_by_day"
CUSTOM_REPORT = {
    "name": "by_day",
    "level": "CAMPAIGN",
    "granularity": "DAY",
    "columns": ["AD_ACCOUNT_ID", "CAMPAIGN_ID", "IMPRESSION_1", "CLICKTHROUGH_1"],
    "click_window_days": 30,
    "engagement_window_days": 30,
    "view_window_days": 30,
    "conversion_report_time": "TIME_OF_AD_ACTION",
    "attribution_types": ["INDIVIDUAL", "HOUSEHOLD"],
}


def edited(fake: FakePinterest) -> None:
    """Every campaign, ad group and ad was edited on one of the days of EDITS, in each ad account on all of them,
    also in the last one, which was empty: what states list of campaigns is that of the others. Reports end soon."""
    empty = ad_accounts(fake)[-1]
    for stream in ENTITIES:
        records = fake.records(stream)
        records += [{**record, "id": f"9{record['id']}", "ad_account_id": empty} for record in records[: len(EDITS)]]
        fake.upsert(
            stream,
            *({**record, "updated_time": moment(EDITS[index % len(EDITS)])} for index, record in enumerate(records)),
        )
    fake.script_report("finished", every=True)


def whole_config(fake: FakePinterest) -> Json:
    return {**fake.config(), "start_date": day(START), "custom_reports": [CUSTOM_REPORT], "num_threads": 10}


EDITED = {"prepare": edited, "whole_config": whole_config, "fake": {"daily_rows": True}}


def ad_accounts(fake: FakePinterest) -> list[str]:
    return [account["id"] for account in fake.records("ad_accounts")]


def campaigns_of(fake: FakePinterest, ad_account: str) -> list[str]:
    """Those that are listed."""
    return [campaign["id"] for campaign in fake.truth("campaigns") if campaign["ad_account_id"] == ad_account]


def entry(cursor: Json, *ids: Json) -> dict:
    """What a state says of one partition: its id, then that of the ad account it belongs to."""
    partition = {}
    for one in reversed(ids):
        partition = {"id": one, "parent_slice": partition}
    return {"partition": partition, "cursor": cursor}


def by_partition(*entries: dict, **more: Json) -> dict:
    return {"use_global_cursor": False, "states": list(entries), "lookback_window": 1, "parent_state": {}, **more}


def edits(ago: int) -> dict:
    return {"updated_time": str(moment(ago))}


def dates(ago: int) -> dict:
    return {"DATE": day(ago)}


def held(fake: FakePinterest, stream: str) -> list[dict]:
    if stream in ENTITIES:
        return fake.truth(stream)
    if stream == CUSTOM:
        return custom_rows(fake)
    return rows(fake, stream, day(START), day(0))


def custom_rows(fake: FakePinterest) -> list[dict]:
    columns = {"DATE", *CUSTOM_REPORT["columns"]}
    all_rows = fake.rows_of_level(CUSTOM_REPORT["level"], day(START), day(0))
    return [reported({name: value for name, value in row.items() if name in columns}) for row in all_rows]


def time_of(record: dict) -> int:
    if "updated_time" in record:
        return record["updated_time"]
    return int(datetime.fromisoformat(record.get("DATE") or record["date"]).replace(tzinfo=UTC).timestamp())


def ad_account_of(record: dict) -> str | None:
    return record.get("ad_account_id") or record.get("AD_ACCOUNT_ID") or record.get("ADVERTISER_ID")


def since(
    starts: Mapping[str, int], others: Mapping[str, int] = MappingProxyType({})
) -> Callable[[FakePinterest], Truth]:
    """The truth of what was edited, and of the rows, since so many days ago, by stream. `others` are the days of the
    last ad account, by stream, where it has others."""

    def truth(fake: FakePinterest) -> Truth:
        last = ad_accounts(fake)[-1]
        return {
            stream: [
                record
                for record in held(fake, stream)
                if time_of(record) >= moment(others.get(stream, ago) if ad_account_of(record) == last else ago)
            ]
            for stream, ago in starts.items()
        }

    return truth


def version_1(_: FakePinterest) -> Json:
    return {
        "campaigns": {"updated_time": moment(EARLY)},
        "ad_groups": {"updated_time": float(moment(LATE))},
        "user_account_analytics": {"date": day(LATE)},
        "ad_account_analytics": dates(LATE),
        "campaign_analytics": dates(EARLY),
        "ad_analytics": dates(LATE),
        "campaign_analytics_report": dates(EARLY),
        CUSTOM: dates(LATE),
    }


SINCE_VERSION_1 = {
    "campaigns": EARLY,
    "ad_groups": LATE,
    "user_account_analytics": LATE,
    "ad_account_analytics": LATE,
    "campaign_analytics": EARLY,
    "ad_analytics": LATE,
    "campaign_analytics_report": EARLY,
    CUSTOM: LATE,
}

VANISHED = "549799999999"


def version_2_0(fake: FakePinterest) -> Json:
    """As a message of the type GLOBAL: of the ad accounts one is not listed, and one is there no more."""
    one, other, _ = ad_accounts(fake)
    other_order = {
        "cursor": {"updated_time": moment(LATE)},
        "partition": {"parent_slice": {}, "id": other},
    }
    states = {
        "campaigns": {"states": [other_order, entry({"updated_time": moment(EARLY)}, one)]},
        "ad_groups": {
            "states": [
                entry({"updated_time": moment(EARLY)}, VANISHED),
                entry({"updated_time": moment(LATE)}, one),
                entry({"updated_time": moment(LATE)}, other),
            ]
        },
        "ad_account_analytics": {
            "states": [entry(dates(EARLY), VANISHED), entry(dates(LATE), other), entry(dates(LATE), one)]
        },
        "campaign_analytics": {
            "states": [
                entry(dates(LATE), campaign, ad_account)
                for ad_account in (one, other)
                for campaign in campaigns_of(fake, ad_account)
            ]
        },
    }
    return [
        {
            "type": "GLOBAL",
            "global": {
                "stream_states": [
                    {"stream_descriptor": {"name": name}, "stream_state": state} for name, state in states.items()
                ]
            },
        }
    ]


SINCE_2_0 = {"campaigns": EARLY, "ad_groups": LATE, "ad_account_analytics": LATE, "campaign_analytics": LATE}


def truth_after_2_0(fake: FakePinterest) -> Truth:
    _, other, _ = ad_accounts(fake)
    truth = since(SINCE_2_0, dict.fromkeys(SINCE_2_0, START))(fake)
    campaigns = [one for one in truth["campaigns"] if one["ad_account_id"] != other or time_of(one) >= moment(LATE)]
    return {**truth, "campaigns": campaigns}


def without_the_last(fake: FakePinterest) -> Json:
    """Version 2.1, the last ad account is not listed: three lookback windows."""
    listed = ad_accounts(fake)[:-1]
    campaigns = [entry(dates(LATE), campaign, one) for one in listed for campaign in campaigns_of(fake, one)]
    return {
        "ads": by_partition(*(entry(edits(LATE), one) for one in listed), state=edits(LATE)),
        "ad_account_analytics": by_partition(*(entry(dates(LATE), one) for one in listed), state=dates(LATE)),
        "campaign_analytics": by_partition(*campaigns, state=dates(LATE), lookback_window=86_401),
        "campaign_analytics_report": by_partition(
            *(entry(dates(LATE), one) for one in listed), state=dates(LATE), lookback_window=100_000
        ),
    }


SINCE_2_1 = dict.fromkeys(("ads", "ad_account_analytics", "campaign_analytics", "campaign_analytics_report"), LATE)


def leaves_out_what_is_older(run: Run) -> None:
    """A lookback window goes back by whole days, for an ad account that is not listed."""
    for stream, ago in (("ad_account_analytics", 1), ("campaign_analytics", 2), ("campaign_analytics_report", 2)):
        listed = {
            (one["partition"]["parent_slice"] or one["partition"])["id"]
            for message in run.state
            if message["stream"]["stream_descriptor"]["name"] == stream
            for one in message["stream"]["stream_state"]["states"]
        }
        others = [record for record in run.records[stream] if ad_account_of(record) not in listed]
        assert min(record["DATE"] for record in others) == day(LATE + ago), stream


def one_for_all(_: FakePinterest) -> Json:
    more = {"use_global_cursor": True, "parent_state": {}}
    return {
        "campaigns": {**more, "state": edits(LATE), "lookback_window": 0},
        "ad_account_analytics": {**more, "state": dates(LATE), "lookback_window": 1},
        "campaign_analytics": {**more, "state": dates(LATE), "lookback_window": 0},
    }


SINCE_ONE_FOR_ALL = {"campaigns": LATE, "ad_account_analytics": LATE + 1, "campaign_analytics": LATE}


def stays_for_all(run: Run) -> None:
    for stream in SINCE_ONE_FOR_ALL:
        state = run.final_states[stream]
        assert state["use_global_cursor"] is True, stream
        assert "states" not in state, stream


def is_for_each(run: Run) -> None:
    for stream in SINCE_ONE_FOR_ALL:
        state = run.final_states[stream]
        assert state["use_global_cursor"] is False, stream
        assert len(state["states"]) >= 3, stream


def marks(_: FakePinterest) -> Json:
    """What versions write for streams without a cursor, here also of streams that have one."""
    return {
        "campaigns": {"__ab_full_refresh_sync_complete": True},
        "ad_groups": {"__ab_no_cursor_state_message": True},
        "ad_account_analytics": {},
        "boards": {"next_page_token": "p2"},
        "ad_accounts": {"__ab_full_refresh_sync_complete": True},
        "audiences": {"__ab_full_refresh_state_message": True},
    }


AFTER_MARKS = ("campaigns", "ad_groups", "ad_account_analytics")
LISTS_AFTER_MARKS = ("boards", "ad_accounts", "audiences")


def truth_after_marks(fake: FakePinterest) -> Truth:
    return {**since(dict.fromkeys(AFTER_MARKS, START))(fake), **lists(*LISTS_AFTER_MARKS)(fake)}


def other_ids(fake: FakePinterest) -> Json:
    """Ids as numbers, and without a parent."""
    ids = ad_accounts(fake)
    campaigns = [(campaign, one) for one in ids for campaign in campaigns_of(fake, one)]
    return {
        "campaigns": by_partition(*(entry(edits(LATE), int(one)) for one in ids)),
        "ad_groups": by_partition(*({"partition": {"id": one}, "cursor": edits(LATE)} for one in ids)),
        "ad_account_analytics": by_partition(*(entry(dates(LATE), int(one)) for one in ids)),
        "campaign_analytics": by_partition(*(entry(dates(LATE), one) for one, _ in campaigns)),
    }


SINCE_OTHER_IDS = dict.fromkeys(("campaigns", "ad_groups", "ad_account_analytics", "campaign_analytics"), LATE)


def reads_all_again(run: Run) -> None:
    for stream in SINCE_OTHER_IDS:
        assert min(map(time_of, run.records[stream])) < moment(LATE), stream


def crashes(run: Run) -> None:
    assert run.exit_code == 1, run.told()
    assert not run.records, run.told()


def legacy_map(_: FakePinterest) -> Json:
    return json.dumps({"campaigns": {"updated_time": moment(LATE)}, "ad_account_analytics": dates(EARLY)})


def refuses_the_map(run: Run) -> None:
    assert run.exit_code == 0, run.told()
    assert not run.records, run.told()
    assert run.failures, run.told()


def without_cursor(fake: FakePinterest) -> Json:
    one, *others = ad_accounts(fake)
    return {
        "campaigns": by_partition(
            {"partition": {"id": one, "parent_slice": {}}}, *(entry(edits(LATE), other) for other in others)
        )
    }


def names_the_place(run: Run) -> None:
    assert "campaigns" in run.failures[0].message, run.told()
    assert "cursor" in run.failures[0].message, run.told()


def of_another_source(_: FakePinterest) -> Json:
    return {"orders": {"created_at": day(LATE)}}


def names_the_other_stream(run: Run) -> None:
    assert "orders" in run.failures[0].message, run.told()
    assert not run.requests, run.told()


def reads_it_as_no_state(run: Run) -> None:
    assert run.exit_code == 0, run.told()
    assert run.statuses["campaigns"][-1].status == "COMPLETE", run.told()


def names_before_1_0(offered: list[dict]) -> Json:
    """The report of ad accounts under its first name, beside a stream that never had another."""
    by_name = {stream["name"]: stream for stream in offered}
    return configured([{**by_name["advertiser_report"], "name": "advertizer_report"}, by_name["ad_account_analytics"]])


def truth_of_old_names(fake: FakePinterest) -> Truth:
    truth = since(dict.fromkeys(("advertiser_report", "ad_account_analytics"), LATE))(fake)
    return {"advertizer_report": truth.pop("advertiser_report"), **truth}


def many(fake: FakePinterest) -> Json:
    """More ad accounts than the official connector keeps cursors of; almost all of them are gone."""
    ids = [*(str(549_710_000_000 + number) for number in range(10_000)), *ad_accounts(fake)]
    return {
        "campaigns": by_partition(*(entry(edits(EARLY), one) for one in ids), state=edits(EARLY), lookback_window=0)
    }


def knows_many(run: Run) -> None:
    state = run.final_states["campaigns"]
    assert state["use_global_cursor"] is False
    assert len(state["states"]) == 10_003
    assert state["state"] == edits(EARLY), "the oldest of them, because the official connector starts there"


def knows_one(run: Run) -> None:
    state = run.final_states["campaigns"]
    assert state["use_global_cursor"] is True
    assert "states" not in state


def nothing_of(stream: str) -> list[str]:
    """The aspects of a stream that one of the two does not read."""
    return [f"records/{stream}", f"state/{stream}", f"statuses/{stream}"]


SCENARIOS: list[Scenario] = [
    Scenario(
        title="the cursors of version 1, one for all ad accounts",
        streams=tuple(SINCE_VERSION_1),
        state=version_1,
        truth=since(SINCE_VERSION_1),
        slow=20,
        **EDITED,
    ),
    Scenario(
        title="a global message with states of version 2.0, one ad account not listed and one gone",
        streams=tuple(SINCE_2_0),
        state=version_2_0,
        truth=truth_after_2_0,
        **EDITED,
    ),
    Scenario(
        title="states of version 2.1 without one of the ad accounts",
        streams=tuple(SINCE_2_1),
        state=without_the_last,
        truth=since(SINCE_2_1, dict.fromkeys(SINCE_2_1, START)),
        differs={"unknown ad account": [f"records/{stream}" for stream in SINCE_2_1]},
        theirs=leaves_out_what_is_older,
        slow=20,
        **EDITED,
    ),
    Scenario(
        title="one cursor for all partitions",
        streams=tuple(SINCE_ONE_FOR_ALL),
        state=one_for_all,
        truth=since(SINCE_ONE_FOR_ALL),
        differs={"global cursor": [f"state/{stream}" for stream in SINCE_ONE_FOR_ALL]},
        ours=is_for_each,
        theirs=stays_for_all,
        **EDITED,
    ),
    Scenario(
        title="marks of full refreshes as states",
        streams=(*AFTER_MARKS, *LISTS_AFTER_MARKS),
        state=marks,
        truth=truth_after_marks,
        **EDITED,
    ),
    Scenario(
        title="ids as numbers and without a parent in states",
        streams=tuple(SINCE_OTHER_IDS),
        state=other_ids,
        truth=since(SINCE_OTHER_IDS, {"campaign_analytics": START}),
        differs={"integer ids": [f"{what}/{stream}" for stream in SINCE_OTHER_IDS for what in ("records", "state")]},
        theirs=reads_all_again,
        **EDITED,
    ),
    Scenario(
        title="a date as the state of campaigns",
        streams=("campaigns",),
        state=lambda _: {"campaigns": {"updated_time": day(LATE)}},
        truth=since({"campaigns": LATE}),
        differs={"dates in states": [*nothing_of("campaigns"), "config", "exit"]},
        theirs=crashes,
        **EDITED,
    ),
    Scenario(
        title="a date-time as the state of analytics",
        streams=("ad_account_analytics",),
        state=lambda _: {"ad_account_analytics": {"DATE": f"{day(LATE)}T00:00:00Z"}},
        truth=since({"ad_account_analytics": LATE}),
        differs={"dates in states": [*nothing_of("ad_account_analytics"), "config", "exit"]},
        theirs=crashes,
        **EDITED,
    ),
    Scenario(
        title="a state without a cursor",
        streams=("campaigns",),
        state=without_cursor,
        differs={"unreadable state": ["statuses/campaigns"]},
        ours=names_the_place,
        theirs=crashes,
        **EDITED,
    ),
    Scenario(
        title="a state of another source",
        streams=("campaigns",),
        state=of_another_source,
        official_truth=since({"campaigns": START}),
        differs={
            "state of another source": [*nothing_of("campaigns"), "config", "exit"],
        },
        ours=names_the_other_stream,
        theirs=reads_it_as_no_state,
        **EDITED,
    ),
    Scenario(
        title="a state of another source beside one of this source",
        streams=("campaigns",),
        state=lambda fake: {"campaigns": {"updated_time": str(moment(LATE))}, **of_another_source(fake)},
        truth=since({"campaigns": LATE}),
        **EDITED,
    ),
    Scenario(
        title="a map from stream to state",
        official_breaks=("status-end", "exit-code"),
        streams=("campaigns", "ad_account_analytics"),
        state=legacy_map,
        truth=since({"campaigns": LATE, "ad_account_analytics": EARLY}),
        differs={"legacy map": [*nothing_of("campaigns"), *nothing_of("ad_account_analytics"), "config"]},
        theirs=refuses_the_map,
        **EDITED,
    ),
    Scenario(
        title="the names of streams before version 1.0",
        official_breaks=("status-started", "incomplete-error", "exit-code"),
        catalog=names_before_1_0,
        state=lambda _: {"advertizer_report": dates(LATE), "ad_account_analytics": dates(LATE)},
        truth=truth_of_old_names,
        differs={"names before 1.0": nothing_of("advertizer_report")},
        **EDITED,
    ),
    Scenario(
        title="more than 10,000 partitions",
        streams=("campaigns",),
        state=many,
        truth=since({"campaigns": EARLY}),
        differs={"global cursor": ["state/campaigns"]},
        ours=knows_many,
        theirs=knows_one,
        **EDITED,
    ),
]
