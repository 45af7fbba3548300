"""Normal scores: values read by their rank, and back.

| symbol | meaning |
|---|---|
| y | (n,) values |
| u | (n,) normal score of y: the normal quantile of (rank - 1/2) / n, ties sharing their mean |

Accuracies crowd below their ceiling with a long tail of networks that did not learn; their scores have
neither, so one noise and one scale of a Gaussian process fit all of them (van der Waerden, 1952; Snelson et
al., Warped Gaussian processes, NeurIPS 2003, learn such a map with parameters).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles


@dataclass(frozen=True, slots=True)
class NormalScores:
    """A rising map between values and scores, through the values it was fitted to.

    Shapes:
        values, scores: (k,), both rising, k distinct values
    """

    values: Doubles
    scores: Doubles

    @classmethod
    def fit(cls, y: Doubles) -> NormalScores:
        """Scores of the values themselves.

        Shapes:
            y: (n,), finite
        """
        from scipy.special import ndtri

        values, inverse, count = np.unique(y, return_inverse=True, return_counts=True)
        ordered = ndtri((np.arange(len(y)) + 0.5) / len(y))
        scores = np.bincount(np.sort(inverse.reshape(-1)), ordered) / count
        return cls(values, scores)

    def forward(self, y: Doubles) -> Doubles:
        """y -> u; the inverse of `inverse` wherever that rises.

        Shapes:
            y, output: (n,)
        """
        return _extended(y, self.values, self.scores, 1.0 / self.slopes())

    def inverse(self, u: Doubles) -> Doubles:
        """u -> y, straight between the values and, at no more than the average slope, beyond them.

        Shapes:
            u, output: (n,)
        """
        return _extended(u, self.scores, self.values, self.slopes())

    def slopes(self) -> Doubles:
        """dy/du below and above the values; 1 where there is a single value."""
        if len(self.values) < 2:
            return np.ones(2)
        average = (self.values[-1] - self.values[0]) / (self.scores[-1] - self.scores[0])
        ends = np.diff(self.values)[[0, -1]] / np.diff(self.scores)[[0, -1]]
        slopes: Doubles = np.minimum(ends, average)
        return slopes


def _extended(x: Doubles, knots: Doubles, values: Doubles, slopes: Doubles) -> Doubles:
    inside = np.interp(x, knots, values)
    below, above = np.minimum(x - knots[0], 0.0), np.maximum(x - knots[-1], 0.0)
    extended: Doubles = inside + slopes[0] * below + slopes[1] * above
    return extended
