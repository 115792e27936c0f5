"""campaigns, ad_groups, ads and keywords: records that the connector itself filters by time."""

from collections import defaultdict
from urllib.parse import parse_qsl

from ..compare import state_findings
from ..fake import FakePinterest
from ..messages import Json, Run
from ..scenario import Scenario, Then, Truth, begun, last_days, lists, moment

ENTITIES = ("campaigns", "ad_groups", "ads")


def by_account(records: list[dict]) -> list[list[dict]]:
    """The records that a sync delivers of each ad account, in the order of the ad accounts."""
    accounts = defaultdict(list)
    for record in records:
        accounts[record["ad_account_id"]].append(record)
    return list(accounts.values())


def set_times(fake: FakePinterest, stream: str, *times: Json) -> None:
    """The first records that a sync delivers get these `updated_time`."""
    records = fake.truth(stream)
    assert len(records) >= len(times), f"too few {stream}"
    for record, time in zip(records, times, strict=False):
        fake.change(stream, record["id"], updated_time=time)


# Two syncs of everything.


def last_edit() -> int:
    """The newest `updated_time` of the second ad account in the first sync; of the first one it is a second more."""
    return moment(3, 7)


def first_edits(fake: FakePinterest) -> None:
    for stream in ENTITIES:
        first, second = by_account(fake.truth(stream))
        fake.change(stream, first[0]["id"], updated_time=last_edit() + 1)
        fake.change(stream, second[0]["id"], updated_time=last_edit())
    # Without a start date all is read since the epoch began.
    set_times(fake, "ads", last_edit() + 1, 0, -5)


def first_sync(fake: FakePinterest) -> Truth:
    truth = lists(*ENTITIES, "keywords")(fake)
    return truth | {"ads": [record for record in truth["ads"] if record["updated_time"] >= 0]}


def second_edits(fake: FakePinterest) -> None:
    """At the cursor, a second before it and after it; one that is new, and one that is gone. ads stay as they are."""
    for stream in ("campaigns", "ad_groups"):
        first, second = by_account(fake.truth(stream))
        at_cursor, equal, before, after = second[:4]
        fake.change(stream, equal["id"], updated_time=last_edit(), name="edited in the second of the cursor")
        fake.change(
            stream, before["id"], updated_time=last_edit() - 1, name="edited, and dated a second before the cursor"
        )
        fake.change(stream, after["id"], updated_time=last_edit() + 1, name="edited")
        fake.upsert(stream, {**at_cursor, "id": at_cursor["id"] + "1", "updated_time": moment(1)})
        fake.remove(stream, first[-1]["id"])


def second_sync(fake: FakePinterest) -> Truth:
    """What is not older than the cursor of its ad account, and all keywords again."""
    truth = {"keywords": fake.truth("keywords")}
    for stream in ENTITIES:
        first, second = by_account(fake.truth(stream))
        truth[stream] = [record for record in first if record["updated_time"] >= last_edit() + 1]
        truth[stream] += [record for record in second if record["updated_time"] >= last_edit()]
    assert [len(truth[stream]) for stream in ENTITIES] == [5, 5, 2]
    return truth


def parameters(run: Run, operation: str) -> list[dict[str, str]]:
    return [dict(parse_qsl(request["query"])) for request in run.asked(operation)]


def asks_for_large_pages(run: Run) -> None:
    assert {query.get("page_size") for query in parameters(run, "campaigns/list")} == {"250"}
    assert len(parameters(run, "keywords/get")) == 2
    assert all("," in query["ad_group_ids"] for query in parameters(run, "keywords/get"))


def asks_for_small_pages(run: Run) -> None:
    assert {query.get("page_size") for query in parameters(run, "campaigns/list")} == {None}
    assert all(query["ad_group_id"].isdigit() for query in parameters(run, "keywords/get"))
    assert len(parameters(run, "keywords/get")) > 20


def ads_are_unchanged(run: Run) -> None:
    """Nothing new: the state is the one that was given, but for what this connector keeps beside it."""
    given = next(one for one in run.state if one["stream"]["stream_descriptor"]["name"] == "ads")
    assert not list(state_findings("ads", run.final_states["ads"], given["stream"]["stream_state"]))


# Odd times, with a start date.

START = 20


def odd_times(fake: FakePinterest) -> None:
    set_times(fake, "campaigns", None, "garbage", str(moment(5, 3)), float(moment(6, 3)), moment(4, 3) + 0.5)
    without = fake.truth("campaigns")[-1]
    fake.remove("campaigns", without["id"])
    del without["updated_time"]
    fake.upsert("campaigns", without)
    set_times(fake, "ad_groups", moment(START), moment(START, -1), moment(START, -2))
    set_times(fake, "ads", moment(-1), moment(1), moment(-400))


def told_times(fake: FakePinterest) -> Truth:
    """All campaigns whose time is odd; of ad groups the one edited as the start date begins, of ads those after it."""
    campaigns = fake.truth("campaigns")
    return {
        "campaigns": [*campaigns[:5], campaigns[-1]],
        "ad_groups": fake.truth("ad_groups")[:1],
        "ads": fake.truth("ads")[:3],
    }


def keeps_the_future(run: Run) -> None:
    assert moment(-1) in [record["updated_time"] for record in run.records["ads"]]
    assert str(moment(1)) in [entry["cursor"]["updated_time"] for entry in run.final_states["ads"]["states"]]


def drops_the_future(run: Run) -> None:
    assert [record["updated_time"] for record in run.records["ads"]] == [moment(1)]


# Filters of full refresh.


def some_edits(fake: FakePinterest) -> None:
    for stream in ENTITIES:
        for records in by_account(fake.truth(stream)):
            for number, record in enumerate(records):
                fake.change(stream, record["id"], updated_time=moment(max(START + 2 - 2 * number, 1)))


def state_of_campaigns(fake: FakePinterest) -> Json:
    first, second = (records[0]["ad_account_id"] for records in by_account(fake.truth("campaigns")))
    cursors = {first: moment(START - 2), second: moment(START - 6)}
    return {
        "campaigns": {
            "states": [
                {"partition": {"id": account, "parent_slice": {}}, "cursor": {"updated_time": str(cursor)}}
                for account, cursor in cursors.items()
            ]
        }
    }


def filtered(fake: FakePinterest) -> Truth:
    first, second = by_account(fake.truth("campaigns"))
    others = {
        stream: [record for record in fake.truth(stream) if moment(START) <= record["updated_time"]]
        for stream in ("ad_groups", "ads")
    }
    return {"campaigns": first[2:] + second[4:], **others}


# Parents that the official connector never visits.

OF_ENTITIES = {"campaign_analytics": "CAMPAIGN_ID", "ad_group_analytics": "AD_GROUP_ID", "ad_analytics": "AD_ID"}


def unusual_parents(fake: FakePinterest) -> None:
    """Of each kind the first is edited after the start date, a campaign in the future, all others before."""
    for stream in ENTITIES:
        for record in fake.truth(stream):
            fake.change(stream, record["id"], updated_time=moment(START, -1))
        set_times(fake, stream, moment(1))
    set_times(fake, "campaigns", moment(1), moment(-1))


def all_of_parents(fake: FakePinterest) -> Truth:
    return lists("keywords")(fake) | last_days(START, *OF_ENTITIES)(fake)


def visits_others_only(run: Run) -> None:
    """One parent of each kind has all its rows, the others none. The campaign of the future is among those."""
    for stream, identity in OF_ENTITIES.items():
        rows = run.records[stream]
        assert len({row[identity] for row in rows}) == 1
        assert len(rows) == START + 1
    assert len({keyword["parent_id"] for keyword in run.records["keywords"]}) == 1


SCENARIOS = [
    Scenario(
        title="campaigns, ad groups, ads and keywords, and again after edits",
        streams=(*ENTITIES, "keywords"),
        prepare=first_edits,
        truth=first_sync,
        exact=True,
        differs={"requests": ()},
        ours=asks_for_large_pages,
        theirs=asks_for_small_pages,
        then=Then(change=second_edits, truth=second_sync, ours=ads_are_unchanged, theirs=ads_are_unchanged),
    ),
    Scenario(
        title="campaigns, ad groups and ads with odd times of their last edit",
        streams=ENTITIES,
        config=begun(START),
        prepare=odd_times,
        truth=told_times,
        breaks=("record-schema",),
        differs={"edited in the future": ["records/ads"]},
        ours=keeps_the_future,
        theirs=drops_the_future,
    ),
    Scenario(
        title="campaigns, ad groups and ads in full, with a start date and a state",
        streams=ENTITIES,
        modes=dict.fromkeys(ENTITIES, "full_refresh"),
        config=begun(START),
        prepare=some_edits,
        state=state_of_campaigns,
        truth=filtered,
    ),
    Scenario(
        title="campaigns, ad groups and ads edited before the start date, or in the future, with their analytics",
        streams=("keywords", "campaign_analytics", "ad_group_analytics", "ad_analytics"),
        config=begun(START),
        fake={"daily_rows": True},
        prepare=unusual_parents,
        truth=all_of_parents,
        differs={
            "parents before the start date": [
                *(f"records/{stream}" for stream in ("keywords", *OF_ENTITIES)),
                *(f"state/{stream}" for stream in OF_ENTITIES),
            ],
            "edited in the future": ["records/campaign_analytics", "state/campaign_analytics"],
        },
        theirs=visits_others_only,
    ),
]
