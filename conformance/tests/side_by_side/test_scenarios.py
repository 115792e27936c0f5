"""Every scenario: both connectors, the same data, the same outcome."""

import pytest

from conformance import side_by_side
from conformance.scenario import Scenario
from conformance.scenarios import ALL
from conformance.suite import Suite


@pytest.mark.parametrize("scenario", [pytest.param(one, id=one.title, marks=pytest.mark.slow(one.slow)) for one in ALL])
def test_both_connectors(suite: Suite, scenario: Scenario):
    side_by_side.check(suite, scenario)
