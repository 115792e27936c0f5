"""What a sync makes of a state whose cursors lie in the future."""

from ..messages import stream_states
from .check import checks
from .cursors import cursor_field, cursors_in, moment
from .observed import Observed


def future_state_is_accepted(observed: Observed) -> None:
    """A sync with cursors in the future exits with 0."""
    run = observed.future_sync
    assert run.exit_code == 0, f"exit code {run.exit_code}\n{run.told()}"


def future_state_brings_no_records(observed: Observed) -> None:
    """A sync with cursors in the future brings no record that has a cursor."""
    for stream in observed.incremental_streams:
        field = cursor_field(stream)
        records = observed.future_sync.records.get(stream["name"], [])
        dated = [record for record in records if field and record.get(field) is not None]
        assert not dated, f"{stream['name']} brings {len(dated)} records"


def future_state_is_not_moved_back(observed: Observed) -> None:
    """No cursor is older after a sync with cursors in the future."""
    given = {
        stream["stream_descriptor"]["name"]: stream
        for state in observed.future_state
        for stream in stream_states(state)
    }
    after = observed.future_sync.final_states
    for stream in observed.incremental_streams:
        name, field = stream["name"], cursor_field(stream)
        if not field or name not in given:
            continue
        before = [moment(value) for value in cursors_in(given[name].get("stream_state"), field)]
        now = [moment(value) for value in cursors_in(after.get(name), field)]
        oldest = min((value for value in before if value is not None), default=None)
        moved = [value for value in now if oldest is not None and value is not None and value < oldest]
        assert not moved, f"{name}: {len(moved)} of {len(now)} cursors are older than all that were given"
        assert len(now) >= len(before), f"{name}: {len(before)} cursors were given, {len(now)} are left"


CHECKS = checks(
    "future state", future_state_is_accepted, future_state_brings_no_records, future_state_is_not_moved_back
)
