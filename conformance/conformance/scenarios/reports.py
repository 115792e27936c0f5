"""Reports: jobs, polls, downloads, types.

The official connector makes one report at a time, of all streams, and waits five seconds after each poll, the last too.
So there are few ad accounts and days here, but where it is about them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from itertools import pairwise

from ..fake import FakePinterest
from ..messages import Json, Run, Status
from ..scenario import Scenario, Then, Truth, day, rows

BY_ENTITY = (
    "advertiser_report",
    "ad_group_report",
    "campaign_analytics_report",
    "pin_promotion_report",
    "product_group_report",
)
BY_TARGETING = (
    "campaign_targeting_report",
    "advertiser_targeting_report",
    "ad_group_targeting_report",
    "pin_promotion_targeting_report",
    "product_group_targeting_report",
    "keyword_report",
)
REPORT = "campaign_analytics_report"
IN_FULL = ("ad_group_report", "pin_promotion_report", "product_group_report", *BY_TARGETING)
TODAY = 0
WEEKS = 40
"""Days back that some reports begin: one window."""

AT_ONCE = "finished"


def accounts(fake: FakePinterest) -> list[str]:
    return [account["id"] for account in fake.truth("ad_accounts")]


def config(first_day: int | None, number: int | None = 0, **more: Json) -> Callable[[FakePinterest], Json]:
    """The config with this start date, and with one ad account."""

    def made(fake: FakePinterest) -> Json:
        start = {} if first_day is None else {"start_date": day(first_day)}
        account = {} if number is None else {"account_id": accounts(fake)[number]}
        return {**fake.config(), **start, **account, **more}

    return made


def at_once(fake: FakePinterest) -> None:
    """Reports are there at the first poll."""
    fake.script_report(AT_ONCE, every=True)


def as_doubles(record: dict) -> dict:
    """A row as the official connector delivers it: a double holds no whole number beyond 2^53."""
    return {
        name: int(float(value)) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in record.items()
    }


def official(truth: Callable[[FakePinterest], Truth]) -> Callable[[FakePinterest], Truth]:
    return lambda fake: {stream: [as_doubles(row) for row in found] for stream, found in truth(fake).items()}


def of_days(
    first_day: int, *streams: str, only: Iterable[int] | None = (0,), but: Iterable[int] = ()
) -> Callable[[FakePinterest], Truth]:
    """All rows since that day of these ad accounts, by their place among all; None: all of them."""

    def truth(fake: FakePinterest) -> Truth:
        wanted = {account for place, account in enumerate(accounts(fake)) if only is None or place in only}
        wanted -= {account for place, account in enumerate(accounts(fake)) if place in but}
        return {
            stream: [row for row in rows(fake, stream, day(first_day), day(TODAY)) if row["AD_ACCOUNT_ID"] in wanted]
            for stream in streams
        }

    return truth


def from_last_day(truth: Callable[[FakePinterest], Truth]) -> Callable[[FakePinterest], Truth]:
    """What a second sync brings: of each ad account the rows of its last day, which is read again, and all after it."""

    def again(fake: FakePinterest) -> Truth:
        return {stream: last_days(found) for stream, found in truth(fake).items()}

    return again


def last_day_of_accounts(found: list[dict]) -> dict[str, str]:
    last = defaultdict(str)
    for row in found:
        last[row["AD_ACCOUNT_ID"]] = max(last[row["AD_ACCOUNT_ID"]], row["DATE"])
    return last


def last_days(found: list[dict]) -> list[dict]:
    last = last_day_of_accounts(found)
    return [row for row in found if row["DATE"] == last[row["AD_ACCOUNT_ID"]]]


def stands_at_last_days(run: Run) -> None:
    """The cursor of each ad account that has rows is the day of its last row."""
    for stream, found in run.records.items():
        last = last_day_of_accounts(found)
        states = run.final_states[stream]["states"]
        cursors = {entry["partition"]["id"]: entry["cursor"]["DATE"] for entry in states}
        assert last
        assert {account: cursors.get(account) for account in last} == last, (stream, cursors)


# What was asked for.


def asked(run: Run) -> list[dict]:
    """The reports that were asked for."""
    return [request["body"] for request in run.requests if request["operation"] == "analytics/create_report"]


def count(run: Run, operation: str, status: int | None = None) -> int:
    seen = [request for request in run.requests if request["operation"] == operation]
    return sum(status in (None, request["status"]) for request in seen)


def most_at_once(run: Run) -> int:
    """The most reports that were under way together, where each is there at its first poll."""
    under_way = most = 0
    change = {"analytics/create_report": 1, "analytics/get_report": -1}
    for request in run.requests:
        under_way += change.get(request["operation"], 0)
        most = max(most, under_way)
    return most


def are_made_one_by_one(run: Run) -> None:
    assert most_at_once(run) == 1


def are_made_together(run: Run) -> None:
    assert most_at_once(run) == len(BY_ENTITY)


def windows(bodies: Iterable[dict]) -> list[tuple[str, str]]:
    return sorted((body["start_date"], body["end_date"]) for body in bodies)


def length(window: tuple[str, str]) -> int:
    start, end = map(date.fromisoformat, window)
    return (end - start).days + 1


def has_windows(first_day: int, longest: int) -> Callable[[Run], None]:
    """Windows of that length without a gap, the last one up to today."""

    def asserted(run: Run) -> None:
        seen = windows(asked(run))
        assert (seen[0][0], seen[-1][1]) == (day(first_day), day(TODAY)), seen
        assert {length(window) for window in seen[:-1]} == {longest}, seen
        assert all(length((one[1], other[0])) == 2 for one, other in pairwise(seen)), seen
        assert length(seen[-1]) <= longest, seen

    return asserted


SENT_BY_TARGETING = 110


def asks_by_targeting(run: Run) -> None:
    """None of the columns that count people."""
    assert {body["level"] for body in asked(run)} == {
        "CAMPAIGN_TARGETING",
        "ADVERTISER_TARGETING",
        "AD_GROUP_TARGETING",
        "PIN_PROMOTION_TARGETING",
        "PRODUCT_GROUP_TARGETING",
        "KEYWORD",
    }
    for body in asked(run):
        assert len(body["columns"]) == len(set(body["columns"])) == SENT_BY_TARGETING, body["level"]
        assert not {"TOTAL_IMPRESSION_FREQUENCY", "TOTAL_IMPRESSION_USER"} & set(body["columns"]), body["level"]


# Reports that take their time.


def slow_failed_and_expired(fake: FakePinterest) -> None:
    fake.script_report(AT_ONCE, every=True)
    fake.script_report({"status": "IN_PROGRESS"}, {"status": "IN_PROGRESS"}, AT_ONCE)
    fake.script_report({"status": "FAILED"})
    fake.script_report({"status": "EXPIRED"})


def asks_again(run: Run) -> None:
    """Three ad accounts, and one more report for each of the two that came to nothing. Links need no token."""
    assert len(asked(run)) == 3 + 2
    downloads = [request["bearer"] for request in run.requests if request["operation"] == "report/download"]
    assert downloads == ["absent"] * 3


def asks_three_times(run: Run) -> None:
    """One ad account three times, the other two once."""
    assert len(asked(run)) == 3 + 1 + 1


def polls_three_times(run: Run) -> None:
    polls = [request for request in run.requests if request["operation"] == "analytics/get_report"]
    first = polls[0]["query"]
    assert sum(poll["query"] == first for poll in polls) == 3


def all_checks(*checks: Callable[[Run], None]) -> Callable[[Run], None]:
    def asserted(run: Run) -> None:
        for check in checks:
            check(run)

    return asserted


# Refusals.


def fault_of(number: int, on: str, **fault: Json) -> Callable[[FakePinterest], None]:
    """Goes wrong for one ad account only, always. All reports are there at once."""

    def prepare(fake: FakePinterest) -> None:
        at_once(fake)
        fake.fault(on=on, path_contains=accounts(fake)[number], for_ever=True, **fault)

    return prepare


def refused(code: int, message: str) -> Json:
    return {"code": code, "message": message}


def asks_once_and_fails(run: Run) -> None:
    assert len(asked(run)) == 1
    assert run.exit_code == 1
    assert run.failures[0].stream == REPORT


def asks_again_and_again(run: Run) -> None:
    """The same request, which gets the same answer."""
    assert count(run, "analytics/create_report", 400) == len(asked(run)) > 1
    assert not run.records


def nothing(_: FakePinterest) -> Truth:
    return {REPORT: []}


def refused_for_a_moment(fake: FakePinterest) -> None:
    at_once(fake)
    creation = "analytics/create_report"
    fake.fault(on=creation, nth=1, status=500)
    fake.fault(on=creation, nth=2, status=400, body=refused(12, "Sorry. Retry after 0 seconds"))
    fake.fault(on=creation, nth=3, rate_limit={"reset_header": 0})
    fake.fault(on="analytics/get_report", nth=1, status=503)
    fake.fault(on="analytics/get_report", nth=2, rate_limit={"reset_header": 0})


WAITS = Status("RUNNING", ("RATE_LIMITED",))


def says_that_it_waits(run: Run) -> None:
    assert WAITS in run.statuses[REPORT]


def says_that_others_wait(run: Run) -> None:
    """Streams that nobody has, named after the requests of this one."""
    others = {name: statuses for name, statuses in run.statuses.items() if name != REPORT}
    assert set(others) == {f"job creation - {REPORT}", f"job polling - {REPORT}"}, set(others)
    assert all(WAITS in statuses for statuses in others.values()), others
    assert WAITS not in run.statuses[REPORT]


# Answers that are none.


def nothing_that_can_be_read(fake: FakePinterest) -> None:
    """A link that is null, a download of HTML, and one that is empty."""
    at_once(fake)
    fake.script_report("null_link", AT_ONCE)
    fake.fault(on="report/download", nth=1, odd_body="html")
    fake.fault(on="report/download", nth=2, odd_body="empty")


def is_complete(run: Run) -> None:
    assert run.statuses[REPORT][-1].status == "COMPLETE"


def unknown_status(fake: FakePinterest) -> None:
    at_once(fake)
    fake.script_report({"status": "ON_HOLIDAY"}, AT_ONCE)
    fake.script_report("no_status", AT_ONCE)


def gone(fake: FakePinterest) -> None:
    at_once(fake)
    fake.script_report("not_found")


def polls_without_end(run: Run) -> None:
    assert count(run, "analytics/get_report", 404) > 50
    assert len(asked(run)) == 1
    assert not run.records


def downloads_refused(fake: FakePinterest) -> None:
    at_once(fake)
    fake.fault(on="report/download", nth=1, status=500)
    fake.fault(on="report/download", nth=3, status=403)


# Types.

LARGE = 9007199254740993
"""A whole number that a double cannot hold."""


def odd_report(fake: FakePinterest) -> None:
    """A report without rows of one entity, and with all kinds of values in those of another."""
    at_once(fake)
    fake.fault(on="report/download", status=200, for_ever=True, body={"1": [], "2": odd_rows()})


def odd_rows() -> list[dict]:
    common = {"AD_ACCOUNT_ID": "1", "DATE": day(3)}
    return [
        {
            **common,
            "SPEND_IN_DOLLAR": "12",
            "IMPRESSION_1": "1e3",
            "IMPRESSION_2": " 5 ",
            "CTR": 0,
            "CTR_2": True,
            "ECTR": False,
            "REPIN_1": "-0.5",
            "REPIN_2": 7,
            "CPM_IN_DOLLAR": 0.1,
        },
        {**common, "SPEND_IN_DOLLAR": "abc", "IMPRESSION_1": "", "CTR": {"a": 1}, "CTR_2": [1], "ECTR": "1,5"},
        {**common, "CAMPAIGN_ID": str(LARGE), "PIN_ID": LARGE, "ADVERTISER_ID": "549755885175"},
        {**common, "CAMPAIGN_NAME": 123, "AD_ID": 123, "CAMPAIGN_ENTITY_STATUS": 1},
        {**common, "AD_ID": "626735565838123456789", "AD_GROUP_ID": 626735565838123456},
        {**common, "TARGETING_VALUE": 18, "NOT_IN_THE_SCHEMA": "12", "CTR": None, "nested": {"a": None, "b": "1"}},
        {"AD_ACCOUNT_ID": "1", "CTR": 1},
        {"AD_ACCOUNT_ID": "1", "CTR": 2, "DATE": None},
    ]


def typed_rows(_: FakePinterest) -> Truth:
    first, not_numbers, ids, texts, long_texts, *rest = odd_rows()
    first |= {"SPEND_IN_DOLLAR": 12, "IMPRESSION_1": 1000, "IMPRESSION_2": 5, "CTR_2": 1, "ECTR": 0, "REPIN_1": -0.5}
    ids |= {"CAMPAIGN_ID": LARGE, "ADVERTISER_ID": 549755885175}
    texts |= {"CAMPAIGN_NAME": "123", "AD_ID": "123", "CAMPAIGN_ENTITY_STATUS": "1"}
    long_texts |= {"AD_GROUP_ID": "626735565838123456"}
    return {"advertiser_report": [first, not_numbers, ids, texts, long_texts, *rest]}


SCENARIOS: list[Scenario] = [
    Scenario(
        title="reports of one ad account, two syncs",
        streams=BY_ENTITY,
        whole_config=config(WEEKS),
        prepare=at_once,
        truth=of_days(WEEKS, *BY_ENTITY),
        official_truth=official(of_days(WEEKS, *BY_ENTITY)),
        ours=are_made_together,
        theirs=are_made_one_by_one,
        then=Then(
            truth=from_last_day(of_days(WEEKS, *BY_ENTITY)),
            official_truth=official(from_last_day(of_days(WEEKS, *BY_ENTITY))),
        ),
        differs={
            "exact numbers": ["records/pin_promotion_report", "then/records/pin_promotion_report"],
            "reports at once": [],
        },
        slow=50,
    ),
    Scenario(
        title="reports by targeting and by keyword, two syncs",
        streams=BY_TARGETING,
        whole_config=config(WEEKS),
        prepare=at_once,
        truth=of_days(WEEKS, *BY_TARGETING),
        official_truth=official(of_days(WEEKS, *BY_TARGETING)),
        ours=asks_by_targeting,
        theirs=asks_by_targeting,
        then=Then(
            truth=from_last_day(of_days(WEEKS, *BY_TARGETING)),
            official_truth=official(from_last_day(of_days(WEEKS, *BY_TARGETING))),
            ours=asks_by_targeting,
            theirs=asks_by_targeting,
        ),
        differs={
            "exact numbers": ["records/pin_promotion_targeting_report", "then/records/pin_promotion_targeting_report"]
        },
        slow=60,
    ),
    Scenario(
        title="a report without a start date",
        streams=(REPORT,),
        whole_config=config(None),
        prepare=at_once,
        truth=of_days(913, REPORT),
        ours=has_windows(913, 186),
        theirs=has_windows(913, 185),
        differs={"longest windows": []},
        slow=25,
    ),
    Scenario(
        title="reports that are slow, fail and expire, two syncs of all ad accounts",
        streams=(REPORT,),
        whole_config=config(WEEKS, None),
        prepare=slow_failed_and_expired,
        truth=of_days(WEEKS, REPORT, only=None),
        ours=asks_again,
        theirs=all_checks(asks_again, polls_three_times),
        then=Then(truth=from_last_day(of_days(WEEKS, REPORT, only=None))),
        slow=50,
    ),
    Scenario(
        title="all other reports in full",
        streams=IN_FULL,
        modes=dict.fromkeys(IN_FULL, "full_refresh"),
        whole_config=config(WEEKS),
        prepare=at_once,
        truth=of_days(WEEKS, *IN_FULL),
        official_truth=official(of_days(WEEKS, *IN_FULL)),
        differs={
            "exact numbers": ["records/pin_promotion_report", "records/pin_promotion_targeting_report"],
        },
        slow=50,
    ),
    Scenario(
        title="reports in full, two syncs",
        streams=("advertiser_report", REPORT),
        modes={"advertiser_report": "full_refresh", REPORT: "full_refresh"},
        whole_config=config(WEEKS),
        prepare=at_once,
        truth=of_days(WEEKS, "advertiser_report", REPORT),
        then=Then(truth=from_last_day(of_days(WEEKS, "advertiser_report", REPORT))),
        slow=20,
    ),
    Scenario(
        title="a report that always fails, of one ad account",
        streams=(REPORT,),
        whole_config=config(WEEKS, None),
        prepare=fault_of(
            0,
            "analytics/get_report",
            status=200,
            body={"report_status": "FAILED", "url": None, "size": None},
        ),
        truth=of_days(WEEKS, REPORT, only=None, but=(0,)),
        ours=asks_three_times,
        theirs=asks_three_times,
        differs={"failed reports": [f"failures/{REPORT}"]},
        slow=25,
    ),
    Scenario(
        title="a report whose creation is refused with 400",
        streams=(REPORT,),
        whole_config=config(WEEKS),
        prepare=fault_of(0, "analytics/create_report", status=400, body=refused(1, "no such thing")),
        stop_official_after=10,
        ours=asks_once_and_fails,
        theirs=asks_again_and_again,
        differs={"400": []},
    ),
    Scenario(
        title="a report whose creation is refused with 403",
        streams=(REPORT,),
        whole_config=config(WEEKS, None),
        prepare=fault_of(0, "analytics/create_report", status=403),
        truth=of_days(WEEKS, REPORT, only=None, but=(0,)),
        official_truth=nothing,
        differs={"refused report": [f"records/{REPORT}", f"state/{REPORT}", f"statuses/{REPORT}"]},
    ),
    Scenario(
        title="reports whose creation and polls are refused for a moment",
        streams=(REPORT,),
        whole_config=config(WEEKS),
        prepare=refused_for_a_moment,
        truth=of_days(WEEKS, REPORT),
        ours=says_that_it_waits,
        theirs=says_that_others_wait,
        official_breaks=("status-stream",),
        differs={"limited reports": [f"statuses/{REPORT}"]},
        slow=10,
    ),
    Scenario(
        title="a report that is not found any more",
        streams=(REPORT,),
        whole_config=config(WEEKS),
        prepare=gone,
        truth=of_days(WEEKS, REPORT),
        stop_official_after=8,
        theirs=polls_without_end,
        differs={"poll 404": []},
        slow=30,
    ),
    Scenario(
        title="an unknown status of a report, and none",
        streams=(REPORT,),
        whole_config=config(WEEKS, None),
        prepare=unknown_status,
        truth=of_days(WEEKS, REPORT, only=None),
        official_truth=of_days(WEEKS, REPORT, only=None),
        differs={"unknown report status": [f"statuses/{REPORT}", f"failures/{REPORT}", "exit"]},
        slow=25,
    ),
    Scenario(
        title="reports without a link, of HTML, and empty",
        streams=(REPORT,),
        whole_config=config(WEEKS, None),
        prepare=nothing_that_can_be_read,
        truth=of_days(WEEKS, REPORT, only=None),
        official_truth=nothing,
        theirs=is_complete,
        differs=dict.fromkeys(("no link", "no report"), (f"records/{REPORT}", f"state/{REPORT}", f"statuses/{REPORT}")),
        slow=15,
    ),
    Scenario(
        title="downloads that are refused with 500 and 403",
        streams=(REPORT,),
        whole_config=config(WEEKS, None),
        prepare=downloads_refused,
        truth=of_days(WEEKS, REPORT, only=None),
        official_truth=of_days(WEEKS, REPORT, only=None, but=(1,)),
        differs={
            "refused download": [
                f"records/{REPORT}",
                f"state/{REPORT}",
                f"statuses/{REPORT}",
                f"failures/{REPORT}",
                "exit",
            ]
        },
        slow=15,
    ),
    Scenario(
        title="texts in columns of numbers and numbers in columns of texts",
        streams=("advertiser_report",),
        whole_config=config(WEEKS),
        prepare=odd_report,
        breaks=("record-schema",),
        truth=typed_rows,
        official_truth=official(typed_rows),
        differs={"exact numbers": ["records/advertiser_report"]},
        slow=5,
    ),
    Scenario(
        title="a report of product items",
        streams=("product_item_report",),
        whole_config=config(WEEKS),
        prepare=at_once,
        stop_official_after=8,
        truth=of_days(WEEKS, "product_item_report"),
        ours=all_checks(has_windows(WEEKS, 31), stands_at_last_days),
        theirs=asks_again_and_again,
        then=Then(truth=from_last_day(of_days(WEEKS, "product_item_report")), ours=stands_at_last_days),
        differs={"product items": []},
    ),
]
