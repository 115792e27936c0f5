"""The suite's own code is in the project's form."""

import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_finds_nothing(command: list[str]):
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--quiet", "--config", str(SUITE / "pyproject.toml")]
    found = subprocess.run([*ruff, "."], cwd=SUITE, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
