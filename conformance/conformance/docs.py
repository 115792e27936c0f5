"""The pages that are made of what the suite knows: held against the committed ones, or written anew.

`python -m conformance.docs RESULTS [--write]`: RESULTS is the folder that a run of the suite left its results in.
"""

import difflib
import sys
from collections import defaultdict
from pathlib import Path

from . import differences, general_docs
from .scenarios import ALL

DOCS = Path(__file__).parent.parent.parent / "docs"


def pages(results: Path) -> dict[Path, str]:
    """Each page as it should be."""
    shown = defaultdict(list)
    for scenario in ALL:
        for key in scenario.differs:
            shown[key].append(scenario.title)
    page = DOCS / "differences.md"
    return {
        page: differences.page(page.read_text(), shown),
        DOCS / "conformance.md": general_docs.page(results),
    }


def main() -> int:
    write = "--write" in sys.argv
    outdated = 0
    for page, text in pages(Path(sys.argv[1])).items():
        old = page.read_text() if page.exists() else ""
        if old == text:
            continue
        if write:
            page.write_text(text)
            print(f"written: docs/{page.name}")
            continue
        outdated += 1
        lines = difflib.unified_diff(
            old.splitlines(), text.splitlines(), "committed", "as it should be", lineterm="", n=0
        )
        print(f"docs/{page.name} is not what the suite has seen; `conformance/run --write-docs` writes it:")
        print("\n".join(list(lines)[:20]))
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
