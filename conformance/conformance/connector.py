"""Any executable that speaks the Airbyte protocol, and one run of it."""

import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .messages import Json, Run

LONGEST_RUN = 300
"""Seconds after which a run is stopped."""


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
        """Runs one command to its end, or kills it after the line that `stop_when` says yes to, or after `longest`
        seconds, or `longest_sync` seconds after the first stream was begun. Inputs that are None are not given; a str
        is written as it is, anything else as JSON."""
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            argv = [*self.argv, command]
            for name, content in (("config", config), ("catalog", catalog), ("state", state)):
                if content is not None:
                    file = Path(folder, f"{name}.json")
                    file.write_text(content if isinstance(content, str) else json.dumps(content))
                    argv += [f"--{name}", str(file)]
            started = time.monotonic()
            with (
                open(Path(folder, "stderr"), "w+") as stderr,
                subprocess.Popen(
                    argv,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    stdin=subprocess.DEVNULL,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                    cwd=folder,
                    env={**os.environ, **self.environment},
                ) as process,
            ):
                timers = [threading.Timer(longest, process.kill)]
                timers[0].start()
                lines, stopped = [], False
                # Not for line in stdout: a line is what ends with \n, and U+2028 inside a text is no end.
                while line := process.stdout.readline():
                    lines.append(line.rstrip("\n"))
                    if longest_sync and len(timers) == 1 and '"STARTED"' in line:
                        timers.append(threading.Timer(longest_sync, process.kill))
                        timers[1].start()
                    if not stopped and stop_when and stop_when(line):
                        process.kill()
                        stopped = True
                        break
                process.stdout.read()
                exit_code = process.wait()
                stopped = stopped or not all(timer.is_alive() for timer in timers)
                for timer in timers:
                    timer.cancel()
                stderr.seek(0)
                return Run(
                    connector=self.name,
                    command=command,
                    config=config,
                    catalog=catalog,
                    state=state,
                    lines=lines,
                    stderr=stderr.read(),
                    exit_code=None if stopped else exit_code,
                    seconds=time.monotonic() - started,
                )


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
