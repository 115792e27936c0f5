"""Many ad accounts behind a slow network: what is read at the same time."""

from ..bench import Bench
from ..measuring import Failed, in_turns
from ..outcome import COLUMNS, Bar, Outcome, Summary, at_most, number, row

READS = "ads/list"
PAGE = 250
OVERALL = 100
"""Requests a second that Pinterest allows."""


def run(bench: Bench) -> Outcome:
    sizes = bench.sizes
    with bench.server(
        for_official=True, accounts=sizes.accounts, ads=sizes.ads_of_account, latency_ms=sizes.latency_ms
    ) as server:
        runs = {"ours": bench.sync(server, bench.inputs.read(bench.ours("ours", server.url), "ads"), READS)}
        if bench.with_official:
            usual = bench.inputs.read(bench.official, "ads")
            most = bench.inputs.read(bench.official.named("official with 40 threads"), "ads", num_threads=40)
            runs = {
                "official": bench.sync(server, usual, READS),
                "official, `num_threads` 40": bench.sync(server, most, READS),
                **runs,
            }
        found = in_turns(bench.rounds, runs)
    ads = sizes.accounts * sizes.ads_of_account
    for name, series in found.items():
        if series.records != ads:
            raise Failed(f"{name} brought {series.records} of {ads} ads")
    ours = found["ours"]
    pages = -(-sizes.ads_of_account // PAGE)
    latency = sizes.latency_ms / 1e3
    # The token, the ad accounts, and the pages of one of them one after the other.
    chain = (2 + pages) * latency
    requests = ours.runs[0].counts.overall.requests
    allowed = requests / OVERALL
    bound = max(chain, allowed)
    asked = {name: series.runs[0].counts.overall for name, series in found.items()}
    outcome = Outcome(
        "accounts",
        f"{sizes.accounts} ad accounts at {sizes.latency_ms} ms",
        f"{sizes.accounts} ad accounts with {sizes.ads_of_account:,} ads each, stream `ads`; every answer takes "
        f"{sizes.latency_ms} ms. Both run with their own default number of threads, the official connector also with "
        "the most that it takes.",
        [*COLUMNS, "requests", "most in a second"],
        [
            [*row(name, series), f"{asked[name].requests:,}", str(asked[name].most_in_a_second)]
            for name, series in found.items()
        ],
        notes=[
            f"The longest chain of requests that need each other (token, ad accounts, {pages} pages) takes "
            f"{number(chain)} s; {requests} requests at {OVERALL} a second take {number(allowed)} s. In steady work "
            f"nothing that keeps to the limits of the API is faster than the longer of the two. Ours takes "
            f"{number(ours.wall.median / bound)} times as long."
        ],
        targets=[at_most("ad accounts, times the longer of the two bounds", ours.wall.median / bound, 1.3)],
    )
    if bench.with_official:
        official = found["official"]
        what = f"{sizes.accounts} ad accounts at {sizes.latency_ms} ms"
        outcome.summaries.append(
            Summary(
                f"{what}, s",
                number(official.wall.median),
                number(ours.wall.median),
                f"{number(official.wall.median / ours.wall.median)} times faster",
            )
        )
        outcome.seconds.append(Bar(what, official.wall.median, ours.wall.median))
        outcome.memory.append(Bar(what, official.peak_memory.median / 1e6, ours.peak_memory.median / 1e6))
    return outcome
