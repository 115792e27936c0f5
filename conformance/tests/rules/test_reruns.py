"""What is told of tests that were begun anew."""

from pathlib import Path
from types import SimpleNamespace

import pytest


def test_reruns_are_told(pytestconfig: pytest.Config):
    # By its path: another folder has a conftest, too.
    conftest = pytestconfig.pluginmanager.get_plugin(str(Path(__file__).parent.parent / "conftest.py"))
    told = []
    reruns = [
        SimpleNamespace(nodeid=nodeid, longrepr=f"E   conformance.official.{why}: text")
        for nodeid, why in (("a", "ThreadRace"), ("a", "ThreadRace"), ("b", "DayChanged"))
    ]
    conftest.pytest_terminal_summary(SimpleNamespace(stats={"rerun": reruns}, write_line=told.append))
    assert told == ["begun anew: 2 tests, 3 times: 1 for DayChanged, 2 for ThreadRace"]
    conftest.pytest_terminal_summary(SimpleNamespace(stats={}, write_line=told.append))
    assert len(told) == 1
