"""A run ends when it has to, and is kept as it was written."""

import time

import pytest

from conformance import connector, protocol
from conformance.connector import Connector
from conformance.messages import Run

LINE = '{"type": "LOG", "log": {"level": "INFO", "message": "m"}}'


def shell(script: str, **options) -> Run:
    started = time.monotonic()
    run = Connector("shell", ("sh", "-c", script)).run("spec", **options)
    assert time.monotonic() - started < 10
    return run


def test_a_run_comes_to_its_own_end():
    run = shell(f"echo '{LINE}'; printf half; echo said >&2; exit 3")
    assert (run.lines, run.stderr, run.exit_code, run.stopped) == ([LINE, "half"], "said\n", 3, None)


@pytest.mark.parametrize(
    "script",
    [
        f"echo '{LINE}'; sleep 25; echo late",  # In a process of its own, which holds stdout.
        f"echo '{LINE}'; exec 1>&-; sleep 25",
        f"echo '{LINE}'; setsid sleep 25",
        f"while echo '{LINE}'; do sleep 0.01; done",
    ],
)
def test_a_run_that_takes_too_long_is_stopped(script: str):
    run = shell(script, longest=1)
    assert run.exit_code is None
    assert run.lines[0] == LINE
    assert run.stopped == "stopped after 1 s, it had not ended"
    assert run.stopped in run.told()


def test_a_sync_has_a_limit_of_its_own():
    run = shell("""echo '{"status": "STARTED"}'; sleep 25""", longest_sync=1)
    assert run.stopped == "stopped after 1 s, it had not ended"


def test_a_run_is_stopped_at_a_line():
    run = shell("echo one; echo two; echo three; sleep 25", stop_when=lambda line: line == "two")
    assert (run.lines, run.exit_code) == (["one", "two"], None)


def test_a_run_that_writes_too_much_is_stopped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connector, "MOST_OUTPUT", 1 << 20)
    run = shell("yes")
    assert run.stopped == "stopped after 1 MiB on stdout"
    assert 2 * len(run.lines) < 2 << 20


def test_bytes_are_kept():
    run = shell(r"""printf '{"a": "\351"}\n{}\r\n'""")
    assert run.lines[1] == "{}\r"
    found = [str(violation) for violation in protocol.violations(run) if violation.rule == "json"]
    assert [text.split(":")[1] for text in found] == [" line 1 is not UTF-8", " line 2 ends with CR"]
    run.told().encode()
