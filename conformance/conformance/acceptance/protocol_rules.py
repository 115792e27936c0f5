"""Whether all that was written keeps the rules of the protocol."""

from .. import protocol
from .check import checks
from .observed import Observed


def every_line_keeps_the_rules(observed: Observed) -> None:
    """Every line of the usual runs keeps the rules of the protocol; those about the content of records are a check of
    their own."""
    spec = observed.spec_run.spec
    broken = [violation for run in observed.runs_so_far for violation in protocol.violations(run, spec)]
    broken = [violation for violation in broken if violation.rule not in protocol.SCHEMA_RULES]
    rules = sorted({violation.rule for violation in broken})
    assert not broken, f"broken: {', '.join(rules)}\n{broken[0]}"


CHECKS = checks("protocol", every_line_keeps_the_rules)
