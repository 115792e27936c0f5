"""Analytics: windows of days, cursors, refusals."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

from ..fake import FakePinterest
from ..messages import Json, Run
from ..scenario import Scenario, Then, Truth, begun, day, last_days, moment

KEYS = {
    "user_account_analytics": None,
    "ad_account_analytics": "AD_ACCOUNT_ID",
    "campaign_analytics": "CAMPAIGN_ID",
    "ad_group_analytics": "AD_GROUP_ID",
    "ad_analytics": "AD_ID",
}
"""Each stream, and the column that says whose row it is."""
ANALYTICS = tuple(KEYS)
FIRST = 89
"""The first day that is read is so many days ago."""
USER_ACCOUNT = "user_account/analytics"
NEW_CAMPAIGN = "626799999999"


# Two syncs of everything.


def in_the_morning(fake: FakePinterest) -> None:
    fake.set_now(moment(0, 60))


def late_first_window(fake: FakePinterest) -> None:
    in_the_morning(fake)
    fake.fault(on=USER_ACCOUNT, path_contains=f"start_date={day(FIRST)}", delay_ms=2000, for_ever=True)


def waits_for_the_first_window(run: Run) -> None:
    """The last of the windows, which were there long before, did not move the state."""
    before, *_ = run.states["user_account_analytics"]
    assert len(run.states["user_account_analytics"]) > 2
    assert before == {"date": day(FIRST)}


def parameters(run: Run, operation: str) -> list[dict[str, str]]:
    return [dict(parse_qsl(request["query"])) for request in run.asked(operation)]


def ids_asked(run: Run) -> list[list[str]]:
    """The campaigns, ad groups or ads of each request."""
    return [
        query[f"{kind.removesuffix('s')}_ids"].split(",")
        for kind in ("campaigns", "ad_groups", "ads")
        for query in parameters(run, f"{kind}/analytics")
    ]


def asks_in_batches(run: Run) -> None:
    """All of an ad account and all days in one request. Two of the three ad accounts have campaigns."""
    assert len(ids_asked(run)) == 2 * 3
    assert max(map(len, ids_asked(run))) > 20
    assert all(query == {"start_date": day(FIRST), "end_date": day(0)} for query in parameters(run, USER_ACCOUNT))


def asks_for_each(run: Run) -> None:
    waits_for_the_first_window(run)
    assert {len(ids) for ids in ids_asked(run)} == {1}
    assert {query["start_date"] for query in parameters(run, "ads/analytics")} == {day(FIRST), day(59), day(29)}
    assert all(query["granularity"] == "DAY" and query["columns"] for query in parameters(run, USER_ACCOUNT))


def later_that_day(fake: FakePinterest) -> None:
    """The day's numbers grow, and an ad is gone."""
    fake.clear_faults()
    before = fake.rows("user_account_analytics", day(0), day(0))
    fake.set_now(moment(0, 24 * 60 * 60 - 1))
    assert fake.rows("user_account_analytics", day(0), day(0)) != before
    fake.remove("ads", fake.truth("ads")[0]["id"])


def a_campaign_more(fake: FakePinterest) -> None:
    later_that_day(fake)
    fake.upsert("campaigns", {**fake.truth("campaigns")[0], "id": NEW_CAMPAIGN})


def today_and_the_new_campaign(fake: FakePinterest) -> Truth:
    past = fake.rows("campaign_analytics", day(FIRST), day(1))
    truth = dict(last_days(0, *ANALYTICS)(fake))
    truth["campaign_analytics"] += [row for row in past if row["CAMPAIGN_ID"] == NEW_CAMPAIGN]
    assert len(truth["campaign_analytics"]) > FIRST + 1
    return truth


def loses_the_past_of_the_new_campaign(run: Run) -> None:
    rows = run.records["campaign_analytics"]
    assert {row["DATE"] for row in rows if row["CAMPAIGN_ID"] == NEW_CAMPAIGN} == {day(1), day(0)}


def since_the_last_rows(fake: FakePinterest) -> Truth:
    """Of each account, campaign, ad group and ad the last day that has rows. Cursors stand there, not at today."""
    truth = {}
    for stream in ANALYTICS:
        last = {}
        for row in fake.rows(stream, day(FIRST), day(0)):
            last[row.get(KEYS[stream])] = row
        truth[stream] = list(last.values())
    assert any(row["DATE"] != day(0) for row in truth["ad_analytics"])
    return truth


# Windows.

WINDOWS = {
    "today": lambda: day(0),
    "far in the future": lambda: "3021-01-01",
    "older than the start date": lambda: "2019-01-01",
    "30 days": lambda: day(29),
    "31 days": lambda: day(30),
    "none": lambda: None,
}
"""From where ad accounts are read on, one after the other; the last one is not in the state."""
BEGUN = 40
"""The start date is so many days ago."""


def six_accounts(fake: FakePinterest) -> None:
    first = fake.records("ad_accounts")[0]
    for number in range(3):
        fake.upsert("ad_accounts", {**first, "id": f"54979999999{number}"})


def cursors(fake: FakePinterest) -> Json:
    six_accounts(fake)
    accounts = [account["id"] for account in fake.truth("ad_accounts")]
    return {
        "ad_account_analytics": {
            "states": [
                {"partition": {"id": account, "parent_slice": {}}, "cursor": {"DATE": date()}}
                for account, date in zip(accounts, WINDOWS.values(), strict=True)
                if date()
            ]
        },
        "user_account_analytics": {"date": "3021-01-01"},
    }


def since_the_cursors(fake: FakePinterest) -> Truth:
    truth = []
    for account, date in zip(fake.truth("ad_accounts"), WINDOWS.values(), strict=True):
        first = max(date() or day(BEGUN), day(BEGUN))
        rows = fake.rows("ad_account_analytics", min(first, day(0)), day(0))
        truth += [row for row in rows if row["AD_ACCOUNT_ID"] == account["id"] and row["DATE"] >= first]
    assert len(truth) == 1 + 0 + 41 + 30 + 31 + 41
    return {"ad_account_analytics": truth, "user_account_analytics": []}


def windows_of(run: Run, account: str) -> list[tuple[str, str]]:
    asked = [request for request in run.asked("ad_account/analytics") if f"/{account}/" in request["path"]]
    queries = [dict(parse_qsl(request["query"])) for request in asked]
    return sorted((query["start_date"], query["end_date"]) for query in queries)


def asks_nothing_of_the_future(run: Run) -> None:
    accounts = [entry["partition"]["id"] for entry in run.final_states["ad_account_analytics"]["states"]]
    asked = [windows_of(run, account) for account in accounts[:5]]
    assert asked[0] == [(day(0), day(0))]
    assert asked[1] == []
    assert not run.asked(USER_ACCOUNT)


def has_windows_of_30_days(run: Run) -> None:
    asks_nothing_of_the_future(run)
    accounts = [entry["partition"]["id"] for entry in run.final_states["ad_account_analytics"]["states"]]
    assert windows_of(run, accounts[3]) == [(day(29), day(0))]
    assert windows_of(run, accounts[4]) == [(day(30), day(1)), (day(0), day(0))]


def edited_today(fake: FakePinterest) -> None:
    for stream in ("campaigns", "ad_groups", "ads"):
        for record in fake.truth(stream):
            fake.change(stream, record["id"], updated_time=moment(0))


def asks_nothing(run: Run) -> None:
    """And has the start date for a state."""
    assert run.final_states["user_account_analytics"] == {"date": day(-1)}
    assert [entry["cursor"] for entry in run.final_states["ad_account_analytics"]["states"]] == [{"DATE": day(-1)}] * 3
    assert not [request for request in run.requests if request["operation"].endswith("/analytics")]


def edited_around_the_start(fake: FakePinterest) -> None:
    for number, record in enumerate(fake.truth("campaigns")):
        fake.change("campaigns", record["id"], updated_time=moment(2, number - 3))


def of_utc_days(fake: FakePinterest) -> Truth:
    rows = last_days(2, "user_account_analytics", "ad_account_analytics")(fake)
    return rows | {"campaigns": fake.truth("campaigns")[3:]}


# Odd rows.

ODD = 10
"""The start date is so many days ago."""


def one_campaign(fake: FakePinterest) -> str:
    """Takes away all campaigns but one, and says which one it is."""
    kept = fake.truth("campaigns")[0]
    for campaign in fake.records("campaigns"):
        if campaign["id"] != kept["id"]:
            fake.remove("campaigns", campaign["id"])
    fake.change("campaigns", kept["id"], updated_time=moment(1))
    return kept["id"]


def answers(fake: FakePinterest, stream: str, *rows: dict, of: str) -> None:
    """Rows of an ad account or campaign, in the place of all others."""
    operation = stream.replace("_analytics", "/analytics").replace("campaign/", "campaigns/")
    of = f"/{of}/" if stream == "ad_account_analytics" else of
    fake.fault(on=operation, path_contains=of, status=200, body=list(rows), for_ever=True)


def odd_rows(fake: FakePinterest) -> None:
    first, second, third = (account["id"] for account in fake.truth("ad_accounts"))
    row = {"SPEND_IN_DOLLAR": 1.5, "IMPRESSION_1": 12}
    answers(fake, "ad_account_analytics", {**row, "AD_ACCOUNT_ID": first}, row_of_day(first, day(4)), of=first)
    answers(fake, "ad_account_analytics", row_of_day(second, moment(5)), of=second)
    answers(fake, "ad_account_analytics", of=third)
    campaign = one_campaign(fake)
    answers(
        fake,
        "campaign_analytics",
        {"CAMPAIGN_ID": campaign, "DATE": day(4)},
        {"CAMPAIGN_ID": campaign, "DATE": day(-26)},
        of=campaign,
    )
    for ad_group in fake.truth("ad_groups"):
        fake.change("ad_groups", ad_group["id"], updated_time=moment(1))
    fake.fault(on="ad_groups/analytics", status=200, body=[], for_ever=True)


def row_of_day(account: str, date: Json) -> dict:
    return {"AD_ACCOUNT_ID": account, "DATE": date, "SPEND_IN_DOLLAR": 2}


def told_rows(fake: FakePinterest) -> Truth:
    first, second, _ = (account["id"] for account in fake.truth("ad_accounts"))
    (campaign,) = (campaign["id"] for campaign in fake.truth("campaigns"))
    return {
        "ad_account_analytics": [
            {"AD_ACCOUNT_ID": first, "SPEND_IN_DOLLAR": 1.5, "IMPRESSION_1": 12},
            row_of_day(first, day(4)),
            row_of_day(second, moment(5)),
        ],
        "campaign_analytics": [{"CAMPAIGN_ID": campaign, "DATE": date} for date in (day(4), day(-26))],
        "ad_group_analytics": [],
    }


def rows_after_odd_ones(fake: FakePinterest) -> Truth:
    """From each account's cursor on; those without rows stand at the start date."""
    accounts = [account["id"] for account in fake.truth("ad_accounts")]
    since = dict(zip(accounts, (day(4), day(5), day(ODD)), strict=True))
    rows = fake.rows("ad_account_analytics", day(ODD), day(0))
    return {
        "ad_account_analytics": [row for row in rows if row["DATE"] >= since[row["AD_ACCOUNT_ID"]]],
        **last_days(4, "campaign_analytics")(fake),
        **last_days(ODD, "ad_group_analytics")(fake),
    }


def keeps_the_cursor(run: Run) -> None:
    assert [entry["cursor"] for entry in run.final_states["campaign_analytics"]["states"]] == [{"DATE": day(4)}]
    assert "state" not in run.final_states["ad_group_analytics"]


def passes_today(run: Run) -> None:
    assert [entry["cursor"] for entry in run.final_states["campaign_analytics"]["states"]] == [{"DATE": day(-26)}]
    assert "state" not in run.final_states["ad_group_analytics"]


def loses_the_campaign(run: Run) -> None:
    assert not run.records["campaign_analytics"]


def objects(fake: FakePinterest) -> None:
    first, second, _ = (account["id"] for account in fake.truth("ad_accounts"))
    for account, body in (first, row_of_day(first, day(4))), (second, {}):
        fake.fault(on="ad_account/analytics", path_contains=f"/{account}/", status=200, body=body, for_ever=True)


def rows_of_the_third(fake: FakePinterest) -> Truth:
    third = fake.truth("ad_accounts")[2]["id"]
    rows = fake.rows("ad_account_analytics", day(ODD), day(0))
    return {"ad_account_analytics": [row for row in rows if row["AD_ACCOUNT_ID"] == third]}


def takes_the_object_for_a_row(run: Run) -> None:
    assert len(run.records["ad_account_analytics"]) == ODD + 1 + 1


# Refusals.

LATELY = 3
"""The start date is so many days ago: one request for each entity."""


def edited_lately(fake: FakePinterest) -> None:
    one_campaign(fake)
    for stream in ("ad_groups", "ads"):
        for record in fake.truth(stream):
            fake.change(stream, record["id"], updated_time=moment(1))


def refused_for_good(fake: FakePinterest) -> None:
    edited_lately(fake)
    first = fake.truth("ad_accounts")[0]["id"]
    fake.fault(on=USER_ACCOUNT, status=403, for_ever=True)
    fake.fault(on="ad_account/analytics", path_contains=f"/{first}/", status=400, for_ever=True)
    fake.fault(on="campaigns/analytics", status=409, for_ever=True)
    fake.fault(on="ad_groups/analytics", status=401, for_ever=True)


def rows_of_others(fake: FakePinterest) -> Truth:
    refused = fake.truth("ad_accounts")[0]["id"]
    rows = fake.rows("ad_account_analytics", day(LATELY), day(0))
    return {"ad_account_analytics": [row for row in rows if row["AD_ACCOUNT_ID"] != refused]}


def refusals(run: Run, operation: str, status: int) -> int:
    return len([request for request in run.asked(operation) if request["status"] == status])


def asks_refused_once(run: Run) -> None:
    assert refusals(run, "ad_account/analytics", 400) == 1
    assert refusals(run, USER_ACCOUNT, 403) == 1


def asks_refused_six_times(run: Run) -> None:
    assert refusals(run, "ad_account/analytics", 400) == 6
    assert refusals(run, "campaigns/analytics", 409) == 6
    assert refusals(run, USER_ACCOUNT, 403) == 1


def refused_at_first(fake: FakePinterest) -> None:
    edited_lately(fake)
    first = fake.truth("ad_accounts")[0]["id"]
    unlucky = {"code": 12, "message": "Sorry! Something went wrong on our end."}
    fake.fault(on="ad_account/analytics", path_contains=f"/{first}/", status=400, body=unlucky)
    fake.fault(on="ad_account/analytics", path_contains=f"/{first}/", rate_limit={"bad_request": 2}, nth=2)
    fake.fault(on=USER_ACCOUNT, rate_limit="code_8")
    fake.fault(on="campaigns/analytics", rate_limit={"message": 2})


def limited(run: Run, stream: str) -> bool:
    return any("RATE_LIMITED" in status.reasons for status in run.statuses[stream])


def says_that_it_waits(run: Run) -> None:
    assert all(limited(run, stream) for stream in ANALYTICS[:3])


def loses_the_user_account(run: Run) -> None:
    assert not run.records["user_account_analytics"]
    assert limited(run, "campaign_analytics")
    assert not limited(run, "ad_account_analytics")


def in_conflict_once(fake: FakePinterest) -> None:
    edited_lately(fake)
    first = fake.truth("ad_accounts")[0]["id"]
    fake.fault(on="ad_account/analytics", path_contains=f"/{first}/", status=409)
    fake.fault(on="campaigns/analytics", status=409)


SCENARIOS: list[Scenario] = [
    Scenario(
        title="all analytics without a start date, and again later on the same day",
        streams=ANALYTICS,
        prepare=late_first_window,
        truth=last_days(FIRST, *ANALYTICS),
        differs={"batches of analytics": (), "longest windows": (), "user account parameters": ()},
        ours=asks_in_batches,
        theirs=asks_for_each,
        then=Then(change=later_that_day, truth=since_the_last_rows),
    ),
    Scenario(
        title="all analytics with rows on every day, from before the oldest day, and again with one campaign more",
        streams=ANALYTICS,
        fake={"daily_rows": True},
        config={"start_date": "2020-01-01"},
        prepare=in_the_morning,
        truth=last_days(FIRST, *ANALYTICS),
        then=Then(
            change=a_campaign_more,
            truth=today_and_the_new_campaign,
            theirs=loses_the_past_of_the_new_campaign,
        ),
        differs={"unknown ad account": ["then/records/campaign_analytics"]},
    ),
    Scenario(
        title="all analytics in full",
        streams=ANALYTICS,
        modes=dict.fromkeys(ANALYTICS, "full_refresh"),
        prepare=in_the_morning,
        truth=last_days(FIRST, *ANALYTICS),
    ),
    Scenario(
        title="analytics of ad accounts whose cursors are today, in the future, before the start date, and absent",
        streams=("user_account_analytics", "ad_account_analytics"),
        fake={"daily_rows": True},
        config=begun(BEGUN),
        state=cursors,
        truth=since_the_cursors,
        empty=("user_account_analytics",),
        ours=asks_nothing_of_the_future,
        theirs=has_windows_of_30_days,
    ),
    Scenario(
        title="all analytics since today",
        streams=ANALYTICS,
        fake={"daily_rows": True},
        config=begun(0),
        prepare=edited_today,
        truth=last_days(0, *ANALYTICS),
    ),
    Scenario(
        title="analytics since tomorrow",
        streams=("user_account_analytics", "ad_account_analytics", "campaigns"),
        fake={"daily_rows": True},
        config=begun(-1),
        prepare=edited_today,
        ours=asks_nothing,
        theirs=asks_nothing,
    ),
    Scenario(
        title="analytics and campaigns where the clock of the machine shows another day",
        streams=("user_account_analytics", "ad_account_analytics", "campaigns"),
        fake={"daily_rows": True},
        config=begun(2),
        environment={"TZ": "WEST12" if datetime.now(UTC).hour < 12 else "EAST-12"},
        prepare=edited_around_the_start,
        truth=of_utc_days,
    ),
    Scenario(
        title="rows of analytics without a day, with a day in seconds or in the future, or none, and then real ones",
        streams=("ad_account_analytics", "campaign_analytics", "ad_group_analytics"),
        fake={"daily_rows": True},
        config=begun(ODD),
        prepare=odd_rows,
        truth=told_rows,
        empty=("ad_group_analytics",),
        breaks=("record-schema",),
        differs={
            "future row": [
                "state/campaign_analytics",
                "then/records/campaign_analytics",
                "then/state/campaign_analytics",
                "then/statuses/campaign_analytics",
            ]
        },
        ours=keeps_the_cursor,
        theirs=passes_today,
        then=Then(
            change=FakePinterest.clear_faults,
            truth=rows_after_odd_ones,
            theirs=loses_the_campaign,
        ),
    ),
    Scenario(
        title="analytics that are an object, or an empty one",
        streams=("ad_account_analytics",),
        fake={"daily_rows": True},
        config=begun(ODD),
        prepare=objects,
        truth=rows_of_the_third,
        differs={
            "bare object": [
                "records/ad_account_analytics",
                "state/ad_account_analytics",
                "statuses/ad_account_analytics",
                "failures/ad_account_analytics",
                "exit",
            ]
        },
        theirs=takes_the_object_for_a_row,
        slow=30,
    ),
    Scenario(
        title="analytics that are refused for good",
        streams=ANALYTICS[:4],
        fake={"daily_rows": True},
        config=begun(LATELY),
        prepare=refused_for_good,
        truth=rows_of_others,
        differs={
            "401 while reading": ["config"],
            "400": (),
            "lasting conflict": ["failures/campaign_analytics"],
        },
        ours=asks_refused_once,
        theirs=asks_refused_six_times,
        slow=70,
    ),
    Scenario(
        title="analytics that are refused at first",
        streams=ANALYTICS[:3],
        fake={"daily_rows": True},
        config=begun(LATELY),
        prepare=refused_at_first,
        truth=last_days(LATELY, *ANALYTICS[:3]),
        differs={
            "code 8": [
                "records/user_account_analytics",
                "state/user_account_analytics",
                "statuses/user_account_analytics",
            ],
            "limits told in a 400": ["statuses/ad_account_analytics"],
        },
        ours=says_that_it_waits,
        theirs=loses_the_user_account,
        slow=70,
    ),
    Scenario(
        title="analytics that are in conflict once",
        streams=("ad_account_analytics", "campaign_analytics"),
        fake={"daily_rows": True},
        config=begun(LATELY),
        prepare=in_conflict_once,
        truth=last_days(LATELY, "ad_account_analytics", "campaign_analytics"),
    ),
]
