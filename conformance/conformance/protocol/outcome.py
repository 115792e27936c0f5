"""What a command has to answer before it exits."""

from collections.abc import Iterator

from ..messages import Run
from .rules import Violation

_ANSWERS = {"spec": "SPEC", "check": "CONNECTION_STATUS", "discover": "CATALOG"}


def violations(run: Run, messages: list[dict]) -> Iterator[Violation]:
    answer = _ANSWERS.get(run.command)
    if run.exit_code == 0 and answer:
        count = sum(message["type"] == answer for message in messages)
        if count != 1:
            yield Violation("answer", f"{run.command} wrote {count} messages of type {answer}")
    errors = [message for message in messages if message["type"] == "TRACE" and message["trace"]["type"] == "ERROR"]
    if run.exit_code != 0 and not errors:
        yield Violation("exit-error", f"exit code {run.exit_code} without a TRACE ERROR")
