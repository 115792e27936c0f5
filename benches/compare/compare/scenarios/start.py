"""How long it takes to start and to say something."""

from ..bench import Bench
from ..measuring import in_turns
from ..outcome import Bar, Outcome, Summary, at_least, at_most, number, spread

OFTEN = 10
"""A program that takes some milliseconds is run so many times a round."""


def run(bench: Bench) -> Outcome:
    spec = {"ours": bench.ours("ours", "").with_arguments("spec")}
    if bench.with_official:
        spec = {"official": bench.official.with_arguments("spec"), **spec}
        # The first start compiles the files of the package.
        bench.stopwatch.run(spec["official"])
    runs = {name: (lambda program=program: bench.stopwatch.run(program)) for name, program in spec.items()}
    found = in_turns(bench.rounds, runs, repeated={"ours": OFTEN})
    ours = found["ours"]
    outcome = Outcome(
        "start",
        "Start",
        f"`spec`, as a whole process. Ours is run {OFTEN} times a round.",
        ["program", "milliseconds", "CPU milliseconds", "peak memory, MB"],
        [
            [name, spread(series.wall, 1e3), spread(series.cpu, 1e3), spread(series.peak_memory, 1e-6)]
            for name, series in found.items()
        ],
        targets=[
            at_most("`spec`, time", ours.wall.median * 1e3, 20, " ms"),
            at_most("`spec`, peak memory", ours.peak_memory.median / 1e6, 10, " MB"),
        ],
    )
    if bench.with_official:
        official = found["official"]
        ratio = official.wall.median / ours.wall.median
        outcome.targets.insert(0, at_least("`spec`, times faster than the official connector", ratio, 100))
        outcome.summaries.append(
            Summary(
                "`spec`, ms",
                number(official.wall.median * 1e3),
                number(ours.wall.median * 1e3),
                f"{number(ratio)} times faster",
            )
        )
        outcome.seconds.append(Bar("spec", official.wall.median, ours.wall.median))
        outcome.memory.append(Bar("spec", official.peak_memory.median / 1e6, ours.peak_memory.median / 1e6))
    return outcome
