"""Whether a sync goes on where the one before it stopped, and loses nothing on the way."""

import json
from collections import defaultdict

from ..compare import record_findings, record_text
from ..messages import Json, Run, stream_states
from .check import checks
from .cursors import cursor_field, cursors_in, moment
from .observed import Observed


def incremental_streams_have_a_state(observed: Observed) -> None:
    """Every incremental stream ends its sync with a STATE."""
    run = observed.first_sync
    without = sorted(stream["name"] for stream in observed.incremental_streams if stream["name"] not in run.states)
    assert not without, f"no STATE: {without}\n{run.told()}"


def incremental_brings_what_full_refresh_brings(observed: Observed) -> None:
    """The first sync, without a state, brings the same records as a read in full, each as often."""
    full, first = observed.full_read.records, observed.first_sync.records
    for stream in observed.incremental_streams:
        name = stream["name"]
        for finding in record_findings(name, full.get(name, []), first.get(name, []), ("full refresh", "the sync")):
            raise AssertionError(finding.text)


def next_sync_leaves_out_what_is_older(observed: Observed) -> None:
    """With the state of the first sync, nothing comes that is older than every cursor of its stream."""
    states, run = observed.first_sync.final_states, observed.next_sync
    assert run.exit_code == 0, f"exit code {run.exit_code}\n{run.told()}"
    for stream in observed.incremental_streams:
        field = cursor_field(stream)
        cursors = [moment(value) for value in cursors_in(states.get(stream["name"]), field)] if field else []
        # A record does not say of which partition it is, so it is held to the oldest cursor.
        bound = min((cursor for cursor in cursors if cursor is not None), default=None)
        times = [moment(record.get(field)) for record in run.records.get(stream["name"], [])]
        older = [time for time in times if bound is not None and time is not None and time < bound]
        assert not older, f"{stream['name']}: {len(older)} records are older than the oldest cursor of the state"


def every_state_can_be_resumed_from(observed: Observed) -> None:
    """A sync that is resumed at one of its states loses nothing: what came before the state and what comes after it are
    all records."""
    run = observed.first_sync
    for state, before in resumable(run, observed.resumes):
        resumed = observed.read(observed.incremental_catalog, state)
        assert resumed.exit_code == 0, f"a read from a state in between failed\n{resumed.told()}"
        for stream in observed.incremental_streams:
            name = stream["name"]
            seen = {*before[name], *map(record_text, resumed.records.get(name, []))}
            lost = [record for record in map(record_text, run.records.get(name, [])) if record not in seen]
            assert not lost, (
                f"{name}: records are lost when a sync is resumed\n{len(lost)} records, e.g. {lost[0][:300]}; state "
                f"{json.dumps([one for one in state if name in names_in(one)])[:600]}"
            )


def names_in(state: dict) -> list[str]:
    """The streams of a state."""
    return [stream["stream_descriptor"]["name"] for stream in stream_states(state)]


def resumable(run: Run, count: int) -> list[tuple[list[dict], dict[str, set[str]]]]:
    """The states at some moments of a run, spread evenly: what a platform would have saved by then, and the records
    that it would have kept, which are those before the last STATE of their stream."""
    messages = [message for message in run.messages if message.get("type") in ("STATE", "RECORD")]
    total = sum(message["type"] == "STATE" for message in messages)
    chosen = {round(index * (total - 1) / max(count - 1, 1)) for index in range(min(count, total))}
    saved: dict[str, Json] = {}
    kept, open_records = defaultdict(set), defaultdict(set)
    moments, number = [], 0
    for message in messages:
        if message["type"] == "RECORD":
            open_records[message["record"]["stream"]].add(record_text(message["record"]["data"]))
            continue
        covered = names_in(message["state"])
        # A global state is that of all streams.
        saved[",".join(covered) if message["state"].get("type") != "GLOBAL" else ""] = message["state"]
        for name in covered if message["state"].get("type") != "GLOBAL" else list(open_records):
            kept[name] |= open_records.pop(name, set())
        if number in chosen:
            moments.append((list(saved.values()), defaultdict(set, {name: set(texts) for name, texts in kept.items()})))
        number += 1
    return moments


CHECKS = checks(
    "incremental",
    incremental_streams_have_a_state,
    incremental_brings_what_full_refresh_brings,
    next_sync_leaves_out_what_is_older,
    every_state_can_be_resumed_from,
)
