"""One number an architecture, for methods that know no limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles
from archcast.search.loop.methods.base import Task
from archcast.search.loop.problem import Scores

_BROKEN, _STEEP = 10.0, 100.0


@dataclass(frozen=True, slots=True)
class Penalty:
    """Cost in units of its spread, plus 10 where a limit is broken and 100 times what it is broken by.

    Attributes:
        spread: standard deviation of the cost among architectures drawn at random.
    """

    spread: float

    @classmethod
    def from_sample(cls, task: Task) -> tuple[Penalty, Doubles]:
        """The penalty that the first population gives, and its values, (n,)."""
        scores = task.scores(task.first())
        penalty = cls(float(np.std(scores.costs[:, 0])) or 1.0)
        return penalty, penalty(scores)

    def __call__(self, scores: Scores) -> Doubles:
        """(n,), less is better."""
        broken = scores.violation
        value: Doubles = scores.costs[:, 0] / self.spread + _BROKEN * (broken > 0) + _STEEP * broken
        return value
