"""What tests work with: the connectors, fresh fakes, and a look at every line of every run."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from . import protocol
from .connector import Connector
from .fake import FakePinterest
from .messages import Json, Run
from .official import Official, ThreadRace, is_race
from .settings import Settings


class DayChanged(Exception):
    """Midnight (UTC) passed between two runs that must see the same day."""


class Suite:
    def __init__(self, settings: Settings):
        self.settings = settings
        self.folder = Path(tempfile.mkdtemp(dir=settings.folder))
        self.offered: dict[str, list[dict]] = {}
        self.officials = {
            version: Official(version, Path(environment), self.folder, settings.servers.get(version))
            for version, environment in settings.official.items()
        }

    def ours(self, fake: FakePinterest) -> Connector:
        return Connector("ours", (self.settings.executable,), {"PINTEREST_API_URL": fake.url})

    def official(self, fake: FakePinterest, version: str = "2.1.12") -> Connector:
        return self.officials[version].at(fake.url)

    def fake(self, now: datetime, **options: Json) -> FakePinterest:
        """A fresh one whose data are those of this moment. Its refresh token is kept unless said otherwise."""
        return FakePinterest(
            Path(self.settings.fake),
            **{"now": int(now.timestamp()), "size": "small", "seed": 10, "keep_refresh_token": True, **options},
        )

    def run(
        self, connector: Connector, command: str, *, breaks: Sequence[str] = (), spec: Json = None, **inputs: Json
    ) -> Run:
        """A run, each line of which is looked at: what this connector writes has to be right; what the official one
        writes has to be wrong in the known ways only. `breaks` are rules that the server's data break. With the
        connector's spec, what it calls secret is looked for, too."""
        run = connector.run(command, **inputs)
        self.look_at(run, breaks=breaks, spec=spec)
        return run

    def look_at(self, run: Run, *, breaks: Sequence[str] = (), spec: Json = None) -> None:
        """Holds a run to the rules, whoever started it."""
        if run.connector.startswith("official") and is_race(run):
            raise ThreadRace(run.told())
        violations = protocol.violations(run, spec)
        known = protocol.KNOWN_VIOLATIONS.get(run.connector, frozenset()) | set(breaks)
        unknown = [violation for violation in violations if violation.rule not in known]
        assert not unknown, f"{unknown[0]}\n({len(unknown)} in all)\n{run.told()}"

    def streams(self, connector: Connector, config: Json) -> list[dict]:
        """What a connector offers, asked for once for the same custom reports."""
        key = json.dumps([connector.name, config.get("custom_reports")])
        if key not in self.offered:
            run = self.run(connector, "discover", config=config)
            assert run.streams, run.told()
            self.offered[key] = run.streams
        return self.offered[key]


@contextmanager
def one_day() -> Iterator[datetime]:
    """The moment now. What is done inside is void when the day (UTC) ends meanwhile."""
    now = datetime.now(UTC)
    try:
        yield now
    finally:
        if datetime.now(UTC).date() != now.date():
            raise DayChanged
