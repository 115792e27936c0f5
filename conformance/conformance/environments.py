"""The virtual environments: made once for each content of a list of packages, then kept."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REQUIREMENTS = Path(__file__).parent.parent / "requirements"


def make(name: str, folder: Path) -> Path:
    """The environment with the packages of `requirements/<name>.txt`, which lists all of them with their versions."""
    requirements = REQUIREMENTS / f"{name}.txt"
    content = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    environment = folder / f"{name}-{content}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (environment / "complete").exists():
            started = time.monotonic()
            shutil.rmtree(environment, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", environment], check=True)
            # The list is complete, so nothing has to be resolved; files are compiled when they are first imported.
            pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--no-deps", "--no-compile", "-r", requirements], check=True)
            (environment / "complete").touch()
            print(f"environment {name}: made in {time.monotonic() - started:.0f} s", flush=True)
    return environment


def make_all(names: list[str], folder: Path) -> dict[str, Path]:
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(names, pool.map(lambda name: make(name, folder), names), strict=True))
