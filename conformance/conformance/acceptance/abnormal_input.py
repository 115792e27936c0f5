"""Whether inputs that are none are refused in the protocol's own words."""

from ..connector import configured
from ..messages import Json, Run
from ..protocol import RULES, violations
from .check import checks
from .observed import Observed

_UNKNOWN_STREAM = {
    "name": "no_such_stream",
    "json_schema": {"type": "object", "properties": {}},
    "supported_sync_modes": ["full_refresh"],
}


def state_that_is_no_json_is_refused(observed: Observed) -> None:
    """`read` with a state file that is no JSON fails with a TRACE ERROR."""
    _is_refused(observed, "read", config=observed.config, catalog=observed.full_catalog, state="this is {no state")


def catalog_with_an_unknown_stream_is_refused(observed: Observed) -> None:
    """`read` of a stream that the source does not have, beside one that it has, fails with a TRACE ERROR."""
    catalog = configured([observed.read_streams[0], _UNKNOWN_STREAM])
    _is_refused(observed, "read", config=observed.config, catalog=catalog)


def catalog_that_is_none_is_refused(observed: Observed) -> None:
    """`read` with a catalog file that is no catalog fails with a TRACE ERROR."""
    _is_refused(observed, "read", config=observed.config, catalog={"streams": "all"})


def config_that_is_an_array_is_refused(observed: Observed) -> None:
    """`check` with a config file that holds an array says FAILED or fails with a TRACE ERROR."""
    _is_refused(observed, "check", config=[observed.target.config])


def _is_refused(observed: Observed, command: str, **inputs: Json) -> None:
    run = observed.run(command, breaks=RULES, **inputs)
    if run.connection:
        assert run.connection["status"] == "FAILED", f"check says {run.connection['status']}"
    else:
        assert run.exit_code != 0, f"exit code 0, with {_errors(run)}\n{run.told()}"
        assert run.failures, f"no TRACE ERROR\n{run.told()}"
        assert all(failure.message for failure in run.failures), "a TRACE ERROR without a message"
    broken = violations(run, observed.spec_run.spec)
    assert not broken, f"{broken[0]}\n{run.told()}"


def _errors(run: Run) -> str:
    return "a TRACE ERROR" if run.failures else "no TRACE ERROR"


CHECKS = checks(
    "abnormal input",
    state_that_is_no_json_is_refused,
    catalog_with_an_unknown_stream_is_refused,
    catalog_that_is_none_is_refused,
    config_that_is_an_array_is_refused,
)
