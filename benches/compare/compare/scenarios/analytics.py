"""Analytics of many ads: how many requests they take, and how long these take at the limits of the API."""

from datetime import UTC, date, datetime, timedelta

from ..bench import Bench
from ..measuring import Failed, Run, Series, in_turns
from ..outcome import COLUMNS, Bar, Outcome, Summary, Target, at_least, at_most, number, row

STREAM, READS = "ad_analytics", "ads/analytics"
DAYS = 90
A_MINUTE = {"ads_analytics": 300, "ads_read": 1_000, "org_read": 1_000}
"""Requests a minute that Pinterest allows, by category."""
A_SECOND = 100
"""Requests a second that it allows of all of them together."""
LIMITS = ["ads_analytics:300:60", "ads_read:1000:60", "org_read:1000:60", f"overall:{A_SECOND}:1"]
MOST_CALLS = 45


def start() -> date:
    """The first of the days, the last of which is today."""
    return datetime.now(UTC).date() - timedelta(days=DAYS - 1)


def run(bench: Bench) -> Outcome:
    sizes = bench.sizes
    ours = bench.inputs.read(bench.ours("ours", ""), STREAM, start=start())

    def on_a_fresh_server(ads: int = sizes.analytics_ads) -> Run:
        # The requests of the sync before would count for a minute.
        with bench.server(accounts=1, ads=ads, limit=LIMITS) as server:
            return bench.sync(server, ours.at(server.url), READS)()

    with bench.server(for_official=True, accounts=1, ads=sizes.official_analytics_ads) as small:
        runs = {"ours": on_a_fresh_server}
        if bench.with_official:
            official = bench.inputs.read(bench.official, STREAM, start=start())
            runs = {"official": bench.sync(small, official, READS), **runs}
        found = in_turns(bench.rounds, runs)
    ads = {"ours": sizes.analytics_ads, "official": sizes.official_analytics_ads}
    for name, series in found.items():
        if series.records != ads[name] * DAYS:
            raise Failed(f"{name} brought {series.records} rows of {ads[name]} ads in {DAYS} days")
    outcome = _outcome(bench, found, ads)
    if sizes.waiting_analytics_ads:
        _add_waiting(outcome, sizes.waiting_analytics_ads, on_a_fresh_server(sizes.waiting_analytics_ads))
    return outcome


def _add_waiting(outcome: Outcome, ads: int, run: Run) -> None:
    """What of the allowance is used by a sync that has to wait for it."""
    calls = run.counts.operation(READS)
    minutes = (calls.last - calls.first) / 60
    used = (calls.requests - 1) / A_MINUTE["ads_analytics"] / minutes * 100
    refusals = run.counts.overall.refusals
    outcome.notes.append(
        f"With {ads:,} ads ours needs {calls.requests} calls, more than a minute allows: the last one comes "
        f"{minutes * 60:.1f} s after the first, {number(used)} % of what is allowed in that time."
    )
    outcome.targets += [
        at_least("analytics, of the allowance while waiting for it", used, 95, " %"),
        Target("analytics, refusals while waiting", "none", str(refusals), refusals == 0),
    ]


def _outcome(bench: Bench, found: dict[str, Series], ads: dict[str, int]) -> Outcome:
    sizes = bench.sizes
    asked = {name: _requests(series, sizes.analytics_ads / ads[name]) for name, series in found.items()}
    at_limits = {name: _seconds(requests) for name, requests in asked.items()}
    calls = max(run.counts.operation(READS).requests for run in found["ours"].runs)
    refusals = max(run.counts.overall.refusals for run in found["ours"].runs)
    outcome = Outcome(
        "analytics",
        f"{sizes.analytics_ads:,} ads, {DAYS} days of analytics",
        f"Stream `ad_analytics` of one ad account, {DAYS} days that end today, a row for each ad and day. Ours reads "
        f"{sizes.analytics_ads:,} ads from a server that refuses what is over a limit in any moving span: "
        + ", ".join(f"{most:,} a minute of `{category}`" for category, most in A_MINUTE.items())
        + f", {A_SECOND} a second of all.\n\n"
        f"The official connector asks for one ad and 30 days at a time. It reads {sizes.official_analytics_ads} ads, "
        "without the limits, and what it asks for is scaled to as many ads as ours reads: pages of ads and calls of "
        "analytics grow with the ads, the other requests do not. The time at the limits is computed for both: the "
        "requests of each category over what may be asked for in a minute, and all of them over what may be asked for "
        "in a second; the longest counts.",
        [*COLUMNS, "requests of analytics", "other requests", "at the limits, s"],
        [
            [
                f"{name}, {ads[name]:,} ads",
                *row(name, series)[1:],
                f"{asked[name].get('ads_analytics', 0):,.0f}" + _scaled(name, series, asked),
                f"{sum(asked[name].values()) - asked[name].get('ads_analytics', 0):,.0f}",
                number(at_limits[name]),
            ]
            for name, series in found.items()
        ],
        targets=[
            at_most(f"analytics, calls for {sizes.analytics_ads:,} ads and {DAYS} days", calls, MOST_CALLS),
            Target("analytics, refusals by a strict limiter", "none", str(refusals), refusals == 0),
        ],
    )
    if bench.with_official:
        outcome.summaries.append(
            Summary(
                f"{sizes.analytics_ads:,} ads, {DAYS} days of analytics, requests",
                f"{sum(asked['official'].values()):,.0f} (scaled)",
                f"{sum(asked['ours'].values()):,.0f}",
                f"{number(sum(asked['official'].values()) / sum(asked['ours'].values()))} times fewer",
            )
        )
        outcome.summaries.append(
            Summary(
                "the same, at the documented limits, s (computed)",
                f"{number(at_limits['official'])} (scaled)",
                number(at_limits["ours"]),
                f"{number(at_limits['official'] / at_limits['ours'])} times faster",
            )
        )
        outcome.seconds.append(
            Bar(
                f"analytics of {sizes.analytics_ads:,} ads",
                at_limits["official"],
                at_limits["ours"],
                "at the limits; official scaled",
            )
        )
    return outcome


def _requests(series: Series, scale: float) -> dict[str, float]:
    """Requests by category, if there were `scale` times as many ads."""
    counts = series.runs[0].counts
    requests = {name: float(asked.requests) for name, asked in counts.categories().items()}
    for operation, category in ((READS, "ads_analytics"), ("ads/list", "ads_read")):
        requests[category] = requests.get(category, 0) + counts.operation(operation).requests * (scale - 1)
    return requests


def _seconds(requests: dict[str, float]) -> float:
    by_category = [60 * count / A_MINUTE[category] for category, count in requests.items()]
    return max(*by_category, sum(requests.values()) / A_SECOND)


def _scaled(name: str, series: Series, asked: dict[str, dict[str, float]]) -> str:
    seen = series.runs[0].counts.operation(READS).requests
    return f" (scaled from {seen:,})" if round(asked[name]["ads_analytics"]) != seen else ""
