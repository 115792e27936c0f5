"""Custom reports: names, levels, granularities, windows."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

import requests

from ..fake import FakePinterest
from ..messages import Json, Run
from ..scenario import Scenario, Then, Truth, day, reported
from .reports import all_checks, asked, at_once, config, last_days, length, windows

NUMBERS = ("SPEND_IN_MICRO_DOLLAR", "IMPRESSION_1", "CLICKTHROUGH_1")
"""Columns that are sums of days."""
IDS = ("AD_ACCOUNT_ID", "ADVERTISER_ID", "CAMPAIGN_ID")
OF_ROWS = {"DATE", "TARGETING_TYPE", "TARGETING_VALUE", "KEYWORD_ID", "PRODUCT_GROUP_ID", "PRODUCT_ITEM_ID"}
"""What rows have without being asked, where their level has it, beside the id of the level."""
ID_OF_LEVEL = {"AD_GROUP": "AD_GROUP_ID", "PIN_PROMOTION": "PIN_PROMOTION_ID"}


def entry(level: str, granularity: str = "DAY", first_day: int | None = 5, **more: Json) -> dict:
    """An entry of the config which says all that the official connector needs, and the windows that it would take."""
    start = {} if first_day is None else {"start_date": day(first_day)}
    return {
        "name": f"{level} {granularity}".lower(),
        "level": level,
        "granularity": granularity,
        "columns": [*IDS[: 3 if level != "ADVERTISER" else 2], *NUMBERS],
        "click_window_days": 30,
        "engagement_window_days": 30,
        "view_window_days": 30,
        "conversion_report_time": "TIME_OF_AD_ACTION",
        **start,
        **more,
    }


def without(report: dict, *keys: str) -> dict:
    return {key: value for key, value in report.items() if key not in keys}


def stream(report: dict) -> str:
    return f"custom_{report['name']}"


def begin(text: str, granularity: str) -> str | None:
    """The day that the row with this day has."""
    of = date.fromisoformat(text)
    match granularity:
        case "WEEK":
            return str(of - timedelta(days=of.weekday()))
        case "MONTH":
            return str(of.replace(day=1))
        case "TOTAL":
            return None
    return text


def report_rows(fake: FakePinterest, report: dict, start: str, end: str) -> list[dict]:
    """The rows of one report of the first ad account."""
    account = fake.truth("ad_accounts")[0]["id"]
    level = report["level"]
    columns = {*report["columns"], *OF_ROWS, ID_OF_LEVEL.get(level.removesuffix("_TARGETING"))}
    sums = defaultdict(lambda: dict.fromkeys(NUMBERS, 0))
    for row in fake.rows_of_level(level, start, end):
        if row["AD_ACCOUNT_ID"] != account:
            continue
        row = {name: value for name, value in reported(row).items() if name in columns}
        row["DATE"] = begin(row["DATE"], report["granularity"])
        of_period = sums[tuple((name, value) for name, value in row.items() if name not in NUMBERS)]
        for name in NUMBERS:
            of_period[name] += row[name]
    return [{**dict(fields), **numbers} for fields, numbers in sums.items()]


def rows_since(*reports: dict) -> Callable[[FakePinterest], Truth]:
    """The rows of reports, each since its own start."""

    def truth(fake: FakePinterest) -> Truth:
        return {stream(report): report_rows(fake, report, report["start_date"], day(0)) for report in reports}

    return truth


def with_reports(*reports: dict, **more: Json) -> Callable[[FakePinterest], Json]:
    return config(None, custom_reports=list(reports), **more)


# Levels and granularities.

WEEKS = 40
SEVERAL = (
    entry("CAMPAIGN", first_day=WEEKS),
    entry("AD_GROUP_TARGETING", first_day=WEEKS),
    entry("KEYWORD", "WEEK", first_day=WEEKS),
    entry("ADVERTISER", "MONTH", first_day=WEEKS),
    entry("PIN_PROMOTION", "TOTAL", first_day=WEEKS),
    entry("PRODUCT_ITEM", first_day=20),
)


def again(*reports: dict) -> Callable[[FakePinterest], Truth]:
    """What a second sync brings: from the last row on, which is made anew; a total has no last row."""

    def truth(fake: FakePinterest) -> Truth:
        first = rows_since(*reports)(fake)
        return {
            stream(report): found if report["granularity"] == "TOTAL" else last_days(found)
            for report, found in zip(reports, first.values(), strict=True)
        }

    return truth


IN_FULL = (entry("CAMPAIGN", first_day=4), entry("AD_GROUP_TARGETING", first_day=4))


# What an entry leaves out.

NAMES = (
    entry("CAMPAIGN", name="My Report"),
    entry("CAMPAIGN", name="vadimReport2X"),
    entry("CAMPAIGN", name="Ärger-a.b", columns=["CAMPAIGN_ID", "SPEND_IN_DOLLAR"]),
)
STREAMS = ("custom__my _report", "custom_vadim_report2_x")
SPARE = without(
    entry("CAMPAIGN", click_window_days=0, engagement_window_days=7, columns=[*IDS, *NUMBERS, IDS[2]]),
    "view_window_days",
)
NO_TIME = without(entry("CAMPAIGN"), "conversion_report_time")


def named(fake: FakePinterest) -> Truth:
    return {
        name: report_rows(fake, report, report["start_date"], day(0))
        for name, report in zip(STREAMS, NAMES[: len(STREAMS)], strict=True)
    }


def offers_them(run: Run) -> None:
    names = [one["name"] for one in run.streams]
    assert names[-len(SEVERAL) - len(NAMES) :] == [*map(stream, SEVERAL), *STREAMS, "custom_ärger-a.b"], names


def asks_for(click: int, view: int, columns: list[str]) -> Callable[[Run], None]:
    def asserted(run: Run) -> None:
        (body,) = asked(run)
        assert (body["click_window_days"], body["engagement_window_days"], body["view_window_days"]) == (click, 7, view)
        assert body["attribution_types"] == ["INDIVIDUAL", "HOUSEHOLD"]
        assert body["columns"] == columns

    return asserted


def shows_secrets(run: Run) -> None:
    """Its client secret, its refresh token and its access token, in its lines beside the CONTROL messages."""
    lines = [line for line in run.lines if '"CONTROL"' not in line]
    credentials = run.config_after["credentials"]
    for name in ("client_secret", "refresh_token", "access_token"):
        assert any(credentials[name] in line for line in lines), f"does not show its {name}"


def asks_for_nothing(run: Run) -> None:
    assert not asked(run)
    assert not run.records


# Where reports begin that say no day.

LONG_AGO = (
    entry("ADVERTISER", first_day=None),
    entry("PRODUCT_ITEM", first_day=None),
    entry("CAMPAIGN", "HOUR", first_day=None),
)


def hourly_rows(fake: FakePinterest, report: dict, back: int) -> list[dict]:
    """The rows by hour, which the control door has by day only: from the API, with the sums of days."""
    account = fake.truth("ad_accounts")[0]["id"]
    address, header = f"{fake.url}/ad_accounts/{account}/reports", {"Authorization": f"Bearer {fake.access_token()}"}
    found = []
    for ago in range(back + 1):
        of_hours = {name: report[name] for name in ("level", "granularity", "columns")}
        body = {"start_date": day(ago), "end_date": day(ago), **of_hours}
        made = requests.post(address, json=body, headers=header, timeout=60)
        finished = requests.get(address, params={"token": made.json()["token"]}, headers=header, timeout=60)
        entities = requests.get(finished.json()["url"], timeout=60).json()
        found += [reported(row) for rows in entities.values() for row in rows]
    days = report_rows(fake, report, day(back), day(0))
    assert {row["HOUR"] for row in found} == set(range(24))
    for name in NUMBERS:
        assert sum(row[name] for row in found) == sum(row[name] for row in days), name
    return found


def from_the_oldest_days(hours: int) -> Callable[[FakePinterest], Truth]:
    def truth(fake: FakePinterest) -> Truth:
        of_days, of_items, of_hours = LONG_AGO
        return {
            stream(of_days): report_rows(fake, of_days, day(913), day(0)),
            stream(of_items): report_rows(fake, of_items, day(91), day(0)),
            stream(of_hours): hourly_rows(fake, of_hours, hours),
        }

    return truth


def has_windows(**of_levels: tuple[int, int, int]) -> Callable[[Run], None]:
    """By the level: the oldest day, how many reports, and how many days the longest has."""

    def asserted(run: Run) -> None:
        for level, (oldest, many, longest) in of_levels.items():
            seen = windows(body for body in asked(run) if body["level"] == level)
            assert (seen[0][0], seen[-1][1], len(seen)) == (day(oldest), day(0), many), seen
            assert max(map(length, seen)) == longest, seen
            assert sum(map(length, seen)) == oldest + 1, seen

    return asserted


# Weeks that windows part.

LONGEST = 185
"""Days of the longest window of the official connector."""
MANY_WEEKS = LONGEST + 14 + (date.fromisoformat(day(0)).weekday() - 3) % 7
"""Days back to a start whose first window, if it is as long as that, ends with a Wednesday."""
BY_WEEK = entry("ADVERTISER", "WEEK", first_day=MANY_WEEKS)


def parted_weeks(fake: FakePinterest) -> Truth:
    """A week that lies in two windows has two rows with a part of its numbers each."""
    start = date.fromisoformat(BY_WEEK["start_date"])
    second = start + timedelta(days=LONGEST)
    assert second.weekday() == 3
    parts = [(str(start), str(second - timedelta(days=1))), (str(second), day(0))]
    found = [row for part in parts for row in report_rows(fake, BY_WEEK, *part)]
    return {stream(BY_WEEK): found}


SCENARIOS: list[Scenario] = [
    Scenario(
        title="custom reports of several levels and granularities, two syncs",
        streams=tuple(map(stream, SEVERAL)),
        whole_config=with_reports(*SEVERAL),
        fake={"daily_rows": True},
        prepare=at_once,
        truth=rows_since(*SEVERAL),
        then=Then(truth=again(*SEVERAL)),
        slow=60,
    ),
    Scenario(
        title="custom reports of two levels in full, two syncs",
        streams=tuple(map(stream, IN_FULL)),
        modes=dict.fromkeys(map(stream, IN_FULL), "full_refresh"),
        whole_config=with_reports(*IN_FULL),
        fake={"daily_rows": True},
        prepare=at_once,
        truth=rows_since(*IN_FULL),
        then=Then(truth=again(*IN_FULL)),
        slow=20,
    ),
    Scenario(
        title="the catalog of custom reports",
        command="discover",
        whole_config=with_reports(*SEVERAL, *NAMES),
        ours=offers_them,
        theirs=offers_them,
    ),
    Scenario(
        title="custom reports with capitals in their names",
        streams=STREAMS,
        whole_config=with_reports(*NAMES),
        fake={"daily_rows": True},
        prepare=at_once,
        truth=named,
        slow=10,
    ),
    Scenario(
        title="a custom report with windows of 0 days and none, and a column twice",
        streams=(stream(SPARE),),
        whole_config=with_reports(SPARE),
        fake={"daily_rows": True},
        prepare=at_once,
        truth=rows_since(SPARE),
        ours=asks_for(0, 1, [*IDS, *NUMBERS]),
        theirs=asks_for(30, 30, [*IDS, *NUMBERS, IDS[2]]),
        differs={"window of 0 days": [], "view window": [], "column twice": []},
        slow=5,
    ),
    Scenario(
        title="a custom report without conversion_report_time",
        streams=(stream(NO_TIME),),
        whole_config=with_reports(NO_TIME),
        fake={"daily_rows": True},
        prepare=at_once,
        truth=rows_since(NO_TIME),
        theirs=all_checks(asks_for_nothing, shows_secrets),
        official_breaks=("secret",),
        differs={
            "conversion_report_time": [
                f"{aspect}/{stream(NO_TIME)}" for aspect in ("records", "state", "statuses", "failures")
            ]
            + ["exit"],
            "secrets shown": [],
        },
        slow=10,
    ),
    Scenario(
        title="a custom report with a window in a list",
        command="check",
        whole_config=with_reports(entry("CAMPAIGN", engagement_window_days=[30], view_window_days=[30])),
        differs={"window in a list": ["connection", "config"]},
    ),
    Scenario(
        title="a custom report of PRODUCT_ITEM_TARGETING",
        command="check",
        whole_config=with_reports(entry("PRODUCT_ITEM_TARGETING")),
        differs={"product item targeting": ["connection", "config"]},
    ),
    Scenario(
        title="a custom report with a column that the schema lacks",
        command="check",
        whole_config=with_reports(entry("CAMPAIGN", columns=["TOTAL_IMPRESSION"])),
        differs={"columns of the schema": ["connection", "config"]},
    ),
    Scenario(
        title="a custom report with a name of white space",
        command="check",
        whole_config=with_reports(entry("CAMPAIGN", name=" ")),
        differs={"blank name": ["connection", "config"]},
    ),
    Scenario(
        title="custom reports without a start date, beside one of the config",
        streams=tuple(map(stream, LONG_AGO)),
        whole_config=with_reports(*LONG_AGO, start_date=day(3)),
        fake={"daily_rows": True},
        prepare=at_once,
        truth=from_the_oldest_days(hours=7),
        official_truth=from_the_oldest_days(hours=2),
        ours=has_windows(ADVERTISER=(913, 5, 186), PRODUCT_ITEM=(91, 3, 31), CAMPAIGN=(7, 3, 3)),
        theirs=has_windows(ADVERTISER=(913, 5, 185), PRODUCT_ITEM=(91, 3, 31), CAMPAIGN=(2, 2, 2)),
        differs={"hours": [f"records/{stream(LONG_AGO[2])}"], "longest windows": []},
        slow=50,
    ),
    Scenario(
        title="a custom report by week, longer than a window",
        streams=(stream(BY_WEEK),),
        whole_config=with_reports(BY_WEEK),
        fake={"daily_rows": True},
        prepare=at_once,
        truth=rows_since(BY_WEEK),
        official_truth=parted_weeks,
        differs={"weeks and months": [f"records/{stream(BY_WEEK)}"]},
        slow=10,
    ),
]
