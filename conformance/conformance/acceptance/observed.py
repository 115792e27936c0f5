"""What is observed of a target: each run is made when a check first asks for it, and kept for the others."""

from collections.abc import Collection
from functools import cached_property

from ..connector import configured
from ..messages import Json, Run, stream_states, with_stream_states
from ..suite import Suite
from ..targets import Target
from .cursors import in_the_future


class Observed:
    """The runs of one target. Each run is given the config that the one before it left."""

    def __init__(self, suite: Suite, target: Target):
        self.suite = suite
        self.target = target
        self.config = target.config

    def run(self, command: str, breaks: Collection[str] = (), **inputs: Json) -> Run:
        """A run; `breaks` are rules of the protocol that the check itself looks after."""
        spec = self.spec_run.spec if command != "spec" else None
        run = self.suite.run(self.target.connector, command, breaks=tuple(breaks), spec=spec, **inputs)
        if run.config is self.config:
            self.config = run.config_after
        return run

    def read(self, catalog: Json, state: Json = None) -> Run:
        return self.run("read", config=self.config, catalog=catalog, state=state)

    @cached_property
    def spec_run(self) -> Run:
        return self.run("spec")

    @property
    def spec(self) -> dict:
        """The schema of the config."""
        assert self.spec_run.spec, f"spec brought no spec\n{self.spec_run.told()}"
        return self.spec_run.spec["connectionSpecification"]

    @cached_property
    def check_run(self) -> Run:
        return self.run("check", config=self.config)

    @cached_property
    def refused_run(self) -> Run | None:
        """The check of a config that must be refused, if there is one."""
        invalid = self.target.invalid_config
        return self.run("check", config=invalid) if invalid is not None else None

    @cached_property
    def discover_run(self) -> Run:
        return self.run("discover", config=self.config)

    @property
    def streams(self) -> list[dict]:
        """What is offered."""
        assert self.discover_run.streams, f"discover offers no stream\n{self.discover_run.told()}"
        return self.discover_run.streams

    @property
    def read_streams(self) -> list[dict]:
        """What is read of it."""
        return [stream for stream in self.streams if stream["name"] not in self.target.left_out]

    @property
    def full_catalog(self) -> dict:
        """All streams in full."""
        return configured(self.read_streams, {stream["name"]: "full_refresh" for stream in self.read_streams})

    @property
    def incremental_streams(self) -> list[dict]:
        return [stream for stream in self.read_streams if "incremental" in stream["supported_sync_modes"]]

    @property
    def incremental_catalog(self) -> dict:
        """The streams that can be incremental, as such."""
        return configured(self.incremental_streams)

    @cached_property
    def full_read(self) -> Run:
        return self.read(self.full_catalog)

    @cached_property
    def second_full_read(self) -> Run:
        return self.read(self.full_catalog)

    @cached_property
    def full_read_with_state(self) -> Run:
        """All in full again, with what the full read left as the state of those that can only be read so."""
        incremental = {stream["name"] for stream in self.incremental_streams}
        saved = [
            with_stream_states(
                state,
                [one for one in stream_states(state) if one["stream_descriptor"]["name"] not in incremental],
            )
            for state in self.full_read.saved_state
        ]
        return self.read(self.full_catalog, [state for state in saved if state is not None])

    @cached_property
    def first_sync(self) -> Run:
        """All incremental streams from the beginning."""
        return self.read(self.incremental_catalog)

    @cached_property
    def next_sync(self) -> Run:
        """All incremental streams from where the first sync stopped."""
        return self.read(self.incremental_catalog, self.first_sync.saved_state)

    @cached_property
    def future_state(self) -> list[dict]:
        """A state whose cursors lie in the future: the one given, or that of the first sync with other cursors."""
        given = self.target.future_state
        return given if given is not None else in_the_future(self.first_sync.saved_state, self.incremental_streams)

    @cached_property
    def future_sync(self) -> Run:
        return self.read(self.incremental_catalog, self.future_state)

    @property
    def runs_so_far(self) -> list[Run]:
        """The usual runs, made where they were not yet."""
        refused = [self.refused_run] if self.refused_run else []
        reads = [self.full_read, self.first_sync, self.next_sync]
        return [self.spec_run, self.check_run, *refused, self.discover_run, *reads]

    @property
    def resumes(self) -> int:
        return self.target.resumes
