"""Whether reading twice brings the same."""

from ..compare import record_findings
from ..messages import Run
from .check import checks
from .observed import Observed


def full_refresh_brings_the_same_twice(observed: Observed) -> None:
    """Two reads in full bring the same records of each stream, in any order."""
    _are_the_same(observed, observed.second_full_read)


def full_refresh_brings_all_in_a_later_sync(observed: Observed) -> None:
    """A read in full that is given the states of the one before brings the same records again: a source must not take
    for read what it has read once."""
    run = observed.full_read_with_state
    assert run.exit_code == 0, f"exit code {run.exit_code}\n{run.told()}"
    _are_the_same(observed, run)


def _are_the_same(observed: Observed, run: Run) -> None:
    first, second = observed.full_read.records, run.records
    for stream in observed.read_streams:
        name = stream["name"]
        for finding in record_findings(name, first.get(name, []), second.get(name, []), ("the first", "the second")):
            raise AssertionError(finding.text)


CHECKS = checks("full refresh", full_refresh_brings_the_same_twice, full_refresh_brings_all_in_a_later_sync)
