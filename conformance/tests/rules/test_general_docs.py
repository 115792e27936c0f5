"""The results of a run of the suite, and the page made of them."""

from pathlib import Path

import pytest

from conformance import general_docs, results
from conformance.results import ACCEPTANCE, CLIENT, Result

RESULTS = [
    Result(ACCEPTANCE, "source-pinterest", "something is read", True),
    Result(ACCEPTANCE, "official", "something is read", False, "no stream has a record"),
    Result(ACCEPTANCE, "bookshop", "something is read", False, "no stream has a record"),
    Result(CLIENT, "official", "a second read brings what changed", True),
]


def test_results_are_read_back(tmp_path: Path):
    for result in [*RESULTS, RESULTS[0]]:
        results.write(tmp_path, result)
    assert sorted(results.read(tmp_path), key=str) == sorted(RESULTS, key=str)


def test_the_page_says_yes_no_and_why_not(tmp_path: Path):
    for result in RESULTS:
        results.write(tmp_path, result)
    page = general_docs.page(tmp_path)
    assert "| basic read: something is read | yes | no | no |" in page
    assert "- basic read: something is read (bookshop, official 2.1.12): no stream has a record" in page
    assert "| a second read brings what changed | – | – | yes |" in page


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("no record\nours read: exit code 1", "no record"),
        ("http://127.0.0.1:41793/v5 does not answer", "http://…/v5 does not answer"),
        ("ads/549700003308 on 2026-11-24T10:00:00Z", "ads/… on …"),
    ],
)
def test_a_reason_is_the_same_in_every_run(message: str, line: str):
    assert results.stable(message) == line
