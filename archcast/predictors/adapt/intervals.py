"""How far off an adapted predictor is on measurements that it was not given, one after the other.

| symbol | meaning |
|---|---|
| n | measurements |
| q | components of the prior times points of the grid |
| e, s | (q, n) error of each measurement predicted from the others, and its variance |
| l | (q, n) log density of each measurement given the others |
| w | (q, n) weights of the mixture that the others would have given: its weights over exp(l) |

The mixture's error of a measurement is sum_q w e, its variance sum_q w (s + (e - mean error)^2); z is the
one over the root of the other. The model's deviations are multiplied by

(a kappa + sum_i min(|z_i|, z_most)) / (kappa + n) (1 + (n_least / n)^4)

and go with Student's quantiles of 4 degrees of freedom, for which the mean of |z| is 1 where the model
holds. A prior guess a worth kappa measurements meets what the measurements say; z is bounded so that a
measurement that is ten times off does not widen everything; and of very few measurements the mixture itself
is a guess. The constants are `guess`, `worth`, `most` and `least` of the configuration.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Doubles
from archcast.predictors.adapt.config import AdaptConfig
from archcast.predictors.intervals import normal_quantile, student_quantile


def left_out(fits: Sequence[tuple[Doubles, Doubles, Doubles]], share: Doubles) -> tuple[Doubles, Doubles]:
    """Error of each measurement as the mixture without it predicts it, and its deviation.

    Args:
        fits: error, variance and log density of each measurement given the others, by component.

    Shapes:
        fits: (g, n) each; share: (q,), of all components' g after one another; output: (n,) each
    """
    error, variance, density = (np.concatenate(parts) for parts in zip(*fits, strict=True))
    weight = np.log(np.maximum(share, 1e-300))[:, None] - density
    weight = np.exp(weight - weight.max(axis=0))
    weight /= weight.sum(axis=0)
    mean: Doubles = (weight * error).sum(axis=0)
    deviation: Doubles = np.sqrt((weight * (variance + (error - mean) ** 2)).sum(axis=0))
    return mean, deviation


def widening(scores: Doubles, config: AdaptConfig) -> float:
    """What to multiply the model's own deviations by.

    Shapes:
        scores: (n,)
    """
    n, misses = len(scores), float(np.minimum(np.abs(scores), config.most).sum())
    return (config.guess * config.worth + misses) / (config.worth + n) * (1.0 + (config.least / n) ** 4)


def half_width(coverage: float, config: AdaptConfig) -> float:
    """Half of a central interval, in widened deviations.

    Raises:
        InputError: coverage outside 0.5 to 0.99.
    """
    normal_quantile(coverage)  # refuses what is no coverage
    return student_quantile(0.5 + coverage / 2, config.interval_freedom)
