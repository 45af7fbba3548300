"""Figures of how predictions meet a few new measurements.

| symbol | meaning |
|---|---|
| n | architectures that were measured, each once: several measurements count by their mean |
| y, p | (n,) measured and predicted values |
| l, h | (n,) ends of the predictions' intervals |
| e | (n,) log(y / p); of accuracies y - p, in percentage points |

The bias is the mean of -e of those that fit, with Student's interval, as a share of the measurement. The
share of measurements inside the intervals has the exact interval of Clopper and Pearson (Biometrika 1934). A
measurement does not fit where it is more than `FAR` times as far from its prediction as the interval's end on
its side, and still is when the median of e is taken off first, so that a device that became slower throughout
has no such ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Bools, Doubles, Ints

FAR = 2.0
_WITHOUT = 1.2
"""Factor's logarithm beyond which a measurement does not fit where there are no intervals; for points, 10."""
_POINTS = 10.0
_MOST = 2 / 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the interval that it lies in by so few samples."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Measured beside predicted values.

    Shapes:
        measured, predicted, low, high: (n,) in the metric's unit; low and high are NaN where not known

    Attributes:
        in_points: whether errors are differences, as of accuracies, or shares of the measurement.
    """

    measured: Doubles
    predicted: Doubles
    low: Doubles
    high: Doubles
    in_points: bool

    @property
    def has_intervals(self) -> bool:
        """Whether ends of intervals are known."""
        return bool(np.isfinite(self.low).all())

    @property
    def errors(self) -> Doubles:
        """e, (n,)."""
        return self._apart(self.measured)

    @property
    def inside(self) -> Bools:
        """(n,): whether each measurement lies in its interval."""
        return (self.low <= self.measured) & (self.measured <= self.high)

    @property
    def error(self) -> float:
        """Mean absolute error, in per cent of the measurement, or in points."""
        off = np.abs(self.predicted - self.measured)
        return float(off.mean() if self.in_points else 100 * (off / self.measured).mean())

    @property
    def spearman(self) -> float | None:
        """Rank correlation; None where a side is constant or fewer than three were measured."""
        from scipy.stats import spearmanr

        if len(self.measured) < 3 or not np.ptp(self.measured) or not np.ptp(self.predicted):
            return None
        return float(spearmanr(self.measured, self.predicted).statistic)

    def bias(self, confidence: float = 0.95) -> Estimate:
        """How far predictions are too high (above 0) or too low, in per cent, or in points; of what fits."""
        return mean_of(-self.errors[self.fitting], confidence, in_points=self.in_points)

    @property
    def fitting(self) -> Bools:
        """(n,): which measurements fit; all of them where fewer than two thirds do."""
        fits: Bools = ~self.misfits()
        return fits if fits.mean() > _MOST else np.ones(len(fits), dtype=bool)

    def coverage(self, confidence: float = 0.95) -> Estimate:
        """Share of measurements inside their intervals."""
        from scipy.stats import beta

        n, k = len(self.measured), int(self.inside.sum())
        tail = (1 - confidence) / 2
        low = float(beta.ppf(tail, k, n - k + 1)) if k else 0.0
        high = float(beta.ppf(1 - tail, k + 1, n - k)) if k < n else 1.0
        return Estimate(k / n, low, high)

    def misfits(self) -> Bools:
        """(n,): which measurements do not fit, see the module."""
        if self.has_intervals:
            below, above = -self._apart(self.low), self._apart(self.high)
        else:
            below = above = np.full(len(self.measured), (_POINTS if self.in_points else _WITHOUT) / FAR)
        e = self.errors
        moved = e - np.median(e)
        far = (e > FAR * above) | (e < -FAR * below)
        return far & ((moved > FAR * above) | (moved < -FAR * below))

    def _apart(self, values: Doubles) -> Doubles:
        """How far values are from the predictions, as e."""
        if self.in_points:
            return values - self.predicted
        apart: Doubles = np.log(np.maximum(values, 1e-300) / self.predicted)
        return apart


def mean_of(errors: Doubles, confidence: float, *, in_points: bool) -> Estimate:
    """The mean of errors with Student's interval; logarithms in per cent of what they are taken from.

    A single error tells no interval: it is as wide as can be.

    Shapes:
        errors: (n,)
    """
    from scipy.special import stdtrit

    n, mean = len(errors), float(errors.mean())
    reach = np.inf
    if n > 1:
        reach = float(stdtrit(n - 1, 0.5 + confidence / 2)) * float(errors.std(ddof=1)) / np.sqrt(n)
    ends = (mean, mean - reach, mean + reach)
    return Estimate(*(float(x) if in_points else in_per_cent(x) for x in ends))


def in_per_cent(logarithm: float) -> float:
    """A logarithm of a ratio as its distance from 1, in per cent."""
    return float(100 * np.expm1(min(logarithm, 700.0)))


def by_architecture(values: Doubles, groups: Ints, *, in_points: bool) -> Doubles:
    """Mean of each group's values, geometric unless `in_points`.

    Shapes:
        values: (r,); groups: (r,), dense from 0; output: (n,)
    """
    read = values if in_points else np.log(values)
    means: Doubles = np.bincount(groups, read) / np.bincount(groups)
    return means if in_points else np.exp(means)
