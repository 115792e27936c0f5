"""Many ads of one ad account: what a record costs, and how near the connector comes to a mere copy."""

from pathlib import Path

from ..bench import Bench
from ..inputs import WITHOUT_LIMITS
from ..measuring import Failed, Program, Series, in_turns
from ..outcome import COLUMNS, Bar, Outcome, Summary, at_least, at_most, number, row
from ..server import FIRST_ACCOUNT, Server

READS = "ads/list"
PAGE = 250
INTO_A_PIPE, TO_NOWHERE, COPY = "curl, into a pipe", "curl, to /dev/null", "cat, into a pipe"
UNPACED = "ours, without limits"
SOON_OVER = (UNPACED, INTO_A_PIPE, TO_NOWHERE, COPY)
OFTEN = 3
"""What is over within a second is run so many times a round."""


def run(bench: Bench) -> Outcome:
    ads = bench.sizes.ads
    with bench.server(for_official=True, accounts=1, ads=ads) as server:
        ours = bench.inputs.read(bench.ours("ours", server.url), "ads")
        unpaced = bench.inputs.read(bench.ours("ours unpaced", server.url), "ads", **WITHOUT_LIMITS)
        pages = Program("curl", ("curl", "--silent", "--fail", "--config", str(_pages(bench, server))))
        # What the connector writes, as a file that is in memory: it was written just now.
        written = bench.folder / "ads.jsonl"
        bench.stopwatch.run(unpaced, output=written)
        copy = Program("cat", ("cat", str(written)))
        server.reset()
        runs = {
            "ours": bench.sync(server, ours, READS),
            UNPACED: bench.sync(server, unpaced, READS),
            INTO_A_PIPE: lambda: bench.stopwatch.run(pages),
            TO_NOWHERE: lambda: bench.stopwatch.run(pages, output="null"),
            COPY: lambda: bench.stopwatch.run(copy),
        }
        if bench.with_official:
            official = bench.inputs.read(bench.official, "ads")
            runs = {"official": bench.sync(server, official, READS), **runs}
        found = in_turns(bench.rounds, runs, repeated=dict.fromkeys(SOON_OVER, OFTEN))
        written.unlink()
    for name in ("official", "ours", UNPACED):
        if name in found and found[name].records != ads:
            raise Failed(f"{name} brought {found[name].records} of {ads} ads")
    return _outcome(bench, found)


def _pages(bench: Bench, server: Server) -> Path:
    """The pages that the connector asks for, for curl."""
    file = bench.folder / "pages.curl"
    url = f"{server.url}/ad_accounts/{FIRST_ACCOUNT}/ads?page_size={PAGE}"
    file.write_text("".join(f'url = "{url}&bookmark={first}"\n' for first in range(0, bench.sizes.ads, PAGE)))
    return file


def _outcome(bench: Bench, found: dict[str, Series]) -> Outcome:
    ours, unpaced, floor = found["ours"], found[UNPACED], found[INTO_A_PIPE]
    share = floor.wall.median / unpaced.wall.median * 100
    gigabytes = floor.runs[0].bytes / 1e9
    outcome = Outcome(
        "ads",
        f"{bench.sizes.ads:,} ads",
        f"One ad account with {bench.sizes.ads:,} ads of 2 KB, stream `ads`, incremental, no state. The official "
        "connector asks for pages of 25, ours for pages of 250.\n\n"
        "Ours keeps to the 100 requests a second and 1,000 a minute that Pinterest documents, so its seconds are those "
        "of the API's limits. Without limits, by `rate_limits` in its config, it shows how fast the program itself is. "
        "The last three lines are floors: `curl` asks for the same pages over one connection and looks at nothing, "
        "`cat` copies what the connector writes. All write into a pipe that is drained and counted, unless it says "
        f"otherwise. What is over within a second is run {OFTEN} times a round.",
        [*COLUMNS, "MB/s"],
        [
            [*row(name, series), _speed(series, floor if name == TO_NOWHERE else series)]
            for name, series in found.items()
        ],
        targets=[
            at_least("ads, throughput without limits, of curl into a pipe", share, 40, " %"),
            at_most("ads, peak memory", max(ours.peak_memory.median, unpaced.peak_memory.median) / 1e6, 32, " MB"),
        ],
        notes=[
            f"CPU seconds per GB of pages: ours {number(ours.cpu.median / gigabytes)}, without limits "
            f"{number(unpaced.cpu.median / gigabytes)}, curl {number(floor.cpu.median / gigabytes)}.",
            f"Without limits ours reaches {number(share)} % of the throughput of curl into a pipe.",
        ],
    )
    if bench.with_official:
        official = found["official"]
        per_cpu = [series.records / series.cpu.median for series in (official, unpaced, ours)]
        ratio = per_cpu[1] / per_cpu[0]
        outcome.targets.insert(0, at_least("ads, records per CPU second, times the official connector's", ratio, 50))
        outcome.notes.insert(
            0,
            f"Records per CPU second: official {per_cpu[0]:,.0f}, ours without limits {per_cpu[1]:,.0f}, ours at the "
            f"limits {per_cpu[2]:,.0f}: a processor that is idle between two pages takes longer for each. The official "
            "connector keeps to no limit here, so it is compared with ours without limits.",
        )
        outcome.summaries = [
            Summary(
                f"{bench.sizes.ads:,} ads, records per CPU second",
                *(f"{value:,.0f}" for value in per_cpu[:2]),
                f"{number(ratio)} times as many",
            ),
            Summary(
                f"{bench.sizes.ads:,} ads, peak memory, MB",
                *(number(series.peak_memory.median / 1e6) for series in (official, ours)),
                f"{number(official.peak_memory.median / ours.peak_memory.median)} times less",
            ),
        ]
        outcome.seconds.append(Bar(f"{bench.sizes.ads:,} ads", official.cpu.median, unpaced.cpu.median, "CPU seconds"))
        outcome.memory.append(
            Bar(f"{bench.sizes.ads:,} ads", official.peak_memory.median / 1e6, ours.peak_memory.median / 1e6)
        )
    return outcome


def _speed(series: Series, counted: Series) -> str:
    return number(counted.runs[0].bytes / 1e6 / series.wall.median)
