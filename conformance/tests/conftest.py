import re
from collections import Counter
from pathlib import Path

import pytest

from conformance.settings import Settings
from conformance.suite import Suite

TESTS = Path(__file__).parent
GENERAL = ("general", "client/test_any_source.py")
"""The tests that hold for any source."""


@pytest.fixture(scope="session")
def suite() -> Suite:
    return Suite(Settings.load())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if Settings.load().config:
        config.hook.pytest_deselected(items=[item for item in items if not is_general(item)])
        items[:] = filter(is_general, items)
    # The longest first, so that the last ones to end are short.
    items.sort(key=lambda item: -max((mark.args[0] for mark in item.iter_markers("slow")), default=0))
    for item in items:
        if group := shared(item):
            item.add_marker(pytest.mark.xdist_group(group))


def place(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).as_posix()


def is_general(item: pytest.Item) -> bool:
    return place(item).startswith(GENERAL)


def shared(item: pytest.Item) -> str | None:
    """What tests have in common that takes long to get: those of a group are run by the same process."""
    target = item.callspec.params.get("target") if hasattr(item, "callspec") else None
    folder = place(item).partition("/")[0]
    match folder:
        case "general":
            return f"acceptance of {target}"
        case "client":
            return f"client of {target or 'source-pinterest'}"
        case "self_test" | "rules":
            return folder
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many tests were begun anew, and why: what is made again until it is green is to be seen."""
    if reruns := terminalreporter.stats.get("rerun"):
        reasons = Counter(why_again(str(report.longrepr)) for report in reruns)
        told = ", ".join(f"{count} for {reason}" for reason, count in sorted(reasons.items()))
        tests = len({report.nodeid for report in reruns})
        terminalreporter.write_line(f"begun anew: {tests} tests, {len(reruns)} times: {told}")


def why_again(told: str) -> str:
    """The exception that a test was begun anew for, see `--only-rerun` in pyproject.toml."""
    return next(iter(re.findall(r"\b(ThreadRace|DayChanged)\b", told)), "another reason")
