"""Starts a connector and writes down what it says, while another program drives it.

A program of its own (`python launcher.py DESCRIPTION COMMAND ...`), with nothing but the standard library: it is
started for each command. DESCRIPTION is a JSON file with the connector's `argv` and `environment`, and the `folder` in
which each run gets a folder of its own.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = ("spec", "check", "discover", "read")
INPUTS = ("config", "catalog", "state")


def executable(path: Path, *argv: str) -> Path:
    """Writes an executable that runs this command line with the arguments it is given, in the same process."""
    path.write_text(f'#!/bin/sh\nexec {shlex.join(argv)} "$@"\n')
    path.chmod(0o755)
    return path


class Stopped(Exception):
    """Whoever drives the connector has heard enough."""


def main() -> int:
    description = json.loads(Path(sys.argv[1]).read_text())
    argv = [*description["argv"], *sys.argv[2:]]
    # The time comes first: that is the order in which runs are read back.
    folder = Path(tempfile.mkdtemp(prefix=f"{time.time_ns():020}-", dir=description["folder"]))
    given = {"command": next(argument for argument in argv if argument in COMMANDS), "inputs": []}
    for name in INPUTS:
        if f"--{name}" in argv:
            # Copied, since the driver takes its files away when the run is over.
            shutil.copy(argv[argv.index(f"--{name}") + 1], folder / name)
            given["inputs"].append(name)
    started = time.monotonic()
    signal.signal(signal.SIGTERM, stop)
    exit_code = None
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **description["environment"]},
        )
        try:
            # As it comes: the driver must see each line at once, whole or not.
            while piece := os.read(process.stdout.fileno(), 1 << 16):
                stdout.write(piece)
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
            exit_code = process.wait()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        except (Stopped, BrokenPipeError):
            process.kill()
            process.wait()
    (folder / "run.json").write_text(
        json.dumps({**given, "exit_code": exit_code, "seconds": time.monotonic() - started})
    )
    if exit_code is None:
        # The driver asks how its connector ended: by the signal it sent.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    return exit_code if exit_code >= 0 else 128 - exit_code


def stop(*_) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
