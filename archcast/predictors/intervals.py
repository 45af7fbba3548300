"""Intervals from errors on architectures that the predictor was not fitted to.

| symbol | meaning |
|---|---|
| n | held-out architectures |
| m | targets |
| b | parts of the range of predictions, smallest first |

Split conformal prediction (Vovk et al. 2005; Lei et al., JASA 2018), with errors divided by their usual size:
r_i = |e_i| / s(p_i), where s is the 90 % quantile of the errors among predictions of about that size. The
interval of coverage c is the prediction plus and minus s(p) times the ceil((n + 1) c)-th smallest r. Errors
are of log y for costs, so their intervals are ratios.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError, shorten
from archcast.core.numbers import is_number

LEVELS = np.round(np.arange(0.50, 0.995, 0.01), 2)
"""Coverages that are kept; others are interpolated between them."""
PARTS = 5
_ROWS_A_PART = 100
_USUAL = 0.9
_LEAST_FREEDOM = 4
_LEAST_SHARE = 0.05
"""No part is taken to be more than so many times surer than all rows together."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Half-widths of intervals by coverage and size of the prediction.

    Shapes:
        widths: (len(LEVELS), m), in units of `sizes`; rows: (m,), held-out architectures behind them
        edges: (PARTS - 1, m), predictions at which the next part begins, inf where there are fewer parts
        sizes: (PARTS, m), usual error in each part, of log y where `logarithmic`, else in the metric's unit
    """

    logarithmic: bool
    widths: Doubles
    rows: Doubles
    edges: Doubles
    sizes: Doubles

    @classmethod
    def from_errors(cls, truth: Doubles, predicted: Doubles, *, logarithmic: bool) -> Intervals:
        """Learn half-widths from held-out architectures.

        Shapes:
            truth, predicted: (n, m), truth NaN where missing
        """
        m = truth.shape[1]
        widths, rows = np.full((len(LEVELS), m), np.inf), np.zeros(m)
        edges, sizes = np.full((PARTS - 1, m), np.inf), np.ones((PARTS, m))
        for column in range(m):
            kept = np.isfinite(truth[:, column])
            y, p = truth[kept, column], predicted[kept, column]
            errors = np.abs(np.log(p) - np.log(y) if logarithmic else p - y)
            n = rows[column] = len(errors)
            _learn_sizes(p, errors, edges[:, column], sizes[:, column])
            ratios = np.sort(errors / sizes[np.searchsorted(edges[:, column], p, side="right"), column])
            rank = np.ceil(np.round((n + 1) * LEVELS, 9)).astype(int)
            widths[rank <= n, column] = ratios[rank[rank <= n] - 1]
        return cls(logarithmic, widths, rows, edges, sizes)

    def select(self, columns: tuple[int, ...]) -> Intervals:
        """Those of some targets."""
        c = list(columns)
        return Intervals(
            self.logarithmic, self.widths[:, c], self.rows[c], self.edges[:, c], self.sizes[:, c]
        )

    def around(self, predicted: Doubles, column: int, coverage: float) -> tuple[Doubles, Doubles]:
        """Lower and upper ends, in the metric's unit.

        Shapes:
            predicted: (n,) of target `column`; output: (n,) and (n,)

        Raises:
            InputError: coverage outside 0.5 to 0.99, or more than the held-out rows can support.
        """
        check_coverage(coverage)
        half = float(np.interp(coverage, LEVELS, self.widths[:, column]))
        if not np.isfinite(half):
            raise InputError(
                f"coverage {coverage} needs more than {self.rows[column]:.0f} held-out measurements"
            )
        part = np.searchsorted(self.edges[:, column], predicted, side="right")
        reach: Doubles = half * self.sizes[part, column]
        if self.logarithmic:
            return predicted * np.exp(-reach), predicted * np.exp(reach)
        return predicted - reach, predicted + reach


def _learn_sizes(predicted: Doubles, errors: Doubles, edges: Doubles, sizes: Doubles) -> None:
    """Fill the edges (PARTS - 1,) and sizes (PARTS,) of one target, where there are rows enough."""
    parts = min(PARTS, len(errors) // _ROWS_A_PART)
    if parts < 2:
        return
    edges[: parts - 1] = np.quantile(predicted, np.arange(1, parts) / parts)
    part = np.searchsorted(edges, predicted, side="right")
    overall = float(np.quantile(errors, _USUAL))
    for i in range(parts):
        own = errors[part == i]
        usual = float(np.quantile(own, _USUAL)) if len(own) else overall
        sizes[i] = max(usual, _LEAST_SHARE * overall) or 1.0
    sizes[parts:] = sizes[parts - 1]


def normal_quantile(coverage: float) -> float:
    """Half-width, in standard deviations, of a normal distribution's central interval.

    Raises:
        InputError: coverage outside 0.5 to 0.99.
    """
    check_coverage(coverage)
    return NormalDist().inv_cdf(0.5 + coverage / 2)


def student_quantile(share: float, freedom: int) -> float:
    """Quantile of Student's t; fewer than 4 degrees of freedom count as 4."""
    from scipy.special import stdtrit

    return float(stdtrit(max(freedom, _LEAST_FREEDOM), share))


def check_coverage(coverage: object) -> None:
    """Raise InputError for a coverage outside 0.5 to 0.99."""
    if not is_number(coverage) or not LEVELS[0] <= coverage <= LEVELS[-1]:
        raise InputError(f"coverage must be {LEVELS[0]} to {LEVELS[-1]}, got {shorten(coverage)}")
