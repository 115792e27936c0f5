"""Streams that are read in full: pages, odd answers, records as they come."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from ..fake import FakePinterest
from ..messages import Json, Run, Status
from ..scenario import Scenario, Then, Truth, lists

OF_BOARDS = ("boards", "board_sections", "board_pins", "board_section_pins")
OF_CATALOGS = ("catalogs", "catalogs_feeds", "catalogs_product_groups")
OF_AD_ACCOUNTS = ("audiences", "conversion_tags", "customer_lists")
FULL_REFRESH = (*OF_BOARDS, *OF_CATALOGS, "ad_accounts", *OF_AD_ACCOUNTS, "keywords")
ENTITIES = ("campaigns", "ad_groups", "ads")

LOCAL_TIMES = {"local times": ["records/catalogs", "records/catalogs_feeds"]}
LOCAL_TIMES_TWICE = {
    "local times": [*LOCAL_TIMES["local times"], "then/records/catalogs", "then/records/catalogs_feeds"],
}


def as_told(stream: str, records: list[dict]) -> list[dict]:
    """What ours makes of the records that the fake holds: no credentials of feeds, and local times in UTC."""
    if stream not in ("catalogs", "catalogs_feeds"):
        return records
    return [
        {
            name: in_utc(value) if name in ("created_at", "updated_at") else value
            for name, value in record.items()
            if name != "credentials"
        }
        for record in records
    ]


def in_utc(time: str) -> str:
    return datetime.fromisoformat(time).astimezone(UTC).replace(tzinfo=None).isoformat()


def told(*streams: str) -> Callable[[FakePinterest], Truth]:
    """The truth of streams that need not come as they are."""
    return lambda fake: {stream: as_told(stream, fake.truth(stream)) for stream in streams}


def a_time_with_an_offset(fake: FakePinterest) -> None:
    catalog, *_ = fake.records("catalogs")
    fake.change("catalogs", catalog["id"], updated_at="2026-06-19T01:24:24+02:00")


def a_board_less(fake: FakePinterest) -> None:
    fake.remove("boards", fake.records("boards")[0]["id"])
    audience, *_ = fake.records("audiences")
    fake.change("audiences", audience["id"], name="Renamed")


def keeps_nulls(run: Run) -> None:
    assert any(value is None for record in run.records["ad_accounts"] for value in record.values())


def drops_nulls_and_credentials(run: Run) -> None:
    assert run.records["ad_accounts"]
    assert run.records["catalogs_feeds"]
    assert not any("credentials" in feed for feed in run.records["catalogs_feeds"])
    assert not any(value is None for record in run.records["ad_accounts"] for value in record.values())


# One ad account, some statuses


def first_account(fake: FakePinterest) -> str:
    return fake.records("ad_accounts")[0]["id"]


def of_first_account(fake: FakePinterest) -> Truth:
    """What the first ad account has, as the fake itself lists it."""
    account = first_account(fake)
    truth = {
        stream: as_told(stream, fake.listed(path, ad_account_id=account))
        for stream, path in (
            ("boards", "boards"),
            ("catalogs", "catalogs"),
            ("catalogs_feeds", "catalogs/feeds"),
            ("catalogs_product_groups", "catalogs/product_groups"),
        )
    }
    boards = [board["id"] for board in truth["boards"]]
    sections = {board: fake.listed(f"boards/{board}/sections") for board in boards}
    truth["board_sections"] = [section for board in boards for section in sections[board]]
    truth["board_pins"] = [pin for board in boards for pin in fake.listed(f"boards/{board}/pins")]
    truth["board_section_pins"] = [
        pin
        for board in boards
        for section in sections[board]
        for pin in fake.listed(f"boards/{board}/sections/{section['id']}/pins")
    ]
    truth["ad_accounts"] = [one for one in fake.truth("ad_accounts") if one["id"] == account]
    for stream in (*OF_AD_ACCOUNTS, *ENTITIES):
        truth[stream] = [one for one in fake.truth(stream) if one["ad_account_id"] == account]
    ad_groups = {one["id"] for one in truth["ad_groups"]}
    truth["keywords"] = [one for one in fake.truth("keywords") if one["parent_id"] in ad_groups]
    return truth


def with_statuses(statuses: str) -> Callable[[FakePinterest], Truth]:
    return lambda fake: {stream: fake.truth(stream, statuses) for stream in (*ENTITIES, "keywords")}


def asks_for(statuses: str) -> Callable[[Run], None]:
    """The statuses are asked for with a comma that is not encoded, of the parents of keywords, too."""

    def asserts(run: Run) -> None:
        for operation in ("campaigns/list", "ad_groups/list", "ads/list"):
            requests = run.asked(operation)
            assert requests
            assert all(f"entity_statuses={statuses}" in request["query"].split("&") for request in requests), requests

    return asserts


def asks_for_one_ad_account(run: Run) -> None:
    """For the ad account itself, and for what belongs to it, on later pages, too; without any statuses."""
    account = run.config["account_id"]
    assert {request["path"] for request in run.asked("ad_accounts/get")} == {f"/v5/ad_accounts/{account}"}
    assert not run.asked("ad_accounts/list")
    for operation in ("boards/list", "boards/list_pins", "catalogs_product_groups/list"):
        assert any("bookmark" in query for query in queries(run, operation)), operation
        assert all(query["ad_account_id"] == account for query in queries(run, operation)), operation
    assert run.asked("campaigns/list")
    assert not any("entity_statuses" in request["query"] for request in run.requests)


def queries(run: Run, operation: str) -> list[dict]:
    return [dict(parse_qsl(request["query"])) for request in run.asked(operation)]


def asks_in_large_requests(run: Run) -> None:
    asks_for("ACTIVE,ARCHIVED")(run)
    assert all(query["page_size"] == "250" for query in queries(run, "campaigns/list"))
    assert 0 < len(queries(run, "keywords/get")) <= 3, "one for the ad groups of each ad account"


def asks_in_small_requests(run: Run) -> None:
    asks_for("ACTIVE,ARCHIVED")(run)
    assert not any("page_size" in query for query in queries(run, "campaigns/list"))
    ad_groups = [query["ad_group_id"] for query in queries(run, "keywords/get")]
    assert len(ad_groups) == len(set(ad_groups)) > 3


def refuses_several_ad_groups(fake: FakePinterest) -> None:
    fake.fault(on="keywords/get", path_contains="ad_group_ids", status=400, for_ever=True)


def asks_again_for_each_ad_group(run: Run) -> None:
    asks_for("PAUSED")(run)
    refused, answered = ([one for one in run.asked("keywords/get") if one["status"] == status] for status in (400, 200))
    assert all("ad_group_ids=" in request["query"] for request in refused)
    assert refused
    assert all("ad_group_id=" in request["query"] for request in answered)


SECONDS_OF_A_BOARD = 3


def slow_pins(fake: FakePinterest) -> None:
    fake.fault(on="boards/list_pins", delay_ms=SECONDS_OF_A_BOARD * 1000, for_ever=True)


def reads_all_boards_at_once(run: Run) -> None:
    assert len(run.asked("boards/list_pins")) == 6
    assert SECONDS_OF_A_BOARD <= run.seconds < 2 * SECONDS_OF_A_BOARD


def reads_three_boards_at_once(run: Run) -> None:
    assert run.seconds >= 2 * SECONDS_OF_A_BOARD


# Bookmarks

FIRST, SECOND = {"id": "1", "name": "the first"}, {"id": "2", "name": "the second"}
LAST_PAGES = {"feeds/list": {}, "catalogs_product_groups/list": {"bookmark": None}, "catalogs/list": {"bookmark": ""}}


def odd_bookmarks(fake: FakePinterest) -> None:
    for operation, end in LAST_PAGES.items():
        fake.fault(on=operation, status=200, body={"items": [FIRST], **end}, for_ever=True)
    fake.fault(on="boards/list", on_later_pages=True, status=200, body={"items": [SECOND]}, for_ever=True)
    fake.fault(on="boards/list", status=200, body={"items": [FIRST], "bookmark": "a b+c/=&d"}, for_ever=True)


def sends_the_bookmark_encoded(run: Run) -> None:
    assert [query.get("bookmark") for query in queries(run, "boards/list")] == [None, "a b+c/=&d"]
    assert len(run.requests) == 6, "one token, two pages of boards, one page of each other"


def repeated_bookmark(fake: FakePinterest) -> None:
    fake.fault(on="boards/list", status=200, body={"items": [FIRST], "bookmark": "again"}, for_ever=True)


def fails_at_the_repeated_bookmark(run: Run) -> None:
    assert run.statuses["boards"][-1] == Status("INCOMPLETE")
    assert len(run.asked("boards/list")) == 2
    assert run.exit_code == 1


def repeats_the_page_for_ever(run: Run) -> None:
    assert run.records["boards"].count(FIRST) > 10


# Answers that are no pages

ODD_ANSWERS = {
    "boards/list": {"odd_body": "html"},
    "catalogs/list": {"odd_body": "empty"},
    "feeds/list": {"odd_body": "null"},
    "catalogs_product_groups/list": {"odd_body": "array"},
    "audiences/list": {"odd_body": "no_items"},
    "customer_lists/list": {"odd_body": "items_null"},
}
ODD_STREAMS = ("boards", *OF_CATALOGS, "audiences", "customer_lists")
LIMITED = {
    "boards/list": {"rate_limit": "code_8"},
    "catalogs/list": {"rate_limit": "code_8_with_status_200"},
    "feeds/list": {"rate_limit": "code_8_beside_items"},
}
LIMITED_STREAMS = ("boards", "catalogs", "catalogs_feeds")


def once(faults: Mapping[str, Json]) -> Callable[[FakePinterest], None]:
    """The first request of each operation goes wrong, of ad accounts that of the first one: others may have nothing."""

    def prepare(fake: FakePinterest) -> None:
        for operation, fault in faults.items():
            of_ad_accounts = operation.removesuffix("/list") in OF_AD_ACCOUNTS
            where = {"path_contains": first_account(fake)} if of_ad_accounts else {}
            fake.fault(on=operation, **where, **fault)

    return prepare


def ends_as_if_whole(*streams: str) -> Callable[[Run], None]:
    """Nothing says that records are missing."""

    def asserts(run: Run) -> None:
        assert run.exit_code == 0
        assert all(run.statuses[stream][-1] == Status("COMPLETE") for stream in streams)

    return asserts


# Records as they come


def odd_records(fake: FakePinterest) -> None:
    first, second, *_ = fake.records("boards")
    # Texts where the schema has numbers, and the other way round; what it does not know; nulls inside.
    fake.change("boards", first["id"], follower_count="12", pin_count=None, name=5, unheard_of={"a": [None], "b": None})
    fake.change("boards", second["id"], follower_count=1.5, privacy=["PUBLIC", None])
    fake.fault(on="boards/list", duplicate_first_item=True, for_ever=True)


def boards_and_the_first_twice(fake: FakePinterest) -> Truth:
    boards = fake.truth("boards")
    return {"boards": [boards[0], *boards]}


# Parents


def parents_twice(fake: FakePinterest) -> None:
    for operation in ("ad_accounts/list", "boards/list"):
        fake.fault(on=operation, duplicate_first_item=True, for_ever=True)


def reads_children_twice(run: Run) -> None:
    for stream in ("audiences", "board_sections"):
        ids = [record["id"] for record in run.records[stream]]
        assert len(ids) > len(set(ids)), stream


def parents_with_odd_ids(fake: FakePinterest) -> None:
    account = fake.records("ad_accounts")[0]
    items = [{"name": "no id"}, {"id": None, "name": "null"}, account | {"id": int(account["id"])}]
    fake.fault(on="ad_accounts/list", status=200, body={"items": items}, for_ever=True)


def children_of_first_account(*streams: str) -> Callable[[FakePinterest], Truth]:
    def truth(fake: FakePinterest) -> Truth:
        account = first_account(fake)
        return {stream: [one for one in fake.truth(stream) if one["ad_account_id"] == account] for stream in streams}

    return truth


# Refusals


def conflicts(fake: FakePinterest) -> None:
    fake.fault(on="catalogs_product_groups/list", status=409, for_ever=True)
    fake.fault(on="campaigns/list", path_contains=first_account(fake), status=409, for_ever=True)


def all_but_what_conflicts(fake: FakePinterest) -> Truth:
    account = first_account(fake)
    others = [one for one in fake.truth("campaigns") if one["ad_account_id"] != account]
    return {"catalogs_product_groups": [], "campaigns": others}


SCENARIOS = [
    Scenario(
        title="all lists, small pages with an empty one in the middle",
        streams=FULL_REFRESH,
        fake={"max_page_size": 2, "empty_page_in_the_middle": True},
        config={"status": []},
        prepare=a_time_with_an_offset,
        truth=told(*FULL_REFRESH),
        exact=True,
        then=Then(change=a_board_less, truth=told(*FULL_REFRESH), exact=True),
        differs={**LOCAL_TIMES_TWICE, "nulls": ()},
        ours=keeps_nulls,
        theirs=drops_nulls_and_credentials,
    ),
    Scenario(
        title="one ad account, and no statuses",
        streams=(*FULL_REFRESH, *ENTITIES),
        whole_config=lambda fake: fake.config() | {"account_id": first_account(fake), "status": None},
        truth=of_first_account,
        fake={"max_page_size": 2},
        differs=LOCAL_TIMES,
        ours=asks_for_one_ad_account,
        theirs=asks_for_one_ad_account,
    ),
    Scenario(
        title="two statuses, and an ad account that is an empty text",
        streams=(*ENTITIES, "keywords"),
        config={"account_id": "", "status": ["ACTIVE", "ARCHIVED"]},
        truth=with_statuses("ACTIVE,ARCHIVED"),
        differs={"requests": ()},
        ours=asks_in_large_requests,
        theirs=asks_in_small_requests,
    ),
    Scenario(
        title="keywords of several ad groups at once are refused, with one status",
        streams=(*ENTITIES, "keywords"),
        config={"status": ["PAUSED"]},
        prepare=refuses_several_ad_groups,
        truth=with_statuses("PAUSED"),
        differs={"ad_group_ids refused": ()},
        ours=asks_again_for_each_ad_group,
        theirs=asks_for("PAUSED"),
    ),
    Scenario(
        title="boards whose pins come slowly",
        streams=("board_pins",),
        prepare=slow_pins,
        truth=lists("board_pins"),
        differs={"parts at once": ()},
        ours=reads_all_boards_at_once,
        theirs=reads_three_boards_at_once,
        slow=6,
    ),
    Scenario(
        title="boards with more pins than are listed",
        streams=("board_pins", "board_section_pins"),
        fake={"max_listed_pins": 5},
        truth=lists("board_pins", "board_section_pins"),
        differs={"boards with many pins": ["records/board_pins", "statuses/board_pins", "failures/board_pins", "exit"]},
    ),
    Scenario(
        title="bookmarks that are absent, null, empty or full of signs",
        streams=("boards", *OF_CATALOGS),
        prepare=odd_bookmarks,
        truth=lambda _: {"boards": [FIRST, SECOND], **{stream: [FIRST] for stream in OF_CATALOGS}},
        ours=sends_the_bookmark_encoded,
        theirs=sends_the_bookmark_encoded,
    ),
    Scenario(
        title="the same bookmark again",
        streams=("boards",),
        prepare=repeated_bookmark,
        stop_official_after=4,
        differs={"repeated bookmark": ()},
        ours=fails_at_the_repeated_bookmark,
        theirs=repeats_the_page_for_ever,
    ),
    Scenario(
        title="answers that are no pages",
        streams=ODD_STREAMS,
        prepare=once(ODD_ANSWERS),
        truth=told(*ODD_STREAMS),
        differs={
            "no page": [f"records/{stream}" for stream in ODD_STREAMS]
            + [f"statuses/{stream}" for stream in ("boards", *OF_CATALOGS)],
        },
        theirs=ends_as_if_whole(*ODD_STREAMS),
    ),
    Scenario(
        title="rate limits that only a code tells",
        streams=LIMITED_STREAMS,
        prepare=once(LIMITED),
        truth=told(*LIMITED_STREAMS),
        differs={
            "code 8": [f"{what}/{stream}" for stream in LIMITED_STREAMS for what in ("records", "statuses")],
        },
        theirs=ends_as_if_whole(*LIMITED_STREAMS),
    ),
    Scenario(
        title="records with odd types, nulls inside, unknown fields, and one twice",
        streams=("boards",),
        prepare=odd_records,
        truth=boards_and_the_first_twice,
        breaks=("record-schema",),
    ),
    Scenario(
        title="an ad account and a board that are listed twice",
        streams=("audiences", "campaigns", "board_sections"),
        prepare=parents_twice,
        truth=lists("audiences", "campaigns", "board_sections"),
        differs={"parent twice": ["records/audiences", "records/board_sections"]},
        theirs=reads_children_twice,
    ),
    Scenario(
        title="ad accounts without an id, and one whose id is a number",
        streams=("audiences", "campaigns"),
        prepare=parents_with_odd_ids,
        truth=children_of_first_account("audiences", "campaigns"),
        differs={"integer ids": ["state/campaigns"]},
    ),
    Scenario(
        title="409 on product groups and on the campaigns of an ad account",
        streams=("catalogs_product_groups", "campaigns"),
        prepare=conflicts,
        truth=all_but_what_conflicts,
        empty=("catalogs_product_groups",),
        differs={"409": ["state/campaigns", "statuses/campaigns", "failures/campaigns", "exit"]},
        theirs=ends_as_if_whole("campaigns"),
    ),
]
