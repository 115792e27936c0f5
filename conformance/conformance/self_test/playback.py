"""Says what a connector once said.

A program of its own (`python playback.py FOLDER ... COMMAND ...`), with nothing but the standard library. FOLDER is one
that `launcher.py` left.
"""

import json
import sys
from pathlib import Path


def main() -> int:
    for folder in sorted(Path(sys.argv[1]).iterdir(), reverse=True):
        run = json.loads((folder / "run.json").read_text())
        if run["command"] in sys.argv[2:]:
            sys.stderr.write((folder / "stderr").read_text())
            sys.stdout.buffer.write((folder / "stdout").read_bytes())
            return run["exit_code"]
    raise SystemExit(f"nothing was written down of {' '.join(sys.argv[2:])}")


if __name__ == "__main__":
    sys.exit(main())
