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
from archcast.predictors.scale import LOGARITHMIC
from archcast.training.fit import Fitted

COVERAGE = 0.9
"""The coverage that is kept as a figure of merit, and looked at by size."""
PARTS = 5


def interval_coverage(fitted: Fitted, *, seed: int = 0) -> Doubles:
    """Cross-fitted coverage of a fitted predictor's intervals on its held-out rows.

    Shapes:
        output: (len(LEVELS), m), see `empirical_coverage`
    """
    logarithmic = fitted.predictor.metric_ in LOGARITHMIC
    predicted = fitted.predicted.astype(np.float64)
    return empirical_coverage(fitted.truth, predicted, logarithmic=logarithmic, seed=seed)


def coverage_by_size(fitted: Fitted, *, seed: int = 0) -> Doubles:
    """Coverage of 90 % intervals in each fifth of the predicted values, smallest first.

    Over all rows the intervals are right on average by construction; this shows for which they are not.

    Shapes:
        output: (5, m), NaN where the rows are too few
    """
    logarithmic = fitted.predictor.metric_ in LOGARITHMIC
    shares = np.full((PARTS, fitted.truth.shape[1]), np.nan)
    for column in range(fitted.truth.shape[1]):
        known = np.isfinite(fitted.truth[:, column])
        y, p = fitted.truth[known, column], fitted.predicted[known, column].astype(np.float64)
        if len(y) >= PARTS:
            inside = cross_fitted(y, p, logarithmic=logarithmic, seed=seed)[level(COVERAGE)]
            parts = np.array_split(np.argsort(p, kind="stable"), PARTS)
            shares[:, column] = [inside[part].mean() for part in parts]
    return shares


def empirical_coverage(truth: Doubles, predicted: Doubles, *, logarithmic: bool, seed: int = 0) -> Doubles:
    """Share of measurements inside intervals of each nominal coverage, by cross-fitting.

    Args:
        seed: of the halving.

    Shapes:
        truth, predicted: (n, m), truth NaN where missing
        output: (len(LEVELS), m), NaN where half of the rows are too few for that coverage
    """
    inside = np.full((len(LEVELS), truth.shape[1]), np.nan)
    for column in range(truth.shape[1]):
        known = np.isfinite(truth[:, column])
        if known.any():
            y, p = truth[known, column], predicted[known, column]
            inside[:, column] = cross_fitted(y, p, logarithmic=logarithmic, seed=seed).mean(axis=1)
    return inside


def cross_fitted(y: Doubles, p: Doubles, *, logarithmic: bool, seed: int = 0) -> Doubles:
    """Whether each measurement lies inside intervals learned from the other half of the rows.

    Shapes:
        y, p: (n,), measured and predicted; output: (len(LEVELS), n) of 0 and 1, NaN where no width
        could be learned
    """
    order = np.random.default_rng(seed).permutation(len(y))
    halves = order[: len(y) // 2], order[len(y) // 2 :]
    inside = np.full((len(LEVELS), len(y)), np.nan)
    for taught, tested in (halves, halves[::-1]):
        intervals = Intervals.from_errors(y[taught, None], p[taught, None], logarithmic=logarithmic)
        for i in np.flatnonzero(np.isfinite(intervals.widths[:, 0])):
            low, high = intervals.around(p[tested], 0, float(LEVELS[i]))
            inside[i, tested] = (low <= y[tested]) & (y[tested] <= high)
    return inside


def level(coverage: float) -> int:
    """Row of `LEVELS` nearest to a coverage."""
    return int(np.argmin(np.abs(LEVELS - coverage)))
