"""The states of one connector are given to the other, in both directions: nothing is lost, and nothing is read anew."""

import pytest

from conformance import exchange
from conformance.exchange import ALL, Connection
from conformance.messages import Run
from conformance.suite import Suite

pytestmark = pytest.mark.slow(60)  # The reports of the official connector.


def both_go_on(connection: Connection, last: Run) -> tuple[Run, Run]:
    """The next sync, by ours and by the official connector: from the same states, with the same data."""
    ours, official = (
        connection.sync(connector, exchange.streams_of(last), last.state_after)
        for connector in (connection.ours, connection.official())
    )
    for run in (ours, official):
        exchange.assert_complete(run)
        exchange.assert_nothing_again(connection, last, run)
    exchange.assert_same(last, ours, official)
    return ours, official


def assert_nothing_lost(connection: Connection, last: Run, ours: Run, official: Run) -> None:
    exchange.assert_nothing_lost(connection, last, ours)
    exchange.assert_nothing_lost(
        connection, last, official, excepted=lambda stream, record: exchange.is_left_out(last, stream, record)
    )


@pytest.mark.parametrize("name", ["official 2.1.12", "ours"])
def test_goes_on_where_the_other_ended(suite: Suite, name: str):
    with exchange.connection(suite, keep_refresh_token=False) as connection:
        first = connection.sync(connection.connector(name), ALL)
        exchange.assert_complete(first)
        connection.three_days_pass()
        ours, official = both_go_on(connection, first)
        assert_nothing_lost(connection, first, ours, official)
        tokens = {run.config_after["credentials"]["refresh_token"] for run in (first, ours, official)}
        assert len(tokens) == 3, "each has to use the refresh token that the one before it was given"


# Of each kind of stream one: how they are parted, and how states say so.
KINDS = ("campaigns", "ads", "ad_account_analytics", "campaign_analytics", "ad_analytics", "campaign_analytics_report")


def test_ours_goes_on_where_the_official_one_was_killed(suite: Suite):
    with exchange.connection(suite) as connection:
        # It writes a state when the first part of a stream is read, and the next one only at the end.
        connection.fake.fault(path_contains=connection.ad_accounts()[-1], delay_ms=15_000, for_ever=True)
        stop = exchange.after_a_state_of_each(*(stream for stream in KINDS if stream not in exchange.REPORTS))
        killed = connection.sync(connection.official(), KINDS, stop_when=stop)
        assert killed.exit_code is None, killed.told()
        exchange.assert_begun(connection, killed)
        connection.fake.clear_faults()
        connection.three_days_pass()
        assert_nothing_lost(connection, killed, *both_go_on(connection, killed))


@pytest.mark.parametrize("part", ["first", "third", "middle"])
def test_the_official_one_goes_on_where_ours_was_killed(suite: Suite, part: str):
    with exchange.connection(suite) as connection:
        connection.fake.fault(path_contains=connection.ad_accounts()[-1], delay_ms=500, for_ever=True)
        count = sum(map(exchange.covers_records, connection.sync(connection.ours, KINDS).lines))
        stop = exchange.after_states({"first": 1, "third": 3, "middle": count // 2}[part])
        killed = connection.sync(connection.ours, KINDS, stop_when=stop)
        assert killed.exit_code is None, killed.told()
        exchange.assert_begun(connection, killed)
        connection.three_days_pass()
        assert_nothing_lost(connection, killed, *both_go_on(connection, killed))


@pytest.mark.parametrize("name", ["official 2.1.12", "ours"])
def test_goes_on_where_one_ad_account_failed(suite: Suite, name: str):
    with exchange.connection(suite) as connection:
        connection.fake.fault(path_contains=f"{connection.ad_accounts()[-1]}/", status=403, for_ever=True)
        failed = connection.sync(connection.connector(name), KINDS)
        assert failed.exit_code == 1, failed.told()
        exchange.assert_begun(connection, failed)
        connection.fake.clear_faults()
        connection.three_days_pass()
        assert_nothing_lost(connection, failed, *both_go_on(connection, failed))


def test_goes_on_after_version_1(suite: Suite):
    with exchange.connection(suite) as connection:
        first = connection.sync(connection.official("1.3.3"), ALL)
        exchange.assert_complete(first)
        connection.three_days_pass()
        ours, official = both_go_on(connection, first)

        def is_before(stream: str, record: dict) -> bool:
            # Version 1 has left out what one ad account had before the newest of another: no state shows that.
            return exchange.is_before(first, stream, record)

        exchange.assert_nothing_lost(connection, first, ours, excepted=is_before)
        exchange.assert_nothing_lost(connection, first, official, excepted=is_before)
        # The first sync after version 1 is stopped: its one cursor still stands for what was not read.
        connection.fake.fault(path_contains=connection.ad_accounts()[0], delay_ms=500, for_ever=True)
        stop = exchange.after_states(3)
        killed = connection.sync(connection.ours, KINDS, first.saved_state, stop_when=stop)
        assert killed.exit_code is None, killed.told()
        connection.fake.clear_faults()
        for run in both_go_on(connection, killed):
            exchange.assert_nothing_lost(connection, first, killed, run, excepted=is_before)


def test_goes_on_where_version_1_was_killed(suite: Suite):
    with exchange.connection(suite) as connection:
        streams = [stream for stream in KINDS if stream not in exchange.REPORTS]
        # It reads one stream after the other.
        stop = exchange.after_a_state_of_each("ad_account_analytics")
        killed = connection.sync(connection.official("1.3.3"), streams, stop_when=stop)
        assert killed.exit_code is None, killed.told()
        exchange.assert_begun(connection, killed)
        connection.three_days_pass()
        for run in both_go_on(connection, killed):
            # The same as above, and the days of the ad accounts that it had not come to.
            exchange.assert_nothing_lost(
                connection, killed, run, excepted=lambda stream, record: exchange.is_before(killed, stream, record)
            )
