"""The commands spec, check and discover, and odd catalogs."""

from collections.abc import Callable

from ..connector import configured
from ..fake import FakePinterest
from ..messages import Json, Run
from ..scenario import Scenario, lists


def with_a_stream_that_nobody_has(offered: list[dict]) -> Json:
    boards = next(stream for stream in offered if stream["name"] == "boards")
    return configured([boards | {"name": "unheard_of"}, boards])


def is_connected(run: Run) -> None:
    assert run.connection["status"] == "SUCCEEDED", run.connection
    assert run.exit_code == 0


def is_not_connected(run: Run) -> None:
    assert run.connection["status"] == "FAILED", run.connection
    assert run.exit_code == 0


def fault_on_all(**fault: Json) -> Callable[[FakePinterest], None]:
    """What either connector asks at a check goes wrong."""

    def prepare(fake: FakePinterest) -> None:
        for operation in ("boards/list", "user_account/get"):
            fake.fault(on=operation, for_ever=True, **fault)

    return prepare


REPORT = {"level": "CAMPAIGN", "granularity": "DAY", "columns": ["SPEND_IN_DOLLAR"]}


def asks_nothing(run: Run) -> None:
    assert not run.requests
    assert run.exit_code == 0


def offers_all_streams(run: Run) -> None:
    asks_nothing(run)
    assert len(run.streams) == 32 + len(run.config["custom_reports"])


def refuses_the_config(run: Run) -> None:
    assert not run.requests
    assert not run.streams
    assert run.failures
    assert run.exit_code == 1


SCENARIOS: list[Scenario] = [
    Scenario(
        title="the spec",
        command="spec",
        differs={
            "defaults of custom reports": [
                f"spec/config.properties.custom_reports.items.properties.{name}.default"
                for name in ("columns", "engagement_window_days", "view_window_days")
            ]
        },
        ours=asks_nothing,
        theirs=asks_nothing,
    ),
    Scenario(
        title="the catalog, with custom reports",
        command="discover",
        config={"custom_reports": [REPORT | {"name": name} for name in ("My Report", "vadimReport2X", "a-b.c")]},
        ours=offers_all_streams,
        theirs=offers_all_streams,
    ),
    Scenario(title="a check of an account without boards", command="check", fake={"size": "empty"}, ours=is_connected),
    Scenario(
        title="a check without the right to read boards",
        command="check",
        fake={"scopes": "user_accounts:read"},
        differs={"check asks": ["connection"]},
        ours=is_connected,
    ),
    Scenario(
        title="a check that is refused",
        command="check",
        prepare=fault_on_all(status=403),
        theirs=is_not_connected,
        ours=is_not_connected,
    ),
    Scenario(
        title="a check under a rate limit that only a code tells",
        command="check",
        prepare=fault_on_all(rate_limit="code_8"),
        differs={"check under a rate limit": ["connection"]},
        slow=35,
        ours=is_not_connected,
    ),
    Scenario(
        title="a check of a server that is down",
        command="check",
        prepare=fault_on_all(status=500),
        slow=65,
        ours=is_not_connected,
    ),
    Scenario(
        title="a stream that nobody has",
        official_breaks=("status-started", "incomplete-error", "exit-code"),
        catalog=with_a_stream_that_nobody_has,
        truth=lists("boards"),
        differs={"unknown stream": ["statuses/unheard_of", "failures/unheard_of", "exit"]},
    ),
    Scenario(
        title="two custom reports with one name",
        command="discover",
        config={"custom_reports": [REPORT | {"name": name} for name in ("Spend", "_spend")]},
        ours=refuses_the_config,
        theirs=refuses_the_config,
    ),
]
