"""`benches/compare/run`: builds, measures, says which targets are met, and writes the page where it is told to."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from . import machine, page, programs
from .bench import FULL, QUICK, Bench
from .measuring import Failed
from .outcome import Outcome
from .scenarios import ALL


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benches/compare/run",
        description="Measures the official connector and this one against the same server, in turns. The exit code "
        "is 1 when a target is missed.",
    )
    parser.add_argument(
        "executable",
        nargs="?",
        type=program,
        help="another build of source-pinterest; the release build unless said so",
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each program is run (3)")
    parser.add_argument("--only", action="append", choices=list(ALL), help="this scenario only; may be repeated")
    parser.add_argument(
        "--quick", action="store_true", help="a little of everything, one round: shows that it works, judges nothing"
    )
    parser.add_argument("--without-official", action="store_true", help="this connector and the floors only")
    parser.add_argument("--write-docs", action="store_true", help="write docs/performance.md and its plots anew")
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds: at least one")
    if chosen.write_docs and (chosen.quick or chosen.only or chosen.without_official or chosen.executable):
        parser.error("--write-docs needs the whole comparison, of the release build")
    return chosen


def program(path: str) -> Path:
    if not os.access(path, os.X_OK) or not os.path.isfile(path):
        raise argparse.ArgumentTypeError(f"{path} is no program that can be run")
    return Path(path).absolute()


def show(outcome: Outcome, *, judged: bool) -> None:
    widths = [
        max(len(cells[column]) for cells in [outcome.columns, *outcome.rows]) for column in range(len(outcome.columns))
    ]
    for cells in [outcome.columns, *outcome.rows]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    for note in outcome.notes:
        print(f"  {note}")
    for target in outcome.targets if judged else []:
        print(f"  {'PASS' if target.is_met else 'FAIL'}  {target.what}: {target.measured}, {target.wanted} wanted")
    sys.stdout.flush()


def main() -> int:
    started = time.monotonic()
    # So that what was started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = arguments()
    built = programs.build(chosen.executable)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=built.folder))
    bench = Bench(
        built=built,
        folder=folder,
        rounds=1 if chosen.quick else chosen.rounds,
        sizes=QUICK if chosen.quick else FULL,
        with_official=not chosen.without_official,
    )
    outcomes = []
    try:
        for key, run in ALL.items():
            if key in (chosen.only or ALL):
                print(f"{key}: load of the machine {os.getloadavg()[0]:.1f}", flush=True)
                outcomes.append(run(bench))
                show(outcomes[-1], judged=not chosen.quick)
    except Failed as failure:
        print(f"compare: {failure}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    if chosen.write_docs:
        about = machine.describe(built, with_official=bench.with_official)
        for file in page.write(outcomes, machine=about, rounds=bench.rounds, date=datetime.now(UTC).date().isoformat()):
            print(f"written: {file.relative_to(programs.ROOT)}")
    took = f"after {time.monotonic() - started:.0f} s"
    if chosen.quick:
        print(f"compare: all of it works, {took}; nothing is judged")
        return 0
    targets = [target for outcome in outcomes for target in outcome.targets]
    missed = sum(not target.is_met for target in targets)
    print(f"compare: {len(targets) - missed} of {len(targets)} targets are met, {took}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
