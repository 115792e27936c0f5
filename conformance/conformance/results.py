"""The outcome of each check of the general part, one file for each: many processes write at the same time."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

ACCEPTANCE, CLIENT = "acceptance", "client"


@dataclass(frozen=True)
class Result:
    """Whether a check holds of a target, and if not, why: one line, the same in every run of the suite."""

    kind: str
    target: str
    check: str
    passed: bool
    reason: str = ""


def write(folder: str | Path, result: Result) -> None:
    """Into the folder of a run of the suite; a check that is made again replaces its result."""
    results = Path(folder, "results")
    results.mkdir(exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", f"{result.kind} {result.target} {result.check}".lower())
    (results / f"{name}.json").write_text(json.dumps(asdict(result), indent=2))


def read(folder: str | Path) -> list[Result]:
    """All results of a run of the suite."""
    return [Result(**json.loads(file.read_text())) for file in sorted(Path(folder, "results").glob("*.json"))]


def stable(message: str) -> str:
    """The first line of a failure, without what changes from run to run: addresses, long numbers, durations."""
    line = message.strip().partition("\n")[0]
    line = re.sub(r"https?://(127\.0\.0\.1|localhost):\d+", "http://…", line)
    line = re.sub(r"\d{4}-\d{2}-\d{2}(T[\d:.+Z]*)?|\d{6,}", "…", line)
    return line[:300]
