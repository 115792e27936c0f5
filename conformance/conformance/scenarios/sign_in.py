"""Tokens, secrets and the config."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..fake import FakePinterest
from ..messages import Json, Run, Status
from ..scenario import ABSENT, Scenario, lists

NO_TOKEN_EXPIRES = timedelta(hours=1)
"""How long a token is used whose end the answer does not say."""


def with_token(ends: timedelta | None) -> Callable[[FakePinterest], Json]:
    """A config with an access token that ends so long after now, or with one that does not say when it ends."""

    def config(fake: FakePinterest) -> Json:
        config = fake.config()
        config["credentials"]["access_token"] = fake.access_token()
        if ends is not None:
            config["credentials"]["token_expiry_date"] = (datetime.now(UTC) + ends).isoformat()
        return config

    return config


def kinds(run: Run) -> list[str]:
    """The types of messages in order, without logs, each once where it stands several times in a row."""
    kinds = [message["type"] for message in run.messages if message["type"] != "LOG"]
    return [kind for index, kind in enumerate(kinds) if index == 0 or kinds[index - 1] != kind]


def refreshes_once_before_the_first_record(run: Run) -> None:
    assert len(run.asked("oauth/token")) == 1
    assert run.requests[0]["operation"] == "oauth/token"
    assert kinds(run)[:4] == ["TRACE", "CONTROL", "TRACE", "RECORD"], kinds(run)
    assert run.statuses["boards"][0] == Status("STARTED")


def replaces_the_refresh_token(run: Run) -> None:
    refreshes_once_before_the_first_record(run)
    assert run.config_after["credentials"]["refresh_token"] != run.config["credentials"]["refresh_token"]


def keeps_the_refresh_token(run: Run) -> None:
    refreshes_once_before_the_first_record(run)
    assert run.config_after["credentials"]["refresh_token"] == run.config["credentials"]["refresh_token"]


def uses_the_token_it_has(run: Run) -> None:
    assert not run.asked("oauth/token")
    assert "CONTROL" not in kinds(run)
    assert {request["bearer"] for request in run.asked("boards/list")} == {0}


def takes_the_token_for_an_hour(run: Run) -> None:
    ends = datetime.fromisoformat(run.config_after["credentials"]["token_expiry_date"])
    assert abs(ends - datetime.now(UTC) - NO_TOKEN_EXPIRES) < timedelta(minutes=5), ends


# Refusals


def limited_then_broken(fake: FakePinterest) -> None:
    fake.fault(on="oauth/token", status=429)
    fake.fault(on="oauth/token", status=500, nth=2)


def asks_for_a_token(run: Run) -> None:
    assert run.asked("oauth/token")


def asks_three_times_for_a_token(run: Run) -> None:
    assert [request["status"] for request in run.asked("oauth/token")] == [429, 500, 200]


def never_asks_for_boards(run: Run) -> None:
    asks_for_a_token(run)
    assert not run.asked("boards/list")


def asks_with_a_token_that_is_none(run: Run) -> None:
    assert [(request["bearer"], request["status"]) for request in run.asked("boards/list")] == [("unknown", 401)]


def fails_by_the_config(run: Run) -> None:
    assert {failure.failure_type for failure in run.failures if failure.stream == "boards"} == {"config_error"}
    assert run.exit_code == 1


def refuses_the_config(run: Run) -> None:
    """One error, before anything was asked."""
    failure, *more = run.failures
    assert not more
    assert failure.failure_type == "config_error"
    assert failure.message.startswith("Config validation error: ")
    assert not run.requests
    assert run.exit_code == 1


def is_not_connected(run: Run) -> None:
    assert run.connection["status"] == "FAILED"
    assert not run.requests
    assert run.exit_code == 0


def is_refused_at_the_check(run: Run) -> None:
    assert run.connection["status"] == "FAILED"
    assert len(run.asked("oauth/token")) == 1
    assert run.exit_code == 0


def fails_with_stars(run: Run) -> None:
    assert any("E****ception" in log["message"] for log in run.of_type("LOG", "log"))


def fails_without_stars(run: Run) -> None:
    fails_by_the_config(run)
    assert not any("****" in line for line in run.lines)


def offers_all_streams(run: Run) -> None:
    assert len(run.streams) == 32


SCENARIOS: list[Scenario] = [
    Scenario(
        title="a refresh token that is replaced",
        streams=("boards",),
        fake={"keep_refresh_token": False},
        truth=lists("boards"),
        ours=replaces_the_refresh_token,
        theirs=replaces_the_refresh_token,
    ),
    Scenario(
        title="an access token that still works",
        streams=("boards",),
        whole_config=with_token(timedelta(days=1)),
        truth=lists("boards"),
        ours=uses_the_token_it_has,
        theirs=uses_the_token_it_has,
    ),
    Scenario(
        title="an access token that has ended",
        streams=("boards",),
        whole_config=with_token(timedelta(days=-1)),
        truth=lists("boards"),
        ours=keeps_the_refresh_token,
        theirs=keeps_the_refresh_token,
    ),
    Scenario(
        title="an access token that does not say when it ends",
        streams=("boards",),
        whole_config=with_token(None),
        truth=lists("boards"),
        ours=keeps_the_refresh_token,
        theirs=keeps_the_refresh_token,
    ),
    Scenario(
        title="a token answer that does not say when the token ends",
        streams=("boards",),
        prepare=lambda fake: fake.fault(on="oauth/token", without_expires_in=True),
        truth=lists("boards"),
        ours=takes_the_token_for_an_hour,
        theirs=takes_the_token_for_an_hour,
    ),
    Scenario(
        title="a token answer without a token",
        streams=("boards",),
        prepare=lambda fake: fake.fault(on="oauth/token", without_access_token=True, for_ever=True),
        differs={
            "no access token": ["failures/boards", "config"],
            "failed full refresh": ["state/boards"],
        },
        ours=never_asks_for_boards,
        theirs=asks_with_a_token_that_is_none,
        slow=35,
    ),
    Scenario(
        title="a refresh token that is refused as OAuth has it",
        streams=("boards",),
        prepare=lambda fake: fake.fault(
            on="oauth/token", status=400, body={"error": "invalid_grant", "error_description": "revoked"}, for_ever=True
        ),
        differs={"failed full refresh": ["state/boards"]},
        ours=fails_by_the_config,
        theirs=fails_by_the_config,
    ),
    Scenario(
        title="a refresh token of one letter that is refused as Pinterest has it",
        streams=("boards",),
        config={"credentials": {"refresh_token": "x"}},
        differs={
            "refused refresh token": ["failures/boards"],
            "failed full refresh": ["state/boards"],
            "short secrets": (),
        },
        ours=fails_without_stars,
        theirs=fails_with_stars,
    ),
    Scenario(
        title="a refresh token that is refused at a check",
        command="check",
        prepare=lambda fake: fake.fault(on="oauth/token", invalid_grant=True, for_ever=True),
        ours=is_refused_at_the_check,
    ),
    Scenario(
        title="a token endpoint that answers 401",
        streams=("boards",),
        prepare=lambda fake: fake.fault(on="oauth/token", status=401, for_ever=True),
        differs={"token endpoint refuses": ["failures/boards"], "failed full refresh": ["state/boards"]},
        ours=fails_by_the_config,
        slow=30,
    ),
    Scenario(
        title="a token endpoint that answers 429, then 500",
        streams=("boards",),
        prepare=limited_then_broken,
        truth=lists("boards"),
        differs={"limited sign-in": ["statuses/boards"]},
        ours=asks_three_times_for_a_token,
        theirs=asks_three_times_for_a_token,
    ),
    Scenario(
        title="a sign-in at the top level",
        streams=("boards",),
        whole_config=lambda fake: fake.config()["credentials"],
        truth=lists("boards"),
        differs={
            "sign-in at the top level": ["records/boards", "statuses/boards", "failures/boards", "config", "exit"]
        },
    ),
    Scenario(
        title="no sign-in",
        streams=("boards",),
        whole_config={},
        differs={"no sign-in": ["state/boards", "failures/boards"]},
        ours=refuses_the_config,
        theirs=asks_for_a_token,
    ),
    Scenario(
        title="a start date that is none",
        command="check",
        config={"start_date": "01/11/2026"},
        ours=is_not_connected,
    ),
    Scenario(
        title="a sign-in without a refresh token",
        streams=("boards",),
        config={"credentials": {"refresh_token": ABSENT}},
        differs={"config refused": ["statuses/boards"]},
        ours=refuses_the_config,
        theirs=refuses_the_config,
    ),
    Scenario(
        title="the streams of a sign-in without a refresh token",
        command="discover",
        config={"credentials": {"refresh_token": ABSENT}},
        differs={"sign-in not whole": ["catalog", "exit"]},
        ours=offers_all_streams,
    ),
    Scenario(
        title="401 in the middle of a sync",
        streams=("boards",),
        prepare=lambda fake: fake.fault(on="boards/list", status=401),
        truth=lists("boards"),
        differs={"401 while reading": ["records/boards", "statuses/boards", "failures/boards", "config", "exit"]},
    ),
    Scenario(
        title="an access token without an app",
        streams=("boards",),
        whole_config=lambda fake: {"credentials": {"auth_method": "oauth2.0", "access_token": fake.access_token()}},
        truth=lists("boards"),
        differs={"access token alone": ["records/boards", "state/boards", "statuses/boards", "exit"]},
        ours=uses_the_token_it_has,
        theirs=refuses_the_config,
    ),
    Scenario(
        title="a sign-in without its method",
        streams=("boards",),
        config={"credentials": {"auth_method": ABSENT}},
        truth=lists("boards"),
        differs={"no auth_method": ["records/boards", "state/boards", "statuses/boards", "config", "exit"]},
        theirs=refuses_the_config,
    ),
]
