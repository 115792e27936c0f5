"""The scenarios, in the order in which they are run."""

from collections.abc import Callable

from ..bench import Bench
from ..outcome import Outcome
from . import accounts, ads, analytics, growth, report, start

ALL: dict[str, Callable[[Bench], Outcome]] = {
    "start": start.run,
    "ads": ads.run,
    "accounts": accounts.run,
    "analytics": analytics.run,
    "report": report.run,
    "growth": growth.run,
}
