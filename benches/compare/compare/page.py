"""The page about speed and memory, with its plots."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import wrap

from . import plots
from .outcome import Outcome, Target
from .programs import OFFICIAL, ROOT

PAGE = ROOT / "docs" / "performance.md"
PLOTS = PAGE.with_suffix("")

INTRODUCTION = f"""\
# Performance

The official connector ({OFFICIAL}, from PyPI) and this one against the same server, measured in one run and in turns:

```sh
benches/compare/run                   # measures, and says which targets are met
benches/compare/run --write-docs      # and writes this page
```

It needs Python 3.11 with pip, cargo and curl; no container and no Pinterest account. The first run installs the
official connector with pip, into the environment that the [conformance suite](conformance.md) uses, too.
[What is in it](../benches/compare/README.md).

The server, `fast-server`, runs on the same machine. It sends prepared pages in which only ids change, uncompressed,
so it is not what is measured; no network and no TLS are in between. What Pinterest itself takes for an answer comes on
top of the times, for both.
"""

READING = """\
Medians, in brackets the least and the most. MB are millions of bytes. CPU seconds are those of the program alone, user
and system; peak memory is the most that was resident at any time. Both connectors get the same config and catalog.
"""


def write(outcomes: list[Outcome], *, machine: dict[str, str], rounds: int, date: str) -> list[Path]:
    """Writes the page and its plots; tells which files they are."""
    drawn = {
        PLOTS / "time.svg": plots.bars(
            "Time for the same work", "seconds", [bar for outcome in outcomes for bar in outcome.seconds]
        ),
        PLOTS / "memory.svg": plots.bars("Peak memory", "MB", [bar for outcome in outcomes for bar in outcome.memory]),
        PLOTS / "growth.svg": plots.growth(
            [line for outcome in outcomes for line in outcome.growth_of_time],
            [line for outcome in outcomes for line in outcome.growth_of_memory],
        ),
    }
    PLOTS.mkdir(exist_ok=True)
    for file, svg in drawn.items():
        file.write_text(svg)
    PAGE.write_text(text(outcomes, machine, rounds, date))
    return [PAGE, *drawn]


def text(outcomes: list[Outcome], machine: dict[str, str], rounds: int, date: str) -> str:
    targets = [target for outcome in outcomes for target in outcome.targets]
    summaries = [summary for outcome in outcomes for summary in outcome.summaries]
    lines = [
        INTRODUCTION,
        "## In short\n",
        *table(
            ["", "official", "ours", "ratio"],
            [[one.what, one.official, one.ours, one.ratio] for one in summaries],
        ),
        "![Time of both connectors for the same work, in seconds](performance/time.svg)\n",
        "![Peak memory of both connectors, in MB](performance/memory.svg)\n",
        "## Targets\n",
        "`benches/compare/run` ends with an error when one is missed.\n",
        *table(["", "target", "measured", ""], [_target(target) for target in targets]),
        "## Measured on\n",
        f"{date}, {rounds} rounds.\n",
        *table(["", ""], [[name, value] for name, value in machine.items()]),
        READING,
    ]
    for outcome in outcomes:
        lines += [f"## {outcome.title}\n", *paragraphs(outcome.about), *table(outcome.columns, outcome.rows)]
        lines += paragraphs("\n\n".join(outcome.notes))
        if outcome.growth_of_time:
            lines.append("![Time and memory as the data grows](performance/growth.svg)\n")
    return "\n".join(lines)


def _target(target: Target) -> list[str]:
    return [target.what, target.wanted, target.measured, "met" if target.is_met else "**missed**"]


def paragraphs(text: str) -> list[str]:
    """Each in lines that fit."""
    return [
        "\n".join(wrap(part, 120, break_long_words=False, break_on_hyphens=False)) + "\n"
        for part in text.split("\n\n")
        if part
    ]


def table(columns: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for cells in rows:
        yield f"| {' | '.join(cells)} |"
    yield ""
