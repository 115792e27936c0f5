"""What a run of a connector wrote, as messages of the Airbyte protocol."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Json = Any


@dataclass(frozen=True)
class Failure:
    """A TRACE ERROR. `stream` is absent when the message names none."""

    stream: str | None
    failure_type: str | None
    message: str


@dataclass(frozen=True)
class Status:
    """A TRACE STREAM_STATUS. `reasons` are such as RATE_LIMITED."""

    status: str
    reasons: tuple[str, ...] = ()


def _stream_of(state: dict) -> str | None:
    return ((state.get("stream") or {}).get("stream_descriptor") or {}).get("name")


def stream_states(state: dict) -> list[dict]:
    """The states of streams in the body of a STATE: its only one, or those of a GLOBAL one."""
    return state["global"].get("stream_states") or [] if state.get("type") == "GLOBAL" else [state["stream"]]


def with_stream_states(state: dict, streams: list[dict]) -> dict | None:
    """The body of a STATE with other states of streams in place of its own. None when none is left that it is of."""
    if state.get("type") == "GLOBAL":
        return {**state, "global": {**state["global"], "stream_states": streams}}
    return {**state, "stream": streams[0]} if streams else None


@dataclass(frozen=True)
class Run:
    """One command of a connector: what it was given and what it wrote.

    `exit_code` is None when the run was stopped from outside; its last line may then be half of one.
    """

    connector: str
    command: str
    config: Json
    catalog: Json
    state: Json
    lines: list[str]
    stderr: str
    exit_code: int | None
    seconds: float
    requests: list[dict] = field(default_factory=list)
    """What the fake was asked meanwhile, in order, see `FakePinterest.requests`."""
    stopped: str | None = None
    """Why the run was stopped from outside, if it was and that is known."""

    def asked(self, operation: str) -> list[dict]:
        """The requests of one operation of the API, e.g. `campaigns/list`."""
        return [request for request in self.requests if request["operation"] == operation]

    @cached_property
    def messages(self) -> list[dict]:
        """The lines that are JSON objects. What is none of the protocol is left to `protocol.violations`."""
        messages = []
        for line in self.lines:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                messages.append(message)
        return messages

    def of_type(self, kind: str, body: str) -> list[dict]:
        return [message[body] for message in self.messages if message.get("type") == kind]

    @cached_property
    def records(self) -> dict[str, list[dict]]:
        """The records of each stream, in the order they came."""
        records = defaultdict(list)
        for record in self.of_type("RECORD", "record"):
            records[record["stream"]].append(record["data"])
        return records

    @cached_property
    def states(self) -> dict[str, list[Json]]:
        """The states of each stream, in the order they came."""
        states = defaultdict(list)
        for state in self.of_type("STATE", "state"):
            for stream in stream_states(state):
                states[stream["stream_descriptor"]["name"]].append(stream.get("stream_state"))
        return states

    @property
    def final_states(self) -> dict[str, Json]:
        return {stream: states[-1] for stream, states in self.states.items()}

    @property
    def saved_state(self) -> list[dict]:
        """The last state of each stream, or the last GLOBAL one, as a platform hands it to the next run."""
        last = {}
        for state in self.of_type("STATE", "state"):
            last[_stream_of(state)] = state
        return list(last.values())

    @property
    def state_after(self) -> Json:
        """The state file of the next run: the states of this one, and what it was given of streams that wrote none."""
        written = {_stream_of(state) for state in self.saved_state}
        given = self.state if isinstance(self.state, list) else []
        if not written:
            return self.state
        return [*(one for one in given if _stream_of(one) not in written), *self.saved_state]

    @cached_property
    def statuses(self) -> dict[str, list[Status]]:
        """The statuses of each stream, in the order they came."""
        statuses = defaultdict(list)
        for trace in self.of_type("TRACE", "trace"):
            if trace.get("type") == "STREAM_STATUS":
                status = trace["stream_status"]
                reasons = tuple(reason["type"] for reason in status.get("reasons") or ())
                statuses[status["stream_descriptor"]["name"]].append(Status(status["status"], reasons))
        return statuses

    @cached_property
    def failures(self) -> list[Failure]:
        return [
            Failure(
                (trace["error"].get("stream_descriptor") or {}).get("name"),
                trace["error"].get("failure_type"),
                trace["error"].get("message", ""),
            )
            for trace in self.of_type("TRACE", "trace")
            if trace.get("type") == "ERROR"
        ]

    @property
    def config_after(self) -> Json:
        """The config that the next run must be given: the last one of a CONTROL message, else the one it was given."""
        controls = self.of_type("CONTROL", "control")
        return controls[-1]["connectorConfig"]["config"] if controls else self.config

    @property
    def spec(self) -> Json:
        return next(iter(self.of_type("SPEC", "spec")), None)

    @property
    def connection(self) -> Json:
        return next(iter(self.of_type("CONNECTION_STATUS", "connectionStatus")), None)

    @property
    def streams(self) -> list[dict]:
        """What `discover` offers."""
        return next(iter(self.of_type("CATALOG", "catalog")), {"streams": []})["streams"]

    def told(self, limit: int = 1500) -> str:
        """What a person needs to see when this run was not as expected."""
        said = [f"{self.connector} {self.command}: exit code {self.exit_code} after {self.seconds:.1f} s"]
        said += [f"  {self.stopped}"] if self.stopped else []
        said += [f"  {failure.stream}: {failure.failure_type}: {failure.message[:300]}" for failure in self.failures]
        if not self.messages:
            said += ["  stdout: " + " ".join(self.lines)[:limit]]
        # A report is UTF-8, whatever a line is.
        return "\n".join([*said, self.stderr[-limit:]]).encode(errors="backslashreplace").decode()
