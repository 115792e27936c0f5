"""The scenarios, by what they are about."""

from ..scenario import Scenario
from . import analytics, campaigns, check, custom_reports, lists, messages, reports, sign_in, upgrade

ALL: list[Scenario] = [
    *sign_in.SCENARIOS,
    *check.SCENARIOS,
    *lists.SCENARIOS,
    *campaigns.SCENARIOS,
    *analytics.SCENARIOS,
    *reports.SCENARIOS,
    *custom_reports.SCENARIOS,
    *upgrade.SCENARIOS,
    *messages.SCENARIOS,
]
