"""Whether `check` tells a config that works from one that does not."""

from .check import NotGiven, checks
from .observed import Observed


def valid_config_succeeds(observed: Observed) -> None:
    """`check` says SUCCEEDED of the config that works."""
    run = observed.check_run
    status = (run.connection or {}).get("status")
    assert (run.exit_code, status) == (0, "SUCCEEDED"), f"check says {status}\n{run.told()}"


def invalid_config_is_refused(observed: Observed) -> None:
    """`check` says FAILED and why of a config that does not work, or fails with a TRACE ERROR."""
    run = observed.refused_run
    if run is None:
        raise NotGiven("no config is given that must be refused")
    status = run.connection or {}
    if run.exit_code == 0:
        assert status.get("status") == "FAILED", f"check says {status.get('status')}"
        assert status.get("message"), "check says FAILED and not why"
    else:
        assert run.failures, f"check exits with {run.exit_code} and says nothing"


CHECKS = checks("connection", valid_config_succeeds, invalid_config_is_refused)
