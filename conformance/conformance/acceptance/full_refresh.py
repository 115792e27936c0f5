"""Whether reading twice brings the same."""

from ..compare import record_findings
from .check import checks
from .observed import Observed


def full_refresh_brings_the_same_twice(observed: Observed) -> None:
    """Two reads in full bring the same records of each stream, in any order."""
    first, second = observed.full_read.records, observed.second_full_read.records
    for stream in observed.read_streams:
        name = stream["name"]
        for finding in record_findings(name, first.get(name, []), second.get(name, []), ("the first", "the second")):
            raise AssertionError(finding.text)


CHECKS = checks("full refresh", full_refresh_brings_the_same_twice)
