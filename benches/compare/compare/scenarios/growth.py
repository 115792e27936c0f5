"""The same with more of it: time grows as the data does, and memory does not, but for the cursors of a state."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from ..bench import Bench
from ..inputs import WITHOUT_LIMITS
from ..measuring import Failed, Program, Series, in_turns
from ..outcome import Line, Outcome, Target, at_most, number, row, spread
from ..server import Server
from . import accounts, ads, analytics, report

LONGER = 1.25
"""A record of the largest sync may take so many times what one of the smallest takes, and so may the memory."""
MORE_MEMORY = 2_000_000
A_PARTITION = 700
"""The bytes that an ad with a cursor of its own may take."""


@dataclass(frozen=True)
class Kind:
    """What grows."""

    name: str
    of: str
    sizes: tuple[int, ...]
    reads: str
    partitions: tuple[int, ...] | None = None
    """How many cursors the state has at each size, where they are as many as the data."""

    def at(self, size: int) -> str:
        return self.of.format(f"{size:,}")


def run(bench: Bench) -> Outcome:
    sizes = bench.sizes
    kinds = [
        Kind("ads", "{} ads", sizes.growing_ads, ads.READS),
        Kind("reports", "report of {} MB", sizes.growing_report_mb, report.READS),
        Kind("ad accounts", f"{{}} ad accounts at {sizes.latency_ms} ms", sizes.growing_accounts, accounts.READS),
        Kind(
            "analytics",
            "analytics of {} ads",
            sizes.growing_analytics_ads,
            analytics.READS,
            sizes.growing_analytics_ads,
        ),
    ]
    with ExitStack() as servers:
        runs, often = {}, {}
        for kind in kinds:
            for size in kind.sizes:
                server = servers.enter_context(_server(bench, kind, size))
                program = _sync(bench, kind, bench.ours(f"ours {kind.at(size)}", server.url))
                runs[kind.at(size)] = bench.sync(server, program, kind.reads)
            # The smallest ones are over soon, so their times differ most.
            often[kind.at(kind.sizes[0])] = 3
        series = in_turns(bench.rounds, runs, repeated=often)
    found = {kind.name: [series[kind.at(size)] for size in kind.sizes] for kind in kinds}
    if [series.records for series in found["ads"]] != list(sizes.growing_ads):
        raise Failed("not all ads were brought")
    columns = ["reading, s", "microseconds per record", "CPU microseconds per record", "peak memory, MB", "records"]
    return Outcome(
        "growth",
        "Growth",
        "Ours, with 1, 4 and 16 times as much, without the limits of the API. Reading is the time from the first "
        "request for what is counted to the end, so that the start and the wait for a report do not count. The "
        "smallest are run three times a round. Of analytics each ad has a cursor of its own in the state, which memory "
        "has to hold.",
        ["what", *columns],
        [
            [
                series.name,
                spread(series.reading),
                spread(series.reading, 1e6 / series.records),
                spread(series.cpu, 1e6 / series.records),
                *row("", series)[3:],
            ]
            for of_kind in found.values()
            for series in of_kind
        ],
        targets=[target for kind in kinds for target in _targets(kind, found[kind.name])],
        growth_of_time=[_line(kind, [one.reading.median for one in found[kind.name]]) for kind in kinds],
        growth_of_memory=[_line(kind, [one.peak_memory.median / 1e6 for one in found[kind.name]]) for kind in kinds],
    )


def _server(bench: Bench, kind: Kind, size: int) -> AbstractContextManager[Server]:
    sizes = bench.sizes
    match kind.name:
        case "ads" | "analytics":
            return bench.server(accounts=1, ads=size)
        case "reports":
            return bench.server(accounts=1, report_bytes=size * report.MEGABYTE)
        case _:
            return bench.server(accounts=size, ads=sizes.ads_of_account, latency_ms=sizes.latency_ms)


def _sync(bench: Bench, kind: Kind, program: Program) -> Program:
    match kind.name:
        case "analytics":
            return bench.inputs.read(program, analytics.STREAM, start=analytics.start(), **WITHOUT_LIMITS)
        case "reports":
            return bench.inputs.read(program, report.STREAM, start=report.start(), **WITHOUT_LIMITS)
        case _:
            return bench.inputs.read(program, "ads", **WITHOUT_LIMITS)


def _targets(kind: Kind, series: list[Series]) -> Iterator[Target]:
    first, last = series[0], series[-1]
    times = last.reading.median / last.records / (first.reading.median / first.records)
    what = f"growth of {kind.name}"
    yield at_most(f"{what}, time per record at 16 times the size, times that of the smallest", times, LONGER)
    if kind.partitions:
        more = last.peak_memory.median - first.peak_memory.median
        yield at_most(
            f"{what}, memory for each more ad with a cursor",
            more / (kind.partitions[-1] - kind.partitions[0]),
            A_PARTITION,
        )
        return
    most = LONGER * first.peak_memory.median + MORE_MEMORY
    yield Target(
        f"{what}, peak memory at 16 times the size",
        f"at most {number(most / 1e6)} MB ({LONGER} times that of the smallest, and {MORE_MEMORY / 1e6:.0f} MB)",
        f"{number(last.peak_memory.median / 1e6)} MB",
        last.peak_memory.median <= most,
    )


def _line(kind: Kind, values: list[float]) -> Line:
    first = kind.sizes[0]
    pairs = [(size / first, value) for size, value in zip(kind.sizes, values, strict=True)]
    return Line(f"{kind.name}, 1× is {kind.at(first)}", pairs)
