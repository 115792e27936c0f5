"""The official connector, from its own virtual environment, at another address."""

import shutil
from pathlib import Path

from .connector import Connector
from .messages import Run

PINTEREST = "https://api.pinterest.com/v5"
RACE = "AST constructor recursion depth mismatch"


class ThreadRace(Exception):
    """The official connector fell over its own threads, as it does on Python 3.11. Such a run says nothing."""


class Official:
    """A version of the official connector. Its base address is a constant of its package, so each address gets a copy
    of the package that stands before the installed one."""

    def __init__(self, version: str, environment: Path, folder: Path):
        self.version = version
        self.environment = environment
        self.folder = folder

    def at(self, url: str) -> Connector:
        # No colon: it parts the folders of PYTHONPATH.
        copy = (
            self.folder
            / f"official-{self.version}-at-{url.removeprefix('http://').replace(':', '-').replace('/', '-')}"
        )
        if not copy.exists():
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
        python = str(self.environment / "bin" / "python")
        # Never the installed package: it would ask the real API.
        start = (
            "import sys, source_pinterest.run as program; "
            f"assert program.__file__.startswith({str(copy)!r}), program.__file__; "
            "sys.argv[0] = 'source-pinterest'; program.run()"
        )
        return Connector(
            f"official {self.version}",
            (python, "-c", start),
            {"PYTHONPATH": str(copy)},
        )


def is_race(run: Run) -> bool:
    return RACE in run.stderr or any(RACE in line for line in run.lines)
