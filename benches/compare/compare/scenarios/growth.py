"""The same with more of it: time grows as the data does, memory does not."""

from contextlib import ExitStack

from ..bench import Bench
from ..inputs import WITHOUT_LIMITS
from ..measuring import Failed, Series, in_turns
from ..outcome import Line, Outcome, Target, at_most, number, row, spread
from . import ads, report

LONGER = 1.25
"""A record of the largest sync may take so many times what one of the smallest takes, and so may the memory."""
MORE_MEMORY = 2_000_000


def run(bench: Bench) -> Outcome:
    sizes = bench.sizes
    with ExitStack() as servers:
        runs = {}
        for count in sizes.growing_ads:
            server = servers.enter_context(bench.server(accounts=1, ads=count))
            sync = bench.inputs.read(bench.ours(f"ours unpaced {count}", server.url), "ads", **WITHOUT_LIMITS)
            runs[f"{count:,} ads"] = bench.sync(server, sync, ads.READS)
        for megabytes in sizes.growing_report_mb:
            server = servers.enter_context(bench.server(accounts=1, report_bytes=megabytes * report.MEGABYTE))
            program = bench.ours(f"ours report {megabytes}", server.url)
            sync = bench.inputs.read(program, report.STREAM, start=report.start())
            runs[f"report of {megabytes:,} MB"] = bench.sync(server, sync, report.READS)
        # The smallest ones are over soon, so their times differ most.
        often = {f"{sizes.growing_ads[0]:,} ads": 3, f"report of {sizes.growing_report_mb[0]:,} MB": 3}
        found = list(in_turns(bench.rounds, runs, repeated=often).values())
    of_ads, of_reports = found[: len(sizes.growing_ads)], found[len(sizes.growing_ads) :]
    if [series.records for series in of_ads] != list(sizes.growing_ads):
        raise Failed("not all ads were brought")
    ads_from = f"ads, 1× is {sizes.growing_ads[0]:,}"
    reports_from = f"reports, 1× is {sizes.growing_report_mb[0]} MB"
    columns = ["reading, s", "microseconds per record", "CPU microseconds per record", "peak memory, MB", "records"]
    return Outcome(
        "growth",
        "Growth",
        "Ours, with 1, 4 and 16 times as much. Ads are read without the limits of the API, as above. Reading is the "
        "time from the first request for what is counted to the end, so that the start and the wait for a report do "
        "not count. The smallest are run three times a round.",
        ["what", *columns],
        [
            [
                series.name,
                spread(series.reading),
                spread(series.reading, 1e6 / series.records),
                spread(series.cpu, 1e6 / series.records),
                *row("", series)[3:],
            ]
            for series in found
        ],
        targets=[*_targets("ads", of_ads), *_targets("reports", of_reports)],
        growth_of_time=[
            _line(ads_from, sizes.growing_ads, [series.reading.median for series in of_ads]),
            _line(reports_from, sizes.growing_report_mb, [series.reading.median for series in of_reports]),
        ],
        growth_of_memory=[
            _line(ads_from, sizes.growing_ads, [series.peak_memory.median / 1e6 for series in of_ads]),
            _line(reports_from, sizes.growing_report_mb, [series.peak_memory.median / 1e6 for series in of_reports]),
        ],
    )


def _targets(what: str, series: list[Series]) -> list[Target]:
    first, last = series[0], series[-1]
    times = last.reading.median / last.records / (first.reading.median / first.records)
    most = LONGER * first.peak_memory.median + MORE_MEMORY
    return [
        at_most(f"growth of {what}, time per record at 16 times the size, times that of the smallest", times, LONGER),
        Target(
            f"growth of {what}, peak memory at 16 times the size",
            f"at most {number(most / 1e6)} MB ({LONGER} times that of the smallest, and {MORE_MEMORY / 1e6:.0f} MB)",
            f"{number(last.peak_memory.median / 1e6)} MB",
            last.peak_memory.median <= most,
        ),
    ]


def _line(name: str, sizes: tuple[int, ...], values: list[float]) -> Line:
    return Line(name, [(size / sizes[0], value) for size, value in zip(sizes, values, strict=True)])
