"""A scenario: what both connectors are given, and where they may differ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from .fake import FakePinterest
from .messages import Json, Run

ABSENT = object()
"""In the config of a scenario: the key is taken out."""

Truth = Mapping[str, list[dict]]


@dataclass(frozen=True, kw_only=True)
class Then:
    """A second sync of both connectors, each on its own fake of the first one, with the config and the states that it
    wrote then. Compared like the first one; its aspects begin with `then/`, e.g. `then/records/campaigns`. Where the
    official connector is stopped it is one of ours alone."""

    change: Callable[[FakePinterest], None] | None = None
    """What changes between the two: data, faults, the time."""
    truth: Callable[[FakePinterest], Truth] | None = None
    exact: bool = False
    empty: tuple[str, ...] = ()
    official_truth: Callable[[FakePinterest], Truth] | None = None
    ours: Callable[[Run], None] | None = None
    theirs: Callable[[Run], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The same command, for this connector and the official one, each against a fresh fake with the same data.

    Everything must be the same, but for the aspects in `differs`: by the key of a difference in `differences.py`, the
    aspects that it explains, e.g. `{"code 8": ["records/campaigns", "exit"]}`. An aspect that is named and does not
    differ is a failure, too: the list of differences stays true.
    """

    title: str
    command: str = "read"
    streams: tuple[str, ...] = ()
    modes: Mapping[str, str] = field(default_factory=dict)
    """`full_refresh` or `incremental` by stream; incremental where a stream can be, unless said otherwise."""
    config: Mapping[str, Json] | Callable[[FakePinterest], Mapping[str, Json]] = field(default_factory=dict)
    """Laid over the usual config (the fake's credentials), also inside of objects; or a function of the fake that makes
    it, as a config with days must be: they are those of the run."""
    whole_config: Json = None
    """In the place of the usual config: a value, or a function of the fake."""
    catalog: Callable[[list[dict]], Json] | None = None
    """Makes the configured catalog of the streams of `discover`, where `streams` and `modes` do not say it."""
    fake: Mapping[str, Json] = field(default_factory=dict)
    """Options of the fake's command line. The refresh token is kept unless `keep_refresh_token` is False."""
    prepare: Callable[[FakePinterest], None] | None = None
    """Changes data and sets faults, before the command."""
    state: Json | Callable[[FakePinterest], Json] = None
    """States by stream, or a state file as it is (a list, or a str); or a function of the fake that makes one."""
    breaks: tuple[str, ...] = ()
    """Rules of the protocol that do not hold, e.g. `record-schema` where Pinterest's answers break the schema. Each is
    broken by one of the runs at least, else it is a failure."""
    official_breaks: tuple[str, ...] = ()
    """Rules of the protocol that the official connector does not keep here. One that it keeps is a failure."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the environment of both connectors, e.g. TZ."""
    official: str = "2.1.12"
    stop_official_after: float | None = None
    """Seconds after its first STARTED at which the official connector, which never ends here, is stopped. Only `truth`,
    `ours` and `theirs` are checked then."""
    differs: Mapping[str, tuple[str, ...] | list[str]] = field(default_factory=dict)
    truth: Callable[[FakePinterest], Truth] | None = None
    """The records of each stream that ours must bring, no more and no less; asked after the run."""
    exact: bool = False
    """The truth is right to the nulls, for all its streams; else a top-level null is no field."""
    empty: tuple[str, ...] = ()
    """The streams of the truth that have no records here. Of all others it must have some: else nothing is shown."""
    official_truth: Callable[[FakePinterest], Truth] | None = None
    """The records of each stream that the official one brings, where they are not those of the truth: no more and no
    less."""
    ours: Callable[[Run], None] | None = None
    """More that must hold of our run: asserts."""
    theirs: Callable[[Run], None] | None = None
    """More that must hold of the official run, e.g. that it loses what a difference says: asserts."""
    then: Then | None = None
    """A second sync after the first."""
    slow: float = 0
    """Roughly how many seconds the official connector waits here; the longest are begun first."""


def day(ago: int) -> str:
    """A day before today (UTC)."""
    return str(datetime.now(UTC).date() - timedelta(days=ago))


def moment(ago: int, seconds: int = 0) -> int:
    """So many seconds after the midnight (UTC) with which that day begins, in epoch seconds."""
    return int(datetime.fromisoformat(day(ago)).replace(tzinfo=UTC).timestamp()) + seconds


def lists(*streams: str) -> Callable[[FakePinterest], Truth]:
    """The truth of streams of lists: all that the fake holds."""
    return lambda fake: {stream: fake.truth(stream) for stream in streams}


def begun(ago: int) -> Callable[[FakePinterest], Mapping[str, Json]]:
    """A config with a start date, so many days before today."""
    return lambda _: {"start_date": day(ago)}


def last_days(ago: int, *streams: str) -> Callable[[FakePinterest], Truth]:
    """The truth of streams of analytics and reports: all rows since so many days ago."""
    return lambda fake: {stream: rows(fake, stream, day(ago), day(0)) for stream in streams}


def days(start: str, end: str, *streams: str) -> Callable[[FakePinterest], Truth]:
    """The truth of streams of analytics and reports: all rows of these days."""
    return lambda fake: {stream: rows(fake, stream, start, end) for stream in streams}


def rows(fake: FakePinterest, stream: str, start: str, end: str) -> list[dict]:
    """All rows of a stream of analytics or of a built-in report for these days, as they must be delivered."""
    found = fake.rows(stream, start, end)
    return [reported(row) for row in found] if stream.endswith("_report") else found


REPORTED_TEXTS = frozenset(
    {
        "DATE",
        "AD_ACCOUNT_ID",
        "AD_ID",
        "AD_GROUP_ENTITY_STATUS",
        "AD_GROUP_ID",
        "CAMPAIGN_ENTITY_STATUS",
        "CAMPAIGN_NAME",
        "TARGETING_TYPE",
        # Not in the schema:
        "TARGETING_VALUE",
        "KEYWORD_ID",
        "PRODUCT_GROUP_ID",
        "PRODUCT_ITEM_ID",
    }
)
"""The columns of reports that hold no numbers, or whatever Pinterest says."""


def reported(row: dict) -> dict:
    """A row of a report as it must be delivered: digits in a column of numbers are a number."""
    return {
        name: int(value) if name not in REPORTED_TEXTS and isinstance(value, str) and value.isdecimal() else value
        for name, value in row.items()
    }
