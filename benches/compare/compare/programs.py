"""The programs that are measured, and how they come to be."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from conformance import environments
from conformance.official import Official

from .measuring import Program

ROOT = Path(__file__).parent.parent.parent.parent
OFFICIAL = "2.1.12"


@dataclass(frozen=True)
class Built:
    """Where the built programs are, and the folder that everything else is put in."""

    target: Path
    ours: Path

    @property
    def folder(self) -> Path:
        return self.target / "compare"

    @property
    def server(self) -> Path:
        return self.target / "release" / "fast-server"

    @property
    def measure(self) -> Path:
        return self.target / "release" / "measure"


def build(executable: Path | None) -> Built:
    """Builds what is measured and what is measured with. Apart from each other: built together, the connector would get
    what its dependencies are only asked for by the bench."""
    found = cargo("metadata", "--format-version", "1", "--no-deps", "--locked", stdout=subprocess.PIPE)
    target = Path(json.loads(found.stdout)["target_directory"])
    release = ("build", "--release", "--locked", "--quiet")
    if executable is None:
        cargo(*release, "-p", "source-pinterest", "--bins")
    cargo(*release, "-p", "compare", "--bins")
    built = Built(target, executable or target / "release" / "source-pinterest")
    built.folder.mkdir(parents=True, exist_ok=True)
    return built


def cargo(*command: str, stdout: int | None = None) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(["cargo", *command], cwd=ROOT, check=True, stdout=stdout, text=True)
    except FileNotFoundError:
        sys.exit("cargo is missing: the bench builds the programs it measures")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(error.cmd)} failed")


def ours(executable: Path, name: str, url: str) -> Program:
    return Program(name, (str(executable),), {"PINTEREST_API_URL": url})


def official(target: Path, folder: Path, url: str) -> Program:
    """The official connector at another address: a process of its own, as a platform starts it."""
    environment = environments.make(f"official-{OFFICIAL}", target / "conformance" / "environments")
    connector = Official(OFFICIAL, environment, folder, None).at(url)
    return Program("official", connector.argv, connector.environment)


def python_of(target: Path) -> str:
    """The version of Python that the official connector runs on."""
    environment = environments.make(f"official-{OFFICIAL}", target / "conformance" / "environments")
    return said(str(environment / "bin" / "python"), "--version").removeprefix("Python ")


def said(*command: str) -> str:
    """The first line that a command writes, or nothing if there is no such command."""
    try:
        lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    except FileNotFoundError:
        return ""
    return lines[0] if lines else ""
