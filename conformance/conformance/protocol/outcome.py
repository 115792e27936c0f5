"""What a command has to answer before it exits, and what holds of each message."""

import time
from collections.abc import Iterator

from ..messages import Run
from .rules import Violation

_ANSWERS = {"spec": "SPEC", "check": "CONNECTION_STATUS", "discover": "CATALOG"}


_EARLIEST = 1_577_836_800_000
"""The beginning of 2020: what is less is no time in milliseconds."""

_HOUR = 3_600_000


def violations(run: Run, messages: list[dict]) -> Iterator[Violation]:
    yield from _moments(messages)
    answer = _ANSWERS.get(run.command)
    if run.exit_code == 0 and answer:
        count = sum(message["type"] == answer for message in messages)
        if count != 1:
            yield Violation("answer", f"{run.command} wrote {count} messages of type {answer}")
    errors = [message for message in messages if message["type"] == "TRACE" and message["trace"]["type"] == "ERROR"]
    if any(not error["trace"]["error"]["message"].strip() for error in errors):
        yield Violation("error-message", "a TRACE ERROR has a blank message")
    if run.exit_code != 0 and not errors:
        yield Violation("exit-error", f"exit code {run.exit_code} without a TRACE ERROR")


def _moments(messages: list[dict]) -> Iterator[Violation]:
    latest = time.time() * 1000 + _HOUR
    for message in messages:
        body = message.get("record") or message.get("trace")
        if body and not _EARLIEST <= body["emitted_at"] <= latest:
            yield Violation("emitted-at", f"a {message['type']} has emitted_at {body['emitted_at']}")
            return
