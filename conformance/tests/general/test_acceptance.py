"""The acceptance checks on every target, each outcome written down for the documentation."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date

import pytest

from conformance import results, targets
from conformance.acceptance import ALL, KNOWN_FAILURES, Check, NotGiven, Observed
from conformance.results import ACCEPTANCE, Result
from conformance.settings import Settings
from conformance.suite import Suite, one_day


@pytest.fixture(scope="session")
def observe(suite: Suite) -> Iterator[Callable[[str, date], Observed]]:
    """Opens a target once for each process, and anew on another day: its data are those of the day."""
    with ExitStack() as open_targets:
        observed = {}

        def observe(target: str, day: date) -> Observed:
            if (target, day) not in observed:
                opened = open_targets.enter_context(targets.opened(suite, target))
                observed[target, day] = Observed(suite, opened)
            return observed[target, day]

        yield observe


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize(
        ("target", "check"),
        [
            pytest.param(target, check, id=f"{target}: {check.name}")
            for target in targets.names(Settings.load())
            for check in ALL
        ],
    )


def test_acceptance(suite: Suite, observe: Callable[[str, date], Observed], target: str, check: Check):
    known = KNOWN_FAILURES.get(target, {}).get(check.name)
    failure = None
    with one_day() as now:
        observed = observe(target, now.date())
        try:
            check(observed)
        except AssertionError as error:
            failure = error
        except NotGiven as missing:
            # No result either: the table then says neither yes nor no.
            pytest.skip(str(missing))
    reason = "" if failure is None else known or results.stable(str(failure))
    results.write(suite.settings.folder, Result(ACCEPTANCE, target, check.name, failure is None, reason))
    if observed.target.must_pass and not known and failure:
        raise failure
    assert not (observed.target.must_pass and known) or failure, (
        "known to fail, and does not: take it out of `known.py`"
    )
