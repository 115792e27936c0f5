"""What a check is."""

from collections.abc import Callable
from dataclasses import dataclass

from .observed import Observed


class NotGiven(Exception):
    """What a check needs is not given with the target: it neither passes nor fails."""


Function = Callable[[Observed], None]


@dataclass(frozen=True)
class Check:
    """One thing that has to hold of a source. `text` says it in a sentence."""

    group: str
    name: str
    text: str
    function: Function

    def __call__(self, observed: Observed) -> None:
        self.function(observed)


def checks(group: str, *functions: Function) -> tuple[Check, ...]:
    """Checks named as their functions are, and explained by their docstrings."""
    return tuple(
        Check(group, function.__name__.replace("_", " "), " ".join(function.__doc__.split()), function)
        for function in functions
    )
