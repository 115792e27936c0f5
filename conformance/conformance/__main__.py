"""`conformance/run`: builds what is missing, makes the environments, and hands over to pytest in one of them."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import environments
from .settings import Settings

ROOT = Path(__file__).parent.parent.parent
SUITE = ROOT / "conformance"
OFFICIAL = ("2.1.12", "1.3.3")


def arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="conformance/run",
        description="Shows that a source is what it claims to be: beside the official connector, driven by PyAirbyte, "
        "and by every line it writes.",
        epilog="All other options go to pytest, e.g. -k campaigns, -x, -n 1.",
    )
    parser.add_argument("executable", nargs="?", help="the source to test; the release build unless said otherwise")
    parser.add_argument(
        "--config",
        help="a config that works, for a source that does not read Pinterest: only the part "
        "that holds for every source is run then",
    )
    parser.add_argument("--invalid-config", help="a config that the source must refuse")
    parser.add_argument("--future-state", help="a state file whose cursors lie in the future")
    parser.add_argument(
        "--write-docs", action="store_true", help="write docs/differences.md and docs/conformance.md anew"
    )
    return parser.parse_known_args()


def build() -> Path:
    """Builds the executables of the workspace and tells where they are."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    release = ["cargo", "build", "--release", "--locked", "--quiet"]
    subprocess.run([*release, "-p", "source-pinterest", "-p", "fake-pinterest", "--bins"], cwd=ROOT, check=True)
    subprocess.run([*release, "-p", "examples", "--example", "bookshop"], cwd=ROOT, check=True)
    return Path(json.loads(metadata.stdout)["target_directory"])


def main() -> int:
    started = time.monotonic()
    chosen, more = arguments()
    target = build()
    work = target / "conformance"
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=_made(work)))
    made = environments.make_all(["suite", *(f"official-{version}" for version in OFFICIAL)], work / "environments")
    Settings(
        executable=str(Path(chosen.executable or target / "release" / "source-pinterest").resolve()),
        fake=str(target / "release" / "fake-pinterest"),
        bookshop=str(target / "release" / "examples" / "bookshop"),
        official={version: str(made[f"official-{version}"]) for version in OFFICIAL},
        folder=str(folder),
        config=chosen.config and str(Path(chosen.config).resolve()),
        invalid_config=chosen.invalid_config and str(Path(chosen.invalid_config).resolve()),
        state=chosen.future_state and str(Path(chosen.future_state).resolve()),
    ).save()
    print(f"ready after {time.monotonic() - started:.0f} s; results are left in {folder}", flush=True)
    python = made["suite"] / "bin" / "python"
    environment = {**os.environ, "PYTHONPATH": str(SUITE)}
    tests = subprocess.run([python, "-m", "pytest", "-c", SUITE / "pyproject.toml", *more], cwd=SUITE, env=environment)
    failed = tests.returncode
    if not failed and not more and not chosen.config:
        # A part of the tests has seen a part of what the pages say.
        write = ["--write"] if chosen.write_docs else []
        pages = [python, "-m", "conformance.docs", folder, *write]
        failed = subprocess.run(pages, cwd=SUITE, env=environment).returncode
    print(f"conformance: {time.monotonic() - started:.0f} s in all")
    return failed


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
