"""What the tests of one run of the suite are about: written by `conformance/run`, read by every test process."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "CONFORMANCE_SETTINGS"


@dataclass(frozen=True)
class Settings:
    executable: str
    """The source that is tested."""
    fake: str
    """The executable of `fake-pinterest`."""
    bookshop: str
    """The second connector: the executable of the example."""
    official: dict[str, str]
    """The virtual environment of each version of the official connector."""
    servers: dict[str, str]
    """The socket at which a version is served, see `preloaded.py`. A version without one is started anew each time."""
    folder: str
    """Where this run of the suite leaves its results."""
    config: str | None = None
    """A config file for a source that is no Pinterest source: only the general part is run then."""
    invalid_config: str | None = None
    state: str | None = None
    """A state from the future for that source."""

    def save(self) -> None:
        path = Path(self.folder, "settings.json")
        path.write_text(json.dumps(asdict(self), indent=2))
        os.environ[VARIABLE] = str(path)

    @staticmethod
    def load() -> "Settings":
        return Settings(**json.loads(Path(os.environ[VARIABLE]).read_text()))
