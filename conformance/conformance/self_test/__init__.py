"""Runs a test of the suite on a connector with a seeded fault.

Where a test compares, the official connector is run once and written down. To faulty connectors it is played back,
beside a fake with the data of that moment: so it is the same test, without waiting for what is not in question.
"""

import fcntl
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .. import launcher
from ..settings import VARIABLE, Settings
from . import at_moment, faulty, playback

SUITE = Path(__file__).parent.parent.parent
OFFICIAL = "2.1.12"


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    output: str


def with_a_fault(settings: Settings, fault: str, test: str) -> Outcome:
    """The outcome of a test, by its id, that does not compare."""
    return _run(_seeded(settings, _new_folder(settings), fault), test)


def written_down(settings: Settings, test: str) -> Outcome:
    """The outcome of a test that compares, without a fault. The official connector is written down meanwhile."""
    with _made_once(_folder_of(settings, test)) as folder:
        if not (folder / "outcome.json").exists():
            (folder / "moment").write_text(str(int(time.time())))
            (folder / "runs").mkdir()
            description = folder / "official.json"
            python = str(Path(settings.official[OFFICIAL], "bin", "python"))
            description.write_text(json.dumps({"argv": [python], "environment": {}, "folder": str(folder / "runs")}))
            outcome = _beside(settings, folder, folder, faulty.NONE, test, launcher.__file__, str(description))
            (folder / "outcome.json").write_text(json.dumps(asdict(outcome)))
        return Outcome(**json.loads((folder / "outcome.json").read_text()))


def beside_what_was_written_down(settings: Settings, fault: str, test: str) -> Outcome:
    """The outcome of a test that compares, with a fault or none."""
    written_down(settings, test)
    written = _folder_of(settings, test)
    return _beside(settings, _new_folder(settings), written, fault, test, playback.__file__, str(written / "runs"))


def _beside(settings: Settings, folder: Path, written: Path, fault: str, test: str, *official: str) -> Outcome:
    """Runs a test with this program in the place of the official connector's python."""
    environment = folder / "official"
    (environment / "bin").mkdir(parents=True)
    (environment / "lib").symlink_to(Path(settings.official[OFFICIAL], "lib"))
    _python(environment / "bin" / "python", *official)
    moment = (written / "moment").read_text()
    return _run(
        replace(
            _seeded(settings, folder, fault),
            fake=_python(folder / "fake", at_moment.__file__, moment, settings.fake),
            official={**settings.official, OFFICIAL: str(environment)},
            servers={},
        ),
        test,
    )


def _seeded(settings: Settings, folder: Path, fault: str) -> Settings:
    connector = _python(folder / "connector", faulty.__file__, fault, settings.executable)
    return replace(settings, executable=connector, folder=str(folder))


def _run(settings: Settings, test: str) -> Outcome:
    file = Path(settings.folder, "settings.json")
    file.write_text(json.dumps(asdict(settings)))
    # This process may itself be one of pytest's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-n", "0", test],
        cwd=SUITE,
        env={**environment, "PYTHONPATH": str(SUITE), VARIABLE: str(file)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Outcome(run.returncode, run.stdout)


def _python(path: Path, *argv: str) -> str:
    """An executable that runs one of the programs beside this file."""
    return str(launcher.executable(path, sys.executable, "-IS", *argv))


def _folder_of(settings: Settings, test: str) -> Path:
    return Path(settings.folder, "self-test", re.sub("[^a-z0-9]+", "-", test.lower()).strip("-"))


def _new_folder(settings: Settings) -> Path:
    parent = Path(settings.folder, "self-test")
    parent.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="faulty-", dir=parent))


@contextmanager
def _made_once(folder: Path) -> Iterator[Path]:
    """For one process after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
