"""What the numbers were measured on."""

import os
import platform
import re
from pathlib import Path

from .programs import Built, python_of, said


def describe(built: Built, *, with_official: bool) -> dict[str, str]:
    """What it is, and what runs on it."""
    machine = {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Rust": said("rustc", "--version").removeprefix("rustc "),
        "curl": " ".join(said("curl", "--version").split()[:2]).removeprefix("curl "),
        "source-pinterest": f"{built.ours.stat().st_size / 1e6:.1f} MB, release build",
    }
    if with_official:
        machine["Python of the official connector"] = python_of(built.target)
    return machine


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()
