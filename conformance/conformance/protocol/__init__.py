"""The rules that every line of every run is held to.

`violations` needs nothing but the run. A run that was stopped from outside is held only to the rules that hold at any
moment, see `RULES_OF_THE_END`.
"""

from ..messages import Json, Run
from . import lines, outcome, records, secrets, sync
from .rules import KNOWN_VIOLATIONS, RULES, RULES_OF_THE_END, SCHEMA_RULES, Violation

__all__ = ["KNOWN_VIOLATIONS", "RULES", "RULES_OF_THE_END", "SCHEMA_RULES", "Violation", "violations"]


def violations(run: Run, spec: Json = None) -> list[Violation]:
    """What is wrong with a run. With the connector's spec, all values that it calls secret are looked for, too."""
    messages, found = lines.read(run)
    found += records.violations(run, messages)
    found += sync.violations(run, messages)
    found += outcome.violations(run, messages)
    found += secrets.violations(run, messages, spec)
    stopped = run.exit_code is None
    return [violation for violation in found if not (stopped and violation.rule in RULES_OF_THE_END)]
