"""The checks that Airbyte's own connector acceptance tests make, on any source.

Each is a function of what was observed of a source; it fails with an AssertionError that says what is wrong.
"""

from . import abnormal_input, basic_read, connection, discovery, full_refresh, future_state, incremental, protocol_rules
from . import spec as spec_checks
from .check import Check, NotGiven
from .known import KNOWN_FAILURES
from .observed import Observed

ALL: tuple[Check, ...] = (
    *spec_checks.CHECKS,
    *connection.CHECKS,
    *discovery.CHECKS,
    *basic_read.CHECKS,
    *full_refresh.CHECKS,
    *incremental.CHECKS,
    *future_state.CHECKS,
    *abnormal_input.CHECKS,
    *protocol_rules.CHECKS,
)
"""All checks, in the order of the documentation."""

__all__ = ["ALL", "KNOWN_FAILURES", "Check", "NotGiven", "Observed"]
