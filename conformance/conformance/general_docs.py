"""The page about the suite, with a table of what holds of each source."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from . import protocol, results
from .acceptance import ALL
from .results import ACCEPTANCE, CLIENT, Result
from .targets import BOOKSHOP, OFFICIAL, PINTEREST

COLUMNS = {PINTEREST: "source-pinterest", BOOKSHOP: "bookshop", OFFICIAL: "official 2.1.12"}
"""The sources of the tables, and what they are called there."""

INTRODUCTION = """\
# Conformance

`conformance/run` shows that a source does what it says, for whoever wants to see it. It needs Python 3.11 with pip, and
cargo for the programs it builds; no container and no Pinterest account: everything is read from `fake-pinterest`. The
first run installs some 1 GB of packages with pip into `target/conformance`, later ones need no network.

```sh
conformance/run                                 # the release build of source-pinterest
conformance/run path/to/source-pinterest        # another build
conformance/run -- -k campaigns                 # some of it: what follows -- goes to pytest
```

The exit code is 0 when all holds. When something does not, the first difference is shown with what both connectors
said, and what was run is left in a folder that the last line names. Without options of pytest the run also holds this
page and the list of differences against what it has seen; `--write-docs` writes them.

It has three parts.

- Side by side: the official connector and this one get the same data, faults and states, and must do the same. Where
  they do not, [differences](differences.md) says why.
- A real client: PyAirbyte drives the source as a local executable, offline.
- Acceptance: checks of the kind that Airbyte's own connector acceptance tests make: spec, connection, discovery, basic
  read, full refresh, incremental, states of the future, abnormal input.

Every line that any of these runs writes is held to the [rules of the protocol](#rules-of-the-protocol).

## On any source

The last two parts know nothing of Pinterest. They run on every executable that takes `spec`, `check`, `discover` and
`read`:

```sh
conformance/run path/to/source --config config.json --invalid-config invalid.json --future-state state.json
```

`--config` is a config that works. `--invalid-config` is one that the source must refuse; without it, that check is left
out. `--future-state` is a state file whose cursors lie in the future; without it, one is made of the state of a sync.
States may be by stream or one for all; what the server changes between two syncs, the suite cannot know.

## What holds of three sources

The [bookshop](../examples/bookshop.rs) is a second connector on the same engine. Of the official connector the outcomes
are only written down. Its reports are left out here but for one, as it waits for each; the part that compares has all.
"""

LEFT_OUT_OF_TABLES = """\
PyAirbyte reads into tables of DuckDB, offline. Of the reports of a Pinterest source one is read here, as all are alike.
Three streams of analytics are left out: of campaigns, ad groups and ads. The schema that existing connections have
calls the status of a campaign a number, and where Pinterest sends a text the table refuses it, whoever reads. With
`stream_columns` that leave `CAMPAIGN_ENTITY_STATUS` out they load: a test of its own reads all 32 streams of
source-pinterest so, and holds counts and sums in SQL against the fake's data.
"""

RULES_OF_THE_PROTOCOL = """\
## Rules of the protocol

A run that was stopped from outside is not held to what belongs to its end.
"""


def page(folder: str | Path) -> str:
    """The page, from the results of a run of the whole suite."""
    found = results.read(folder)
    titles = {check.name: check.name if check.group in check.name else f"{check.group}: {check.name}" for check in ALL}
    client = sorted({result.check for result in found if result.kind == CLIENT})
    lines = [
        INTRODUCTION,
        "### Acceptance\n",
        *_table(ACCEPTANCE, [(title, name) for name, title in titles.items()], found),
        "### A real client\n",
        LEFT_OUT_OF_TABLES,
        *_table(CLIENT, [(name, name) for name in client], found),
        "### What each check says\n",
        "| check | what must hold |",
        "|---|---|",
        *(f"| {titles[check.name]} | {_cell(check.text)} |" for check in ALL),
        "",
        RULES_OF_THE_PROTOCOL,
        "| rule | what must hold |",
        "|---|---|",
        *(f"| {name} | {_cell(text)} |" for name, text in protocol.RULES.items()),
        "",
    ]
    return "\n".join(lines)


def _table(kind: str, rows: Iterable[tuple[str, str]], found: list[Result]) -> Iterator[str]:
    """The table of one kind of checks, and under it the reason of each no. A row is its title and the check's name."""
    by_place = {(result.check, result.target): result for result in found if result.kind == kind}
    yield "| check | " + " | ".join(COLUMNS.values()) + " |"
    yield "|---|" + "---|" * len(COLUMNS)
    reasons = []
    for title, name in rows:
        outcomes = [by_place.get((name, target)) for target in COLUMNS]
        yield f"| {title} | " + " | ".join(map(_word, outcomes)) + " |"
        by_reason: dict[str, list[str]] = {}
        for outcome in outcomes:
            if outcome and not outcome.passed:
                by_reason.setdefault(outcome.reason, []).append(COLUMNS[outcome.target])
        reasons += [f"- {title} ({', '.join(names)}): {reason}" for reason, names in by_reason.items()]
    yield ""
    if reasons:
        yield from ("Why not:\n", *reasons, "")


def _word(result: Result | None) -> str:
    if result is None:
        return "–"
    return "yes" if result.passed else "no"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
