"""What a scenario has found: tables for people, targets that are met or missed, bars for the plots."""

from dataclasses import dataclass, field

from .measuring import Series, Spread


@dataclass(frozen=True)
class Target:
    """What the connector is to reach, and what it has."""

    what: str
    wanted: str
    measured: str
    is_met: bool


def at_least(what: str, measured: float, wanted: float, unit: str = "") -> Target:
    return Target(what, f"at least {number(wanted)}{unit}", f"{number(measured)}{unit}", measured >= wanted)


def at_most(what: str, measured: float, wanted: float, unit: str = "") -> Target:
    return Target(what, f"at most {number(wanted)}{unit}", f"{number(measured)}{unit}", measured <= wanted)


@dataclass(frozen=True)
class Bar:
    """One thing that both did, in the unit of its plot. None: it was not measured."""

    what: str
    official: float | None
    ours: float
    note: str = ""


@dataclass(frozen=True)
class Line:
    """How something grows: what is on the x axis and on the y axis."""

    name: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Summary:
    """A line of the table at the top of the page."""

    what: str
    official: str
    ours: str
    ratio: str


@dataclass
class Outcome:
    key: str
    title: str
    about: str
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    seconds: list[Bar] = field(default_factory=list)
    memory: list[Bar] = field(default_factory=list)
    growth_of_time: list[Line] = field(default_factory=list)
    growth_of_memory: list[Line] = field(default_factory=list)


def number(value: float) -> str:
    """A number as a person wants to read it: three digits that count, no more."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    if value >= 1:
        return f"{value:.2f}"
    return f"{value:.3f}" if value >= 0.01 else f"{value:.4f}"


def spread(values: Spread, factor: float = 1) -> str:
    """The median, and in brackets the least and the most of several runs."""
    scaled = values.times(factor)
    if scaled.least == scaled.most:
        return number(scaled.median)
    return f"{number(scaled.median)} ({number(scaled.least)}–{number(scaled.most)})"


COLUMNS = ["program", "seconds", "CPU seconds", "peak memory, MB", "records"]


def row(name: str, series: Series) -> list[str]:
    """The cells of `COLUMNS`."""
    records = series.runs[0].records
    return [
        name,
        spread(series.wall),
        spread(series.cpu),
        spread(series.peak_memory, 1e-6),
        f"{series.records:,}" if records else "",
    ]
