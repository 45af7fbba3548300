"""Fitting predictors of networks, with their errors in families that were left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError
from archcast.core.version import VERSION
from archcast.predictors.artifact.card import Card
from archcast.predictors.networks.catalog import families
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.folds import family_folds
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.floors import FLOORS, Learner

FOLDS = 10
WITHIN = (5, 10, 20)
"""Per cent within which predictions are counted."""


@dataclass(frozen=True, slots=True)
class FittedNetworks:
    """A predictor of networks, and what it said of networks whose family was left out.

    Attributes:
        predictor: fitted to all labels, with its errors.
        labels: what it was fitted to.
        left_out: (n, m), of each network by what was fitted without its family.
    """

    predictor: NetworkPredictor
    labels: NetworkLabels
    left_out: Doubles

    @property
    def quality(self) -> dict[str, dict[str, float]]:
        """Figures in families left out, by device."""
        return quality_by_device(self.labels, self.left_out)

    @property
    def card(self) -> Card:
        """What a person needs to know before trusting it."""
        labels = self.labels
        low, high = np.nanmin(labels.values, axis=0), np.nanmax(labels.values, axis=0)
        names = sorted(set(labels.families))
        return Card(
            title=f"{labels.metric} of networks of any form on {len(labels.devices)} devices "
            f"({self.predictor.family}), from {len(labels)} networks of {len(names)} families",
            sources=(*labels.sources, f"families: {', '.join(names)}"),
            licences=labels.licences,
            rows=len(labels),
            held_out_rows=len(labels),
            quality=self.quality,
            ranges={d: (float(a), float(b)) for d, a, b in zip(labels.devices, low, high, strict=True)},
            split=f"each of {FOLDS} folds of families left out in turn; shipped is what all rows teach",
            created=datetime.now(UTC).date().isoformat(),
            version=VERSION,
        )


def left_out(
    make: Callable[[], Learner],
    labels: NetworkLabels,
    folds: Sequence[int] | np.ndarray[Any, Any],
    *,
    groups: np.ndarray[Any, Any] | None = None,
    seed: int = 0,
    progress: Callable[[str], None] = lambda text: None,
) -> Doubles:
    """What is said of each fold by what was fitted to the others, (n, m).

    Args:
        make: gives what is fitted, anew for each fold.
        groups: (n,) numbers of near-copies; those of a network that is left out do not teach either.

    Raises:
        InputError: one fold alone.
    """
    numbers = np.asarray(folds)
    if len(np.unique(numbers)) < 2:
        raise InputError("networks must be in at least two folds to leave one out")
    out = np.full(labels.values.shape, np.nan)
    for fold in np.unique(numbers):
        progress(f"fold {fold + 1}")
        rows = np.flatnonzero(numbers == fold)
        apart = numbers != fold
        if groups is not None:
            apart &= ~np.isin(groups, groups[rows])
        teaching = labels.rows(apart)
        taught = np.isfinite(teaching.values).sum(axis=0) >= 2
        columns = np.flatnonzero(taught)
        model = make().fit(teaching.only([labels.devices[c] for c in columns]), seed=seed)
        out[np.ix_(rows, columns)] = model.predict([labels.networks[row] for row in rows])
    return out


def fit_networks(
    family: str,
    labels: NetworkLabels,
    *,
    config: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Callable[[str], None] = lambda text: None,
) -> FittedNetworks:
    """Fit to all labels, learn errors by leaving families out, and remember what taught."""
    folds = family_folds(labels.families, FOLDS)
    predicted = left_out(lambda: new(family, config), labels, folds, seed=seed, progress=progress)
    progress("all networks")
    predictor = new(family, config).fit(labels, seed=seed)
    predictor.learn_errors(labels, predicted)
    predictor.remember(labels)
    return FittedNetworks(predictor, labels, predicted)


def new(family: str, config: Mapping[str, Any] | None = None) -> NetworkPredictor:
    """A predictor of a family with settings.

    Raises:
        UnknownNameError: no such family.
    """
    known = families()[family]
    return known(known.Config(**(config or {})))


def network_methods() -> tuple[str, ...]:
    """Families of predictors of networks, and what they are compared with."""
    return (*families(), *FLOORS)


def learner(name: str) -> Learner:
    """A family of predictors with its defaults, or what those are compared with, by its name."""
    return FLOORS[name]() if name in FLOORS else new(name)


def quality_by_device(labels: NetworkLabels, predicted: Doubles) -> dict[str, dict[str, float]]:
    """Figures of predictions by device.

    Shapes:
        predicted: (n, m)
    """
    figures = {}
    for column, device in enumerate(labels.devices):
        y, p = labels.values[:, column], predicted[:, column]
        both = np.isfinite(y) & np.isfinite(p)
        if not both.any():
            continue
        off = np.abs(p[both] / y[both] - 1)
        figures[device] = {
            "mape": float(off.mean()),
            "median_error": float(np.median(off)),
            **{f"within_{percent}": float((off <= percent / 100).mean()) for percent in WITHIN},
            "spearman": float(spearmanr(y[both], p[both])[0]) if both.sum() > 2 else float("nan"),
            "networks": float(both.sum()),
        }
    return figures
