"""The order of messages, failures and exit codes."""

from collections.abc import Callable
from itertools import groupby

from ..fake import FakePinterest
from ..messages import Run, Status
from ..scenario import Scenario, Truth, lists
from .lists import first_account, told


def of_stream(run: Run, stream: str) -> list[str]:
    """What is said of a stream, in order; records and states in a row count as one."""
    said = []
    for message in run.messages:
        match message:
            case {"type": "RECORD", "record": {"stream": name}} if name == stream:
                said.append("RECORD")
            case {"type": "STATE", "state": {"stream": {"stream_descriptor": {"name": name}}}} if name == stream:
                said.append("STATE")
            case {"type": "TRACE", "trace": {"stream_status": {"stream_descriptor": {"name": name}, "status": status}}}:
                said += [status] if name == stream else []
            case {"type": "TRACE", "trace": {"error": {"stream_descriptor": {"name": name}}}} if name == stream:
                said.append("ERROR")
    return [kind for kind, _ in groupby(said)]


def says(**streams: list[str]) -> Callable[[Run], None]:
    def asserts(run: Run) -> None:
        for stream, expected in streams.items():
            assert of_stream(run, stream) == expected, (stream, of_stream(run, stream))

    return asserts


def ends_with_the_failure(run: Run) -> None:
    """The last line names the streams that failed."""
    error = run.messages[-1]["trace"]["error"]
    assert "stream_descriptor" not in error
    assert error["failure_type"] == "config_error"
    assert error["message"].startswith("During the sync, the following streams did not sync successfully: ")
    assert run.exit_code == 1


def one_ad_account_is_refused(fake: FakePinterest) -> None:
    fake.fault(on="campaigns/list", path_contains=first_account(fake), status=403, for_ever=True)


def of_the_other_ad_accounts(fake: FakePinterest) -> Truth:
    refused = first_account(fake)
    return {"campaigns": [one for one in fake.truth("campaigns") if one["ad_account_id"] != refused]}


def no_ad_accounts(fake: FakePinterest) -> None:
    fake.fault(on="ad_accounts/list", status=403, for_ever=True)


def passing_troubles(fake: FakePinterest) -> None:
    # Of three rate categories: of the same one, all requests wait together.
    busy = {"code": 429, "message": "Too many requests."}
    fake.fault(on="boards/list", status=429, body=busy, headers={"X-RateLimit-Reset": "3, 100;w=1"})
    fake.fault(on="feeds/list", rate_limit={"reset_header": 3})
    account = first_account(fake)
    fake.fault(on="audiences/list", path_contains=account, status=503)
    fake.fault(on="audiences/list", path_contains=account, status=502, nth=2)


def asks_again(run: Run) -> None:
    assert [request["status"] for request in run.asked("boards/list")] == [429, 200]
    assert [request["status"] for request in run.asked("feeds/list")] == [429, 200]
    refused = [request for request in run.asked("audiences/list") if request["status"] != 200]
    assert sorted(request["status"] for request in refused) == [502, 503]
    for stream in ("boards", "catalogs_feeds"):
        assert Status("RUNNING", ("RATE_LIMITED",)) in run.statuses[stream]


def lasting_troubles(fake: FakePinterest) -> None:
    for operation, status in LASTING_TROUBLES.items():
        fake.fault(on=operation, status=status, for_ever=True)


def gives_up(times_of_422: int) -> Callable[[Run], None]:
    def asserts(run: Run) -> None:
        ends_with_the_failure(run)
        asked = {operation: len(run.asked(operation)) for operation in LASTING_TROUBLES}
        others = {"catalogs/list": 1, "feeds/list": 1, "catalogs_product_groups/list": 6}
        assert asked == {"boards/list": times_of_422, **others}, asked

    return asserts


TROUBLED = ("boards", "catalogs_feeds", "audiences")
LASTING_TROUBLES = {"boards/list": 422, "catalogs/list": 403, "feeds/list": 404, "catalogs_product_groups/list": 500}
UNREADABLE = ("boards", "catalogs", "catalogs_feeds", "catalogs_product_groups")

SCENARIOS: list[Scenario] = [
    Scenario(
        title="the order of messages, with records and without",
        streams=("boards", "campaigns", "customer_lists", "keywords"),
        prepare=lambda fake: [fake.remove("customer_lists", one["id"]) for one in fake.records("customer_lists")],
        truth=lists("boards", "campaigns", "customer_lists", "keywords"),
        empty=("customer_lists",),
        differs={"last state": ()},
        ours=says(
            boards=["STARTED", "RUNNING", "RECORD", "STATE", "COMPLETE"],
            customer_lists=["STARTED", "STATE", "COMPLETE"],
        ),
        theirs=says(
            boards=["STARTED", "RUNNING", "RECORD", "COMPLETE", "STATE"],
            customer_lists=["STARTED", "COMPLETE", "STATE"],
        ),
    ),
    Scenario(
        title="one ad account of several is refused",
        streams=("campaigns",),
        prepare=one_ad_account_is_refused,
        truth=of_the_other_ad_accounts,
        ours=ends_with_the_failure,
        theirs=ends_with_the_failure,
    ),
    Scenario(
        title="ad accounts are refused, boards are not",
        streams=("campaigns", "audiences", "ad_accounts", "boards"),
        prepare=no_ad_accounts,
        truth=lists("boards"),
        differs={"failed full refresh": ["state/audiences", "state/ad_accounts"]},
        ours=ends_with_the_failure,
        theirs=ends_with_the_failure,
    ),
    Scenario(
        title="an ad account that does not exist",
        streams=("campaigns", "ad_accounts"),
        config={"account_id": "1"},
        differs={"failed full refresh": ["state/ad_accounts"]},
        ours=ends_with_the_failure,
        theirs=ends_with_the_failure,
    ),
    Scenario(
        title="troubles that pass",
        streams=TROUBLED,
        prepare=passing_troubles,
        truth=told(*TROUBLED),
        differs={"local times": ["records/catalogs_feeds"]},
        ours=asks_again,
        theirs=asks_again,
        slow=8,
    ),
    Scenario(
        title="lists that cannot be read",
        streams=UNREADABLE,
        prepare=lasting_troubles,
        differs={"failed full refresh": [f"state/{stream}" for stream in UNREADABLE], "422": ()},
        ours=gives_up(times_of_422=1),
        theirs=gives_up(times_of_422=6),
        slow=65,
    ),
]
