"""The order of what is said of each stream: statuses, records and states."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..messages import Run, stream_states
from .catalog import configured_streams
from .rules import ALWAYS_COUNT, Violation

_ENDS = ("COMPLETE", "INCOMPLETE")


@dataclass
class _Stream:
    """What was said of a stream so far."""

    name: str
    statuses: list[str] = field(default_factory=list)
    records: int = 0
    records_without_state: int = 0

    @property
    def ended(self) -> bool:
        return any(status in _ENDS for status in self.statuses)

    def status(self, status: str) -> Iterator[Violation]:
        if status == "STARTED" and "STARTED" in self.statuses:
            yield Violation("status-started", f"{self.name} is STARTED twice")
        if status != "STARTED" and "STARTED" not in self.statuses:
            yield Violation("status-started", f"{self.name} is {status} before it is STARTED")
        # A second end is for the rule `status-end` to say.
        if self.ended and status not in _ENDS:
            yield Violation("status-after-end", f"{self.name} is {status} after it is {self.statuses[-1]}")
        self.statuses.append(status)

    def record(self) -> Iterator[Violation]:
        if self.records == 0 and "STARTED" not in self.statuses:
            yield Violation("status-started", f"{self.name} has a record before it is STARTED")
        if self.records == 0 and "RUNNING" not in self.statuses:
            yield Violation("status-running", f"{self.name} has a record before it is RUNNING")
        if self.ended:
            yield Violation("record-after-end", f"{self.name} has a record after it is {self.statuses[-1]}")
        self.records += 1
        self.records_without_state += 1

    def state(self) -> Iterator[Violation]:
        if self.ended:
            yield Violation("state-after-end", f"{self.name} has a STATE after it is {self.statuses[-1]}")

    def end(self) -> Iterator[Violation]:
        ends = [status for status in self.statuses if status in _ENDS]
        if len(ends) != 1:
            yield Violation("status-end", f"{self.name} has the ends {ends}, statuses {self.statuses}")
        if ends == ["COMPLETE"] and self.records_without_state:
            yield Violation("state-last", f"{self.name} has {self.records_without_state} records after its last STATE")


def violations(run: Run, messages: list[dict]) -> Iterator[Violation]:
    if run.command != "read":
        return
    streams = {name: _Stream(name) for name in configured_streams(run)}
    explained = set()
    counts = run.connector in ALWAYS_COUNT or any(
        _count(message["state"]) is not None for message in messages if message["type"] == "STATE"
    )
    for message in messages:
        match message:
            case {"type": "RECORD", "record": {"stream": name}} if name in streams:
                yield from streams[name].record()
            case {"type": "STATE", "state": {"type": "STREAM" | "GLOBAL" as kind} as state}:
                names = [stream["stream_descriptor"]["name"] for stream in stream_states(state)]
                for name in names:
                    if name not in streams:
                        yield Violation("state-stream", f"a STATE is of {name}, which is not in the configured catalog")
                if kind == "STREAM" and state["stream"].get("stream_state") is None:
                    yield Violation("state-stream", f"a STATE of {names[0]} has no stream_state")
                # A global one covers all that came before it, of every stream, also of those that have ended.
                covered = [streams[name] for name in names if name in streams] if kind == "STREAM" else streams.values()
                if counts and covered:
                    came = sum(stream.records_without_state for stream in covered)
                    yield from _counted("all" if kind == "GLOBAL" else names[0], _count(state), came)
                for stream in covered:
                    if kind == "STREAM":
                        yield from stream.state()
                    stream.records_without_state = 0
            case {"type": "STATE"}:
                yield Violation("state-stream", "a STATE is that of no stream")
            case {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "stream_status": status}}:
                name = status["stream_descriptor"]["name"]
                if name in streams:
                    yield from streams[name].status(status["status"])
                else:
                    yield Violation(
                        "status-stream", f"{name} is {status['status']}, which is not in the configured catalog"
                    )
            case {"type": "TRACE", "trace": {"type": "ERROR", "error": error}}:
                # An error without a name is that of all that end after it: what failed before any stream was read.
                # After them it only sums up.
                name = (error.get("stream_descriptor") or {}).get("name")
                explained |= {name} if name else {stream.name for stream in streams.values() if not stream.ended}
    yield from _end(run, streams, explained)


def _count(state: dict) -> float | None:
    return (state.get("sourceStats") or {}).get("recordCount")


def _counted(name: str, count: float | None, came: int) -> Iterator[Violation]:
    if count is None:
        yield Violation("state-count", f"a STATE of {name} does not count its records")
    elif count != came:
        yield Violation("state-count", f"a STATE of {name} counts {count:g} records, {came} came before it")


def _end(run: Run, streams: dict[str, _Stream], explained: set[str]) -> Iterator[Violation]:
    ends = defaultdict(list)
    for stream in streams.values():
        for status in stream.statuses[-1:]:
            ends[status].append(stream.name)
    # A run that failed before it began any stream has no more to say than its error.
    if any(stream.statuses for stream in streams.values()) or run.exit_code == 0:
        for stream in streams.values():
            yield from stream.end()
    for name in ends["INCOMPLETE"]:
        if name not in explained:
            yield Violation("incomplete-error", f"{name} is INCOMPLETE without a TRACE ERROR of it")
    all_complete = len(ends["COMPLETE"]) == len(streams)
    if run.exit_code == 0 and not all_complete:
        rest = ", ".join(name for name in streams if name not in ends["COMPLETE"])
        yield Violation("exit-code", f"exit code 0, and not COMPLETE: {rest}")
    if run.exit_code != 0 and streams and all_complete:
        yield Violation("exit-code", f"exit code {run.exit_code}, and all streams are COMPLETE")
