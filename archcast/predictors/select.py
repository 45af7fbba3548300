"""Which family learns a few trained networks best, decided on those networks alone.

| symbol | meaning |
|---|---|
| n | trained networks |
| r | folds |

Each family is fitted r times, every time without one fold, and asked for the fold; equal architectures
share a fold. The family whose answers rank the networks best (Kendall tau) is fitted to all of them. Where
it knows no intervals of its own, its errors on the folds give conformal ones.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES
from archcast.predictors.base import PREDICTORS, Predictor
from archcast.predictors.intervals import Intervals
from archcast.predictors.target import LOGARITHMIC

FIRST = "gp"
FAMILIES = (FIRST, "linear", "nn_degree", "lightgbm")
_NEEDS = {"lightgbm": "lightgbm"}
_FOLDS = 5
_LEAST_TO_CHOOSE = 15
_PAIRED_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Selected:
    """The chosen predictor, fitted to all networks.

    Attributes:
        scores: family -> Kendall tau on the folds; empty when there were too few networks to choose by.
        intervals: conformal widths from the folds; None when the family has its own.
    """

    predictor: Predictor
    scores: dict[str, float]
    intervals: Intervals | None


def select(labels: Labels, *, seed: int = 0) -> Selected:
    """Choose a family by cross-validation and fit it.

    Args:
        labels: of one target.
        seed: of folds and fits.
    """
    families = [name for name in FAMILIES if _available(name)]
    if len(labels) < _LEAST_TO_CHOOSE:
        return Selected(PREDICTORS[FIRST]().fit(labels, seed=seed), {}, None)
    fold = _folds(labels, seed)
    answers = {name: _out_of_fold(name, labels, fold, seed) for name in families}
    scores = {name: kendall(labels.values[:, 0], found) for name, found in answers.items()}
    best = max(families, key=lambda name: scores[name])
    predictor = PREDICTORS[best]().fit(labels, seed=seed)
    intervals = None
    if predictor.predictive_interval(labels.codes[:1], 0.9) is None:
        intervals = Intervals.from_errors(
            labels.values, answers[best][:, None], logarithmic=labels.metric in LOGARITHMIC
        )
    return Selected(predictor, scores, intervals)


def kendall(truth: Doubles, predicted: Doubles) -> float:
    """Kendall tau-b of two rankings, from all pairs of at most 2,000 rows.

    Shapes:
        truth, predicted: (n,)
    """
    a, b = truth[:_PAIRED_ROWS], predicted[:_PAIRED_ROWS]
    first, second = (np.sign(x[:, None] - x[None, :]) for x in (a, b))
    both = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / both if both else 0.0


def _available(name: str) -> bool:
    return name not in _NEEDS or importlib.util.find_spec(_NEEDS[name]) is not None


def _folds(labels: Labels, seed: int) -> Ints:
    """(n,): fold of each network; equal architectures share one."""
    _, group = np.unique(SPACES[labels.space].groups(labels.codes), return_inverse=True)
    order = np.random.default_rng(seed).permutation(int(group.max()) + 1)
    fold: Ints = (order % _FOLDS)[group]
    return fold


def _out_of_fold(name: str, labels: Labels, fold: Ints, seed: int) -> Doubles:
    """(n,): answer for each network by a fit that had not seen it."""
    found = np.full(len(labels), float(np.mean(labels.values)))
    for k in np.unique(fold):
        held = fold == k
        if (~held).sum() >= 2:
            fitted = PREDICTORS[name]().fit(labels.rows(~held), seed=seed)
            found[held] = fitted.predict(labels.codes[held])[:, 0]
    return found
