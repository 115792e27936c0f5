"""One run of one program, as `measure` tells it, and the values of several runs."""

import json
import os
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .server import Counts

LONGEST_RUN = 3600
"""Seconds after which a run is ended."""


@dataclass(frozen=True)
class Program:
    """How a program is started. `environment` is set beside the one of the bench."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def with_arguments(self, *more: str) -> "Program":
        return replace(self, argv=(*self.argv, *more))

    def named(self, name: str) -> "Program":
        return replace(self, name=name)

    def at(self, url: str) -> "Program":
        """The same program of ours at another address."""
        return replace(self, environment={**self.environment, "PINTEREST_API_URL": url})


@dataclass(frozen=True)
class Run:
    """What a program took. `reading` is the time from the first request for what is counted to the end."""

    wall: float
    cpu: float
    peak_memory: int
    records: int | None
    bytes: int | None
    first_record: float | None
    counts: Counts | None
    reading: float | None


class Failed(Exception):
    """A program did not do what it was started for, so nothing can be said of its time."""


@dataclass(frozen=True)
class Stopwatch:
    """The program `measure`, and the folder where errors of the programs are kept."""

    program: Path
    folder: Path

    def run(
        self,
        program: Program,
        *,
        output: str | Path = "pipe",
        server: Callable[[], Counts] | None = None,
        reads: str | None = None,
    ) -> Run:
        """Runs a program. `server` tells what was asked of the server meanwhile; `reads` is the operation that brings
        what is counted."""
        errors = self.folder / f"{program.name}.stderr".replace(" ", "-").replace("/", "-")
        command = [self.program, "--stdout", str(output), "--stderr", errors, "--longest", str(LONGEST_RUN), "--"]
        finished = subprocess.run(
            [*command, *program.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **program.environment},
            check=True,
        )
        told = json.loads(finished.stdout)
        if told["exit_code"] != 0:
            end = "was ended, it took too long" if told["timed_out"] else f"ended with {told['exit_code']}"
            raise Failed(f"{program.name} {end}; what it said is in {errors}")
        counts = server() if server else None
        first = counts.operation(reads).first if counts and reads else None
        return Run(
            wall=told["wall_s"],
            cpu=told["user_s"] + told["system_s"],
            peak_memory=told["peak_rss_bytes"],
            records=told["records"],
            bytes=told["bytes"],
            first_record=told["first_record_s"],
            counts=counts,
            reading=told["started_at"] + told["wall_s"] - first if first else None,
        )


@dataclass(frozen=True)
class Spread:
    """The median of some values, and between which they lie."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values: Sequence[float]) -> "Spread":
        return Spread(statistics.median(values), min(values), max(values))

    def times(self, factor: float) -> "Spread":
        return Spread(self.median * factor, self.least * factor, self.most * factor)


@dataclass(frozen=True)
class Series:
    """The runs of one program in one scenario."""

    name: str
    runs: list[Run]

    def spread(self, value: Callable[[Run], float]) -> Spread:
        return Spread.of([value(run) for run in self.runs])

    @property
    def wall(self) -> Spread:
        return self.spread(lambda run: run.wall)

    @property
    def cpu(self) -> Spread:
        return self.spread(lambda run: run.cpu)

    @property
    def reading(self) -> Spread:
        return self.spread(lambda run: run.reading)

    @property
    def peak_memory(self) -> Spread:
        return self.spread(lambda run: run.peak_memory)

    @property
    def records(self) -> int:
        """How many records each run brought. They must be as many every time."""
        numbers = {run.records for run in self.runs}
        if len(numbers) != 1:
            raise Failed(f"{self.name} brought {sorted(numbers)} records in several runs of the same")
        return numbers.pop()


def in_turns(
    rounds: int,
    programs: Mapping[str, Callable[[], Run]],
    *,
    repeated: Mapping[str, int] | None = None,
    once: str | None = None,
) -> dict[str, Series]:
    """Runs each program once a round, or as often as `repeated` says, so that what changes on the machine changes for
    all of them. The one called `once` is run in the first round only."""
    runs: dict[str, list[Run]] = {name: [] for name in programs}
    for number in range(rounds):
        for name, run in programs.items():
            if number and name == once:
                continue
            of_round = [run() for _ in range((repeated or {}).get(name, 1))]
            runs[name] += of_round
            seen = Series(name, of_round)
            print(
                f"  round {number + 1}: {name}: {seen.wall.median:.3f} s, CPU {seen.cpu.median:.3f} s, "
                f"{seen.peak_memory.median / 1e6:.1f} MB",
                flush=True,
            )
    return {name: Series(name, found) for name, found in runs.items()}
