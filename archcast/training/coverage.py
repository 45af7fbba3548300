"""How much the intervals hold of measurements that neither predictor nor intervals have seen.

| symbol | meaning |
|---|---|
| n | held-out architectures |
| m | targets (devices) |

The widths that are saved are learned from all held-out rows, which would meet their nominal coverage on
those same rows by construction. So the rows are halved at random, widths learned from either half are
tested on the other, and the two counts are added: cross-fitting.
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Doubles
from archcast.predictors.intervals import LEVELS, Intervals
from archcast.predictors.target import LOGARITHMIC
from archcast.training.fit import Fitted

COVERAGE = 0.9
"""The coverage that is kept as a figure of merit."""


def interval_coverage(fitted: Fitted, *, seed: int = 0) -> Doubles:
    """Cross-fitted coverage of a fitted predictor's intervals on its held-out rows.

    Shapes:
        output: (len(LEVELS), m), see `empirical_coverage`
    """
    logarithmic = fitted.predictor.metric_ in LOGARITHMIC
    predicted = fitted.predicted.astype(np.float64)
    return empirical_coverage(fitted.truth, predicted, logarithmic=logarithmic, seed=seed)


def empirical_coverage(
    truth: Doubles, predicted: Doubles, *, logarithmic: bool, seed: int = 0
) -> Doubles:
    """Share of measurements inside intervals of each nominal coverage, by cross-fitting.

    Args:
        seed: of the halving.

    Shapes:
        truth, predicted: (n, m), truth NaN where missing
        output: (len(LEVELS), m), NaN where half of the rows are too few for that coverage
    """
    rng = np.random.default_rng(seed)
    found = np.full((len(LEVELS), truth.shape[1]), np.nan)
    for column in range(truth.shape[1]):
        known = rng.permutation(np.flatnonzero(np.isfinite(truth[:, column])))
        y, p = truth[known, column : column + 1], predicted[known, column : column + 1]
        half = len(known) // 2
        first, second = slice(None, half), slice(half, None)
        inside = sum(
            _inside(y[taught], p[taught], y[tested], p[tested], logarithmic=logarithmic)
            for taught, tested in ((first, second), (second, first))
        )
        found[:, column] = inside / max(len(known), 1)
    return found


def _inside(y: Doubles, p: Doubles, y_tested: Doubles, p_tested: Doubles, *, logarithmic: bool) -> Doubles:
    """How many tested rows lie inside, for each of `LEVELS`; NaN where no width was learned.

    Shapes:
        y, p: (n1, 1); y_tested, p_tested: (n2, 1)
    """
    intervals = Intervals.from_errors(y, p, logarithmic=logarithmic)
    counts = np.full(len(LEVELS), np.nan)
    for i in np.flatnonzero(np.isfinite(intervals.widths[:, 0])):
        low, high = intervals.around(p_tested, 0, float(LEVELS[i]))
        counts[i] = ((low <= y_tested) & (y_tested <= high)).sum()
    return counts
