"""How well one predictor's answers agree with another's, and whether that is enough to stand in for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from archcast.core.arrays import Floats

ROWS = 20_000
SPEARMAN, MEDIAN_DIFFERENCE = 0.999, 0.005
"""Least rank correlation and largest median relative difference of an export from its teacher."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Figures on architectures that neither was fitted to on purpose.

    Attributes:
        rows: architectures compared.
        spearman: rank correlation (Spearman, 1904), ties sharing their mean rank.
        median_difference, most_difference: median and largest relative difference.
        wide_difference: relative difference that 99 in 100 stay below.
    """

    rows: int
    spearman: float
    median_difference: float
    wide_difference: float
    most_difference: float

    @property
    def holds(self) -> bool:
        """Whether the one may stand in for the other."""
        return self.spearman >= SPEARMAN and self.median_difference < MEDIAN_DIFFERENCE

    def to_json(self) -> dict[str, float]:
        """Figures by name."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"Spearman {self.spearman:.5f} and a median difference of {self.median_difference:.3%} "
            f"on {self.rows} architectures"
        )


def agreement(made: Floats, teacher: Floats) -> Agreement:
    """Compare answers for the same architectures.

    Shapes:
        made, teacher: (n,)
    """
    from scipy.stats import spearmanr

    a, b = made.astype(np.float64), teacher.astype(np.float64)
    difference = np.abs(a - b) / np.maximum(np.abs(b), 1e-300)
    median, wide, most = np.quantile(difference, (0.5, 0.99, 1.0)).tolist()
    if np.ptp(a) == 0 or np.ptp(b) == 0:  # no ranks to compare
        return Agreement(len(a), float(np.array_equal(a, b)), median, wide, most)
    return Agreement(len(a), float(spearmanr(a, b).statistic), median, wide, most)
