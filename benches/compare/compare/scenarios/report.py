"""A large report: how fast it becomes records, and in how much memory."""

import json
import urllib.request
from datetime import UTC, date, datetime, timedelta

from ..bench import Bench
from ..measuring import Failed, Program, Run, Series, in_turns
from ..outcome import COLUMNS, Bar, Outcome, Summary, at_least, at_most, number, row, spread
from ..server import FIRST_ACCOUNT, Server

READS = "report/download"
STREAM = "campaign_analytics_report"
DAYS = 30
MEGABYTE = 1_000_000
FLOOR = "curl, into a pipe"


def start() -> date:
    return datetime.now(UTC).date() - timedelta(days=DAYS - 1)


def run(bench: Bench) -> Outcome:
    with bench.server(for_official=True, accounts=1, report_bytes=bench.sizes.report_mb * MEGABYTE) as server:
        ours = bench.inputs.read(bench.ours("ours", server.url), STREAM, start=start())
        runs = {"ours": bench.sync(server, ours, READS), FLOOR: lambda: _download(bench, server)}
        if bench.with_official:
            official = bench.inputs.read(bench.official, STREAM, start=start())
            runs = {"official": bench.sync(server, official, READS), **runs}
        found = in_turns(bench.rounds, runs, once="official")
    if bench.with_official and found["official"].records != found["ours"].records:
        raise Failed("the rows of the same report are not as many")
    return _outcome(bench, found)


def _download(bench: Bench, server: Server) -> Run:
    """A report, made before and fetched by curl."""
    body = {"start_date": f"{start()}", "end_date": f"{start() + timedelta(days=DAYS - 1)}", "level": "CAMPAIGN"}
    columns = [name for name in bench.inputs.streams[STREAM]["json_schema"]["properties"] if name != "DATE"]
    url = f"{server.url}/ad_accounts/{FIRST_ACCOUNT}/reports"
    with urllib.request.urlopen(url, json.dumps({**body, "columns": columns}).encode()) as answer:
        token = json.load(answer)["token"]
    with urllib.request.urlopen(f"{url}?token={token}") as answer:
        link = json.load(answer)["url"]
    return bench.sync(server, Program("curl", ("curl", "--silent", "--fail", link)), READS)()


def _outcome(bench: Bench, found: dict[str, Series]) -> Outcome:
    ours, size = found["ours"], bench.sizes.report_mb
    speed = {name: size / series.reading.median for name, series in found.items()}
    outcome = Outcome(
        "report",
        f"A report of {size} MB",
        f"Stream `{STREAM}` of one ad account, {DAYS} days, one report that is finished at the first poll. Reading is "
        "the time from the request for the download to the end of the program; what is before it is the start and the "
        "wait before the poll. The official connector is run once only, as it takes long.",
        [*COLUMNS, "reading, s", "MB/s"],
        [[*row(name, series), spread(series.reading), number(speed[name])] for name, series in found.items()],
        targets=[at_most("report, peak memory", ours.peak_memory.median / 1e6, 32, " MB")],
        notes=[f"Ours reaches {number(100 * speed['ours'] / speed[FLOOR])} % of the throughput of curl into a pipe."],
    )
    if bench.with_official:
        official = found["official"]
        ratio = speed["ours"] / speed["official"]
        outcome.targets.insert(0, at_least("report, times the official connector's MB/s", ratio, 30))
        what = f"report of {size} MB"
        outcome.summaries = [
            Summary(
                f"{what}, MB/s",
                *(number(speed[name]) for name in ("official", "ours")),
                f"{number(ratio)} times faster",
            ),
            Summary(
                f"{what}, peak memory, MB",
                *(number(series.peak_memory.median / 1e6) for series in (official, ours)),
                f"{number(official.peak_memory.median / ours.peak_memory.median)} times less",
            ),
        ]
        outcome.seconds.append(Bar(what, official.reading.median, ours.reading.median, "from the download on"))
        outcome.memory.append(Bar(what, official.peak_memory.median / 1e6, ours.peak_memory.median / 1e6))
    return outcome
