"""Intervals from errors on architectures that the predictor was not fitted to.

Split conformal prediction (Vovk et al. 2005; Lei et al., JASA 2018): with the absolute residuals
r_1..r_n of held-out architectures, the interval of coverage c is the prediction plus and minus their
ceil((n + 1) c)-th smallest. Residuals are of log y for costs, so their intervals are ratios.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError, shorten

LEVELS = np.round(np.arange(0.50, 0.995, 0.01), 2)
"""Coverages that are kept; others are interpolated between them."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Half-widths of intervals by coverage.

    Shapes:
        widths: (len(LEVELS), m), of log y where `logarithmic`, else in the metric's unit

    Attributes:
        rows: held-out architectures behind each target's widths, (m,).
    """

    logarithmic: bool
    widths: Doubles
    rows: Doubles

    @classmethod
    def from_errors(cls, truth: Doubles, predicted: Doubles, *, logarithmic: bool) -> Intervals:
        """Learn half-widths from held-out architectures.

        Shapes:
            truth, predicted: (n, m), truth NaN where missing
        """
        m = truth.shape[1]
        widths, rows = np.full((len(LEVELS), m), np.inf), np.zeros(m)
        for column in range(m):
            kept = np.isfinite(truth[:, column])
            y, p = truth[kept, column], predicted[kept, column]
            errors = np.sort(np.abs(np.log(p) - np.log(y) if logarithmic else p - y))
            n = rows[column] = len(errors)
            rank = np.ceil(np.round((n + 1) * LEVELS, 6)).astype(int)  # 100 * 0.55 is above 55
            widths[rank <= n, column] = errors[rank[rank <= n] - 1]
        return cls(logarithmic, widths, rows)

    def around(self, predicted: Doubles, column: int, coverage: float) -> tuple[Doubles, Doubles]:
        """Lower and upper ends, in the metric's unit.

        Shapes:
            predicted: (n,) of target `column`; output: (n,) and (n,)

        Raises:
            InputError: coverage outside 0.5 to 0.99, or more than the held-out rows can support.
        """
        _check(coverage)
        half = float(np.interp(coverage, LEVELS, self.widths[:, column]))
        if not np.isfinite(half):
            raise InputError(
                f"coverage {coverage} needs more than {self.rows[column]:.0f} held-out measurements"
            )
        if self.logarithmic:
            return predicted * np.exp(-half), predicted * np.exp(half)
        return predicted - half, predicted + half


def normal_quantile(coverage: float) -> float:
    """Half-width, in standard deviations, of a normal distribution's central interval.

    Raises:
        InputError: coverage outside 0.5 to 0.99.
    """
    _check(coverage)
    return NormalDist().inv_cdf(0.5 + coverage / 2)


def _check(coverage: object) -> None:
    if not isinstance(coverage, float | int) or not LEVELS[0] <= coverage <= LEVELS[-1]:
        raise InputError(f"coverage must be {LEVELS[0]} to {LEVELS[-1]}, got {shorten(coverage)}")
