"""Which family learns a few trained networks best, decided on those networks alone.

| symbol | meaning |
|---|---|
| n | trained networks |
| r | folds |

Each family is fitted r times, every time without one fold, and asked for the fold; equal architectures
share a fold. The family whose answers rank the networks best (Kendall tau) is fitted to all of them. A stack
does the same within itself, and is asked for what it says of networks that it had not seen. Where the chosen
family knows no intervals of its own, its errors on the folds give conformal ones.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.core.errors import InputError, shorten
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES
from archcast.predictors.contract import PREDICTORS, Predictor
from archcast.predictors.families.stack import Stack, fold_of_groups
from archcast.predictors.intervals import Intervals
from archcast.predictors.scale import LOGARITHMIC

FIRST = "gp"
FAMILIES = (FIRST, "linear", "nn_degree", "lightgbm", "stack")
_FOLDS = 5
_LEAST_TO_CHOOSE = 15


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


def select(labels: Labels, *, families: Sequence[str] | None = None, seed: int = 0) -> Selected:
    """Choose a family by cross-validation and fit it.

    Args:
        labels: of one target.
        families: the candidates, the one that answers for fewer than 15 first; None takes those of
            `FAMILIES` whose packages are installed.
        seed: of folds and fits.

    Raises:
        UnknownNameError: a family that does not exist. InputError: one that does not learn, or none.
    """
    names = _checked(families)
    if len(labels) < _LEAST_TO_CHOOSE:
        first = FIRST if names[0] == Stack.family else names[0]  # of few networks a stack is its first member
        return _fitted(PREDICTORS[first]().fit(labels, seed=seed), labels, {}, None)
    fold = fold_of_groups(SPACES[labels.space].function_groups(labels.codes), _FOLDS, seed=seed)
    answers, stacks = {}, {}
    for name in names:
        if name == Stack.family:
            stacks[name] = stack = Stack().fit(labels, seed=seed)
            if stack.held_out_ is not None and np.isfinite(stack.held_out_).all():  # else it is one family
                answers[name] = stack.held_out_[:, 0]
        else:
            answers[name] = _out_of_fold(name, labels, fold, seed)
    if not answers:
        return _fitted(PREDICTORS[FIRST]().fit(labels, seed=seed), labels, {}, None)
    scores = {name: kendall(labels.values[:, 0], predicted) for name, predicted in answers.items()}
    best = max(scores, key=lambda name: scores[name])
    predictor = stacks[best] if best in stacks else PREDICTORS[best]().fit(labels, seed=seed)
    return _fitted(predictor, labels, scores, answers[best])


def _fitted(
    predictor: Predictor, labels: Labels, scores: dict[str, float], unseen: Doubles | None
) -> Selected:
    """The choice, with conformal widths from the answers for networks it had not seen where it needs them."""
    intervals = None
    if unseen is not None and predictor.interval(labels.codes[:1], 0.9) is None:
        intervals = Intervals.from_errors(
            labels.values, unseen[:, None], logarithmic=labels.metric in LOGARITHMIC
        )
    return Selected(predictor, scores, intervals)


def _checked(families: Sequence[str] | None) -> list[str]:
    if families is None:
        return [name for name in FAMILIES if _available(name)]
    if isinstance(families, str) or not families:
        raise InputError(f"families must be a list of names, got {shorten(families)}")
    for i, name in enumerate(families):
        if not PREDICTORS[name].learns:
            raise InputError(f"families must learn from the networks given, got {name}", item=i)
    return list(dict.fromkeys(families))


def kendall(truth: Doubles, predicted: Doubles) -> float:
    """Kendall tau-b of two rankings; 0 where one is constant.

    Shapes:
        truth, predicted: (n,)
    """
    from scipy.stats import kendalltau

    if np.ptp(truth) == 0 or np.ptp(predicted) == 0:
        return 0.0
    return float(kendalltau(truth, predicted).statistic)


def _available(name: str) -> bool:
    return all(importlib.util.find_spec(package) is not None for package in PREDICTORS[name].requires)


def _out_of_fold(name: str, labels: Labels, fold: Ints, seed: int) -> Doubles:
    """(n,): answer for each network by a fit that had not seen it."""
    predicted = np.full(len(labels), float(np.mean(labels.values)))
    for k in np.unique(fold):
        held = fold == k
        if (~held).sum() >= 2:
            fitted = PREDICTORS[name]().fit(labels.rows(~held), seed=seed)
            predicted[held] = fitted.predict(labels.codes[held])[:, 0]
    return predicted
