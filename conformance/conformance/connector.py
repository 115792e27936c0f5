"""Any executable that speaks the Airbyte protocol, and one run of it."""

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .messages import Json, Run

LONGEST_RUN = 300
"""Seconds after which a run is stopped."""

MOST_OUTPUT = 512 << 20
"""Bytes on stdout after which a run is stopped. Of stderr no more than that is kept."""


@dataclass(frozen=True)
class Connector:
    """How an executable is started. `environment` is set beside the one of the suite."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def with_environment(self, **more: str) -> "Connector":
        return replace(self, environment={**self.environment, **more})

    def run(
        self,
        command: str,
        *,
        config: Json = None,
        catalog: Json = None,
        state: Json = None,
        stop_when: Callable[[str], bool] | None = None,
        longest: float = LONGEST_RUN,
        longest_sync: float | None = None,
    ) -> Run:
        """Runs one command to its end, or kills it after the line that `stop_when` says yes to, after `longest`
        seconds, or `longest_sync` seconds after the first stream was begun, or when it writes more than `MOST_OUTPUT`.
        Inputs that are None are not given; a str is written as it is, anything else as JSON."""
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            argv = [*self.argv, command]
            for name, content in (("config", config), ("catalog", catalog), ("state", state)):
                if content is not None:
                    file = Path(folder, f"{name}.json")
                    file.write_text(content if isinstance(content, str) else json.dumps(content))
                    argv += [f"--{name}", str(file)]
            started = time.monotonic()
            with open(Path(folder, "stderr"), "w+b") as stderr:
                process = subprocess.Popen(
                    argv,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    stdin=subprocess.DEVNULL,
                    cwd=folder,
                    env={**os.environ, **self.environment},
                    # A group of its own: what it starts itself must end with it.
                    start_new_session=True,
                )
                output = _Output(process.stdout.fileno(), started, longest, longest_sync, stop_when)
                try:
                    output.read()
                    if output.stopped is None:
                        # It may have closed stdout and go on.
                        process.wait(max(0, output.deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    output.stopped = output.too_long()
                finally:
                    if process.returncode is None:
                        with contextlib.suppress(ProcessLookupError):
                            os.killpg(process.pid, signal.SIGKILL)
                    exit_code = process.wait()
                    process.stdout.close()
                stderr.seek(0)
                return Run(
                    connector=self.name,
                    command=command,
                    config=config,
                    catalog=catalog,
                    state=state,
                    lines=output.lines,
                    stderr=stderr.read(MOST_OUTPUT).decode(errors="replace"),
                    exit_code=exit_code if output.stopped is None else None,
                    seconds=time.monotonic() - started,
                    stopped=output.stopped,
                )


class _Output:
    """What a process writes, line by line, until it ends or has to be stopped."""

    def __init__(
        self,
        pipe: int,
        started: float,
        longest: float,
        longest_sync: float | None,
        stop_when: Callable[[str], bool] | None,
    ):
        self.pipe = pipe
        self.deadline = started + longest
        self.longest = longest
        self.longest_sync = longest_sync
        self.stop_when = stop_when
        self.lines: list[str] = []
        self.stopped: str | None = None

    def too_long(self) -> str:
        return f"stopped after {self.longest:g} s, it had not ended"

    def read(self) -> None:
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN)
        size, pieces = 0, []
        while self.stopped is None:
            # A limit of its own: a process that never stops to write is stopped as well.
            left = self.deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                self.stopped = self.too_long()
                break
            piece = os.read(self.pipe, 1 << 16)
            if not piece:
                break
            size += len(piece)
            *whole, rest = piece.split(b"\n")
            for end in whole:
                self._line(b"".join([*pieces, end]))
                pieces = []
                if self.stopped is not None:
                    return
            pieces.append(rest)
            if size > MOST_OUTPUT:
                self.stopped = f"stopped after {MOST_OUTPUT >> 20} MiB on stdout"
        if half := b"".join(pieces):
            self.lines.append(as_text(half))

    def _line(self, line: bytes) -> None:
        text = as_text(line)
        self.lines.append(text)
        if self.longest_sync and b'"STARTED"' in line:
            deadline = time.monotonic() + self.longest_sync
            if deadline < self.deadline:
                self.deadline, self.longest = deadline, self.longest_sync
            self.longest_sync = None
        if self.stop_when and self.stop_when(text):
            self.stopped = "stopped on purpose, after its last line here"


def as_text(line: bytes) -> str:
    """A line as text. What is no UTF-8 is kept, as lone surrogates, for the rule `json` to see."""
    return line.decode(errors="surrogateescape")


def configured(streams: list[dict], modes: Mapping[str, str] | None = None) -> dict:
    """A configured catalog of these streams of `discover`: incremental where they can be, unless `modes` says
    otherwise by the stream's name."""
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": (modes or {}).get(
                    stream["name"],
                    "incremental" if "incremental" in stream.get("supported_sync_modes", ()) else "full_refresh",
                ),
                "destination_sync_mode": "append",
            }
            for stream in streams
        ]
    }
