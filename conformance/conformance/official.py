"""The official connector, from its own virtual environment, at another address."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import preloaded
from .connector import Connector
from .messages import Run

PINTEREST = "https://api.pinterest.com/v5"
RACE = "AST constructor recursion depth mismatch"
MODULE = "source_pinterest.run"


class ThreadRace(Exception):
    """The official connector fell over its own threads, as it does on Python 3.11. Such a run says nothing."""


class Official:
    """A version of the official connector. Its base address is a constant of its package, so each address gets a copy
    of the package that stands before the installed one. Where there is a socket, `preloaded.py` serves there."""

    def __init__(self, version: str, environment: Path, folder: Path, server: str | None):
        self.version = version
        self.environment = environment
        self.folder = folder
        self.server = server

    def at(self, url: str) -> Connector:
        # No colon: it parts the folders of PYTHONPATH.
        address = url.removeprefix("http://").replace(":", "-").replace("/", "-")
        copy = self.folder / f"official-{self.version}-at-{address}"
        if not copy.exists():
            self._copy(copy, url)
        if self.server:
            argv = (sys.executable, "-IS", preloaded.__file__, "run", self.server, str(copy))
            return Connector(f"official {self.version}", argv)
        start = (
            f"import sys, {MODULE} as program; "
            # Never the installed package: it would ask the real API.
            f"assert program.__file__.startswith({str(copy)!r}), program.__file__; "
            "sys.argv[0] = 'source_pinterest'; program.run()"
        )
        python = str(self.environment / "bin" / "python")
        return Connector(f"official {self.version}", (python, "-c", start), {"PYTHONPATH": str(copy)})

    def _copy(self, copy: Path, url: str) -> None:
        installed = next(self.environment.glob("lib/python*/site-packages/source_pinterest"))
        shutil.copytree(installed, copy / installed.name, ignore=shutil.ignore_patterns("__pycache__"))
        replaced = 0
        for file in copy.rglob("*"):
            if file.suffix in (".py", ".yaml"):
                text = file.read_text()
                replaced += text.count(PINTEREST)
                file.write_text(text.replace(PINTEREST, url))
        if not replaced:
            raise RuntimeError(f"version {self.version} holds no address {PINTEREST}")


@contextmanager
def served(environments: dict[str, Path], folder: Path) -> Iterator[dict[str, str]]:
    """The socket at which each version is served, until the end of the block."""
    servers = {
        str(folder / f"{version}.socket"): subprocess.Popen(
            [environment / "bin" / "python", preloaded.__file__, "serve", folder / f"{version}.socket", MODULE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        for version, environment in environments.items()
    }
    try:
        while waiting := [path for path in servers if not os.path.exists(path)]:
            ended = next((path for path in waiting if servers[path].poll() is not None), None)
            if ended:
                raise RuntimeError(f"the official connector cannot be imported: {ended}")
            time.sleep(0.05)
        yield dict(zip(environments, servers, strict=True))
    finally:
        for server in servers.values():
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def is_race(run: Run) -> bool:
    return RACE in run.stderr or any(RACE in line for line in run.lines)
