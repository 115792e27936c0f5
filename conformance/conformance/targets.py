"""The sources that the general part is run on, each with a server of its own to read from."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .connector import Connector
from .fake import FakePinterest
from .messages import Json
from .settings import Settings
from .shop import Shop
from .suite import Suite

PINTEREST, OFFICIAL, BOOKSHOP, GIVEN = "source-pinterest", "official", "bookshop", "given"

DAYS_READ = 150
"""How many days are read of the Pinterest sources: more than one window of analytics, one of reports."""

SEED = 24
"""Of the data of the Pinterest sources: with it every stream has records of these days."""


_REPORTS = frozenset(
    {
        "ad_group_report",
        "ad_group_targeting_report",
        "advertiser_report",
        "advertiser_targeting_report",
        "campaign_analytics_report",
        "campaign_targeting_report",
        "keyword_report",
        "pin_promotion_report",
        "pin_promotion_targeting_report",
        "product_group_report",
        "product_group_targeting_report",
        "product_item_report",
    }
)


@dataclass(frozen=True)
class Target:
    """A source, and what it is to be given."""

    name: str
    connector: Connector
    config: Json
    invalid_config: Json
    """A config that it must refuse, or None."""
    future_state: Json
    """A state file whose cursors lie in the future, or None: then one is made of the state of a sync."""
    must_pass: bool
    """Whether a check that fails is a failure of the suite. What the official connector fails is only written down."""
    server: FakePinterest | Shop | None
    """What it reads from, or None when that is not ours."""
    left_out: frozenset[str] = frozenset()
    """Streams that are not read, as reading them takes too long."""
    empty: frozenset[str] | None = None
    """Streams that have no records there; all others have some. None when that is not known."""
    resumes: int = 5
    """From how many of its states a sync is resumed."""


def names(settings: Settings) -> list[str]:
    """The targets of this run of the suite."""
    return [GIVEN] if settings.config else [PINTEREST, BOOKSHOP, OFFICIAL]


@contextmanager
def opened(suite: Suite, name: str) -> Iterator[Target]:
    """A target whose server runs until the end of the block."""
    match name:
        case "source-pinterest" | "official":
            with suite.fake(datetime.now(UTC), seed=SEED) as fake:
                yield _pinterest(suite, name, fake)
        case "bookshop":
            with Shop() as shop:
                yield Target(
                    name,
                    Connector(name, (suite.settings.bookshop,)),
                    config={"url": shop.url},
                    invalid_config={"url": f"{shop.url}/no/shop/here"},
                    future_state=None,
                    must_pass=True,
                    server=shop,
                    empty=frozenset(),
                )
        case "given":
            settings = suite.settings
            yield Target(
                name,
                Connector(Path(settings.executable).name, (settings.executable,)),
                config=_content(settings.config),
                invalid_config=_content(settings.invalid_config),
                future_state=_content(settings.state),
                must_pass=True,
                server=None,
            )
        case _:
            raise ValueError(f"there is no target {name}")


def _pinterest(suite: Suite, name: str, fake: FakePinterest) -> Target:
    is_official = name == OFFICIAL
    # A report is ready when it is first asked for.
    fake.script_report("finished", every=True)
    first_day = datetime.now(UTC).date() - timedelta(days=DAYS_READ)
    config = {**fake.config(), "start_date": first_day.isoformat()}
    refused = {**config, "credentials": {**config["credentials"], "refresh_token": "pinr_that_nobody_gave"}}
    return Target(
        name,
        suite.official(fake) if is_official else suite.ours(fake),
        config=config | ({"num_threads": 12} if is_official else {}),
        invalid_config=refused,
        future_state=None,
        must_pass=not is_official,
        server=fake,
        # The official connector waits seconds for each report; all of them are in the part that compares.
        left_out=_REPORTS - {"advertiser_report"} if is_official else frozenset(),
        empty=frozenset(),
        resumes=2 if is_official else 5,
    )


def _content(path: str | None) -> Json:
    return json.loads(Path(path).read_text()) if path else None
