"""`conformance/run`: builds what is missing, makes the environments, and hands over to pytest in one of them."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import environments, official
from .settings import Settings

SUITE = Path(__file__).parent.parent
ROOT = SUITE.parent
OFFICIAL = ("2.1.12", "1.3.3")


def arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="conformance/run",
        description="Shows that a source is what it claims to be: beside the official connector, driven by PyAirbyte, "
        "and by every line it writes.",
        usage="%(prog)s [options] [executable] [-- options of pytest, e.g. -k campaigns -x -n 1]",
    )
    parser.add_argument(
        "executable", nargs="?", type=program, help="the source to test; the release build unless said otherwise"
    )
    parser.add_argument(
        "--config",
        type=content,
        help="a config that works, for a source that does not read Pinterest: what holds of every source is tested",
    )
    parser.add_argument("--invalid-config", type=content, help="a config that such a source must refuse")
    parser.add_argument("--future-state", type=content, help="a state for it whose cursors lie in the future")
    parser.add_argument(
        "--write-docs", action="store_true", help="write docs/differences.md and docs/conformance.md anew"
    )
    given = sys.argv[1:]
    own = given[: given.index("--")] if "--" in given else given
    chosen, more = parser.parse_args(own), given[len(own) + 1 :]
    if chosen.config and not chosen.executable:
        parser.error("--config is for an executable of your own: name it")
    if not chosen.config and (chosen.invalid_config or chosen.future_state):
        parser.error("--invalid-config and --future-state go with --config")
    if chosen.write_docs and (chosen.config or more):
        parser.error("--write-docs needs the whole suite: no --config, and no options of pytest")
    return chosen, more


def program(path: str) -> str:
    if not os.access(path, os.X_OK) or not os.path.isfile(path):
        raise argparse.ArgumentTypeError(f"{path} is no program that can be run")
    return os.path.abspath(path)


def content(path: str) -> str:
    try:
        json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path} cannot be read as JSON: {error}") from None
    return os.path.abspath(path)


def build() -> Path:
    """Builds the programs of the workspace and tells where they are."""
    release = ("build", "--release", "--locked", "--quiet")
    metadata = cargo("metadata", "--format-version", "1", "--no-deps", "--locked", stdout=subprocess.PIPE)
    cargo(*release, "-p", "source-pinterest", "-p", "fake-pinterest", "--bins")
    cargo(*release, "-p", "examples", "--example", "bookshop")
    return Path(json.loads(metadata.stdout)["target_directory"])


def cargo(*command: str, stdout: int | None = None) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(["cargo", *command], cwd=ROOT, check=True, stdout=stdout, text=True)
    except FileNotFoundError:
        raise SystemExit(
            "cargo is missing: the suite builds the fake API, and the source unless one is named"
        ) from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{' '.join(error.cmd)} failed") from None


def main() -> int:
    started = time.monotonic()
    # So that what was started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen, more = arguments()
    # A source of somebody else needs nothing of the workspace, and no official connector beside it.
    target = ROOT / "target" if chosen.config else build()
    versions = () if chosen.config else OFFICIAL
    work = target / "conformance"
    made = environments.make_all(["suite", *(f"official-{version}" for version in versions)], work / "environments")
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=work))
    found = {version: made[f"official-{version}"] for version in versions}
    # The name of a socket must be short.
    with tempfile.TemporaryDirectory() as sockets, official.served(found, Path(sockets)) as servers:
        settings = Settings(
            executable=chosen.executable or str(target / "release" / "source-pinterest"),
            fake=str(target / "release" / "fake-pinterest"),
            bookshop=str(target / "release" / "examples" / "bookshop"),
            official={version: str(environment) for version, environment in found.items()},
            servers=servers,
            folder=str(folder),
            config=chosen.config,
            invalid_config=chosen.invalid_config,
            state=chosen.future_state,
        )
        settings.save()
        print(f"ready after {time.monotonic() - started:.0f} s", flush=True)
        failed = python(made["suite"], "pytest", "-c", str(SUITE / "pyproject.toml"), *more)
    if not failed and not more and not chosen.config:
        # A part of the tests has seen a part of what the pages say.
        failed = python(made["suite"], "conformance.docs", str(folder), *(["--write"] if chosen.write_docs else []))
    outcome = f"red, what was run is left in {folder}" if failed else "green"
    print(f"conformance: {outcome}, after {time.monotonic() - started:.0f} s")
    if not failed:
        shutil.rmtree(folder)
    return failed


def python(environment: Path, module: str, *arguments: str) -> int:
    command = [environment / "bin" / "python", "-m", module, *arguments]
    return subprocess.run(command, cwd=SUITE, env={**os.environ, "PYTHONPATH": str(SUITE)}).returncode


if __name__ == "__main__":
    sys.exit(main())
