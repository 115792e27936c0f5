"""Where this connector does something else than the official one, and the page that says so."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- begin: made by conformance/run --write-docs -->", "<!-- end -->"


@dataclass(frozen=True)
class Difference:
    key: str
    where: str
    official: str
    ours: str
    why: str
    gains: str
    tests: tuple[str, ...]


def sections() -> dict[str, list[Difference]]:
    read = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return {
        section["name"]: [
            Difference(**{**difference, "tests": tuple(difference["tests"])}) for difference in section["difference"]
        ]
        for section in read["section"]
    }


def keys() -> set[str]:
    return {difference.key for differences in sections().values() for difference in differences}


def page(old: str, shown: dict[str, list[str]]) -> str:
    """The page with its tables made anew. `shown` has the titles of the scenarios that show a difference, by key."""
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n\n" + "\n".join(_tables(shown)) + "\n" + END + after


def _tables(shown: dict[str, list[str]]) -> Iterable[str]:
    for name, differences in sections().items():
        yield f"## {name}\n"
        yield "| where | the official connector | this one | why | who gains | shown by |"
        yield "|---|---|---|---|---|---|"
        for one in differences:
            proofs = [f"“{title}”" for title in shown.get(one.key, [])] + list(one.tests)
            cells = (one.where, one.official, one.ours, one.why, one.gains, ", ".join(proofs))
            yield "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
        yield ""
