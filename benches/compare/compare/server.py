"""The fast server: started for a scenario, asked what it was asked."""

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FIRST_ACCOUNT = 549755000000
"""The id of the server's first ad account."""


@dataclass(frozen=True)
class Asked:
    """What was asked of one operation, or of one rate category. `first` and `last` are the moments of requests."""

    requests: int = 0
    refusals: int = 0
    first: float | None = None
    last: float | None = None
    most_in_a_second: int = 0
    most_in_a_minute: int = 0

    @staticmethod
    def of(told: dict | None) -> "Asked":
        return Asked(**{name: told[name] for name in Asked.__dataclass_fields__}) if told else Asked()


@dataclass(frozen=True)
class Counts:
    """All that was asked since the last look."""

    told: dict

    def operation(self, name: str) -> Asked:
        return Asked.of(self.told["operations"].get(name))

    def categories(self) -> dict[str, Asked]:
        return {name: Asked.of(told) for name, told in self.told["categories"].items()}

    @property
    def overall(self) -> Asked:
        return Asked.of(self.told["overall"])


@dataclass(frozen=True)
class Server:
    origin: str

    @property
    def url(self) -> str:
        return f"{self.origin}/v5"

    def taken(self) -> Counts:
        """What was asked since the last look."""
        with urllib.request.urlopen(f"{self.origin}/control/counts") as answer:
            counts = Counts(json.load(answer))
        self.reset()
        return counts

    def reset(self) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.origin}/control/reset", method="POST")).close()


def free_port() -> int:
    """A port that is free now. One for all servers of a comparison: the official connector needs a copy for each."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def started(program: Path, port: int, **options: int | list[str]) -> Iterator[Server]:
    """A server with these options until the end of the block."""
    argv = [str(program), "--port", str(port), "--until-stdin-closes"]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            argv += [f"--{name.replace('_', '-')}", str(one)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        origin = process.stdout.readline().strip()
        if not origin:
            raise RuntimeError("the fast server did not start")
        yield Server(origin)
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
