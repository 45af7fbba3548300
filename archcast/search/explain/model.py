"""Contributions that a predictor's own form gives: terms of a sum, and LightGBM's.

LightGBM's contributions (Lundberg et al., From Local Explanations to Global Understanding with Explainable AI
for Trees, 2020) are of the scaled value. Where that is a logarithm, with l0 the trees' expected value, l the
prediction's and s = (e^l - e^l0) / (l - l0) their logarithmic mean, a contribution c is s c in the metric's
unit (Ang, Decomposition analysis for policymaking in energy, Energy Policy 2004): all sum to e^l - e^l0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError
from archcast.featurize.encoders.encoding import encoding_names
from archcast.featurize.spaces import Space
from archcast.predictors.contract import Predictor
from archcast.predictors.families.boosting import Boosting
from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.link import keeps_sums
from archcast.predictors.lowered.tables import choices as rows_of_group

_CLOSE = 1e-4


class Shares(NamedTuple):
    """Contributions with their names, what was chosen, and standard errors.

    Shapes:
        values, errors: (P,)
    """

    names: tuple[str, ...]
    choices: tuple[str, ...]
    values: Doubles
    errors: Doubles


def is_trees(model: Predictor) -> bool:
    """Whether the predictor is LightGBM alone."""
    return isinstance(model, Boosting)


def is_additive(model: Predictor, column: int, codes: Codes) -> bool:
    """Whether an architecture's prediction is a sum over groups of decisions in the metric's own unit.

    It is not below the predictor's floor.

    Shapes:
        codes: (1, k)
    """
    lowered = _lowered_sum(model, column)
    if lowered is None:
        return False
    total, predicted = float(lowered.cost.at(codes)[0, 0]), float(model.predict_checked(codes)[0, column])
    return abs(total - predicted) <= _CLOSE * abs(predicted)


def additive_shares(model: Predictor, column: int, codes: Codes) -> Shares:
    """Each group's term less its mean over the space, where `is_additive`.

    Shapes:
        codes: (1, k)
    """
    lowered, space = _lowered_sum(model, column), model.space_
    if lowered is None:
        raise InputError(
            f"{model.family} of {space.name} must be a sum over decisions to be explained as one"
        )
    names, chosen, values = [], [], []
    for group, part in zip(lowered.cost.groups, lowered.cost.tables, strict=True):
        every = rows_of_group(group, space.cardinalities)
        own = np.all(every[:, list(group)] == codes[0, list(group)], axis=1)
        share = space.shares(group, every)
        if share is None:
            raise InputError(f"{space.name} does not say how often its members make a choice")
        mean = float(share @ part[:, 0])
        values.append(float(part[own][0, 0]) - mean)
        names.append(space.label(group))
        chosen.append(_choice(space, group, codes))
    return Shares(tuple(names), tuple(chosen), np.array(values), np.zeros(len(values)))


def tree_shares(model: Predictor, column: int, codes: Codes) -> Shares:
    """LightGBM's contributions in the metric's unit, one-hot columns of a decision together.

    Shapes:
        codes: (1, k)
    """
    if not isinstance(model, Boosting):
        raise InputError(f"{model.family} must be lightgbm to be explained by its trees")
    encoded = model._encode(codes)
    given = model.boosters_[column].predict(encoded, pred_contrib=True, num_threads=model.config.threads)
    deviation, mean = float(model.scale_.deviation[column]), float(model.scale_.mean[column])
    own = np.asarray(given, dtype=np.float64)[0] * deviation
    contributions, expected = own[:-1], float(own[-1]) + mean
    if model.scale_.logarithmic:
        step = float(contributions.sum())
        contributions = contributions * np.exp(expected) * (np.expm1(step) / step if step else 1.0)
    grouped: dict[str, float] = {}
    held: dict[str, str] = {}
    named = zip(encoding_names(model.space_, model.config.pieces), encoded[0], contributions, strict=True)
    for name, x, value in named:
        label, equals, choice = name.partition("=")
        label = label if equals else name.removeprefix("log_")
        grouped[label] = grouped.get(label, 0.0) + float(value)
        if not equals:
            held[label] = f"{np.expm1(x):.4g}" if name.startswith("log_") else f"{x:.4g}"
        elif x:
            held[label] = choice
    values = np.array(list(grouped.values()))
    chosen = tuple(held.get(label, "-") for label in grouped)
    return Shares(tuple(grouped), chosen, values, np.zeros(len(values)))


def _lowered_sum(model: Predictor, column: int) -> Lowered | None:
    """One target as tables where predictions are sums over known groups of decisions."""
    lowered = model.select((column,)).lower()
    if lowered is None or lowered.is_table or not keeps_sums(lowered.link):
        return None
    known = all(_shares(model.space_, group) is not None for group in lowered.cost.groups)
    return lowered if known else None


def _shares(space: Space, group: tuple[int, ...]) -> Doubles | None:
    """Share of the space's members that hold each choice of a group; None where the space does not know."""
    return space.shares(group, rows_of_group(group, space.cardinalities))


def _choice(space: Space, group: Sequence[int], codes: Codes) -> str:
    """What the architecture has in a group's columns."""
    inside = [d for d in space.decisions(codes) if set(d.columns) <= set(group)]
    return ", ".join(space.choice(decision, codes) for decision in inside) or "not there"
