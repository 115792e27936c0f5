"""What all scenarios work with."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import programs, server
from .inputs import Inputs
from .measuring import Program, Run, Stopwatch
from .programs import Built
from .server import Server


@dataclass(frozen=True)
class Sizes:
    """How much is read. `FULL` is what the targets are for, `QUICK` shows that everything works."""

    ads: int
    accounts: int
    ads_of_account: int
    latency_ms: int
    analytics_ads: int
    waiting_analytics_ads: int
    official_analytics_ads: int
    report_mb: int
    growing_ads: tuple[int, ...]
    growing_report_mb: tuple[int, ...]
    growing_accounts: tuple[int, ...]
    growing_analytics_ads: tuple[int, ...]


FULL = Sizes(
    ads=200_000,
    accounts=60,
    ads_of_account=1_250,
    latency_ms=100,
    analytics_ads=10_000,
    waiting_analytics_ads=301 * 250,
    official_analytics_ads=100,
    report_mb=300,
    growing_ads=(50_000, 200_000, 800_000),
    growing_report_mb=(75, 300, 1_200),
    growing_accounts=(60, 240, 960),
    growing_analytics_ads=(10_000, 40_000, 160_000),
)
QUICK = Sizes(
    ads=5_000,
    accounts=4,
    ads_of_account=500,
    latency_ms=20,
    analytics_ads=500,
    waiting_analytics_ads=0,
    official_analytics_ads=5,
    report_mb=6,
    growing_ads=(1_000, 4_000, 16_000),
    growing_report_mb=(1, 4, 16),
    growing_accounts=(4, 16, 64),
    growing_analytics_ads=(500, 2_000, 8_000),
)


@dataclass(frozen=True)
class Bench:
    built: Built
    folder: Path
    rounds: int
    sizes: Sizes
    with_official: bool

    @cached_property
    def stopwatch(self) -> Stopwatch:
        return Stopwatch(self.built.measure, self.folder)

    @cached_property
    def port(self) -> int:
        """Where the official connector looks for the API."""
        return server.free_port()

    @cached_property
    def official(self) -> Program:
        return programs.official(self.built.target, self.folder, f"http://127.0.0.1:{self.port}/v5")

    @cached_property
    def inputs(self) -> Inputs:
        config = self.folder / "config.json"
        config.write_text("{}")
        ours = self.ours("ours", "")
        catalog = self.folder / "catalog.json"
        self.stopwatch.run(ours.with_arguments("discover", "--config", str(config)), output=catalog)
        messages = [json.loads(line) for line in catalog.read_text().splitlines()]
        return Inputs(self.folder, next(one["catalog"]["streams"] for one in messages if one["type"] == "CATALOG"))

    def ours(self, name: str, url: str) -> Program:
        return programs.ours(self.built.ours, name, url)

    def server(self, *, for_official: bool = False, **options: int | list[str]) -> AbstractContextManager[Server]:
        """A server. The official connector knows one address only, so one at a time can be for it."""
        return server.started(self.built.server, self.port if for_official else 0, **options)

    def sync(self, of: Server, program: Program, reads: str) -> Callable[[], Run]:
        """A run beside which the requests are counted."""
        return lambda: self.stopwatch.run(program, server=of.taken, reads=reads)
