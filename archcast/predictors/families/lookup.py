"""Look-up table: the sum of one cost per decision, as search loops with a table of blocks do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError
from archcast.predictors.contract import register
from archcast.predictors.families.additive import Additive


@dataclass(frozen=True, slots=True)
class LookupConfig:
    """Settings of the look-up table.

    Attributes:
        ridge: weight of the penalty that settles entries which the data leave open.
    """

    pieces: ClassVar = ("decisions",)
    ridge: float = 1e-3

    def __post_init__(self) -> None:
        if not self.ridge > 0:
            raise InputError(f"ridge must be above 0, got {self.ridge}")


@register
class LookupTable(Additive):
    """value = base + sum over decisions of table[decision, choice], in the metric's unit.

    The entries are those of least squares, not measured blocks: a table fitted this way is the best
    that any table of the space can do. A sum below the lowest value seen is raised to half of it where
    the metric is above zero by nature.
    """

    family = "lookup"
    Config = LookupConfig
    inverted: ClassVar = frozenset()

    def _fit_one(self, column: int, x: Doubles, y: Doubles) -> None:
        ridge = self.config.ridge * np.eye(x.shape[1])
        ridge[-1, -1] = 0.0
        self.weights_[:, column] = np.linalg.solve(x.T @ x + ridge, x.T @ y)
        if self.scale_.logarithmic:
            self.floor_[column] = y.min() / 2
