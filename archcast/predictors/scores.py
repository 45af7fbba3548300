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
from statistics import NormalDist

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
        values, inverse, count = np.unique(y, return_inverse=True, return_counts=True)
        quantile = NormalDist().inv_cdf
        ordered = np.array([quantile((rank + 0.5) / len(y)) for rank in range(len(y))])
        scores = np.bincount(np.sort(inverse.reshape(-1)), ordered) / count
        return cls(values, scores)

    def forward(self, y: Doubles) -> Doubles:
        """y -> u; the scores at the ends hold beyond them."""
        return np.interp(y, self.values, self.scores)

    def inverse(self, u: Doubles) -> Doubles:
        """u -> y, straight between the values and, at no more than the average slope, beyond them."""
        y: Doubles = np.interp(u, self.scores, self.values)
        if len(self.values) < 2:
            return y
        average = (self.values[-1] - self.values[0]) / (self.scores[-1] - self.scores[0])
        slopes = np.minimum(np.diff(self.values)[[0, -1]] / np.diff(self.scores)[[0, -1]], average)
        y += slopes[0] * np.minimum(u - self.scores[0], 0.0)
        y += slopes[1] * np.maximum(u - self.scores[-1], 0.0)
        return y
