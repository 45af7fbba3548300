"""How the quality of a predictor grows with the architectures it is fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.errors import InputError
from archcast.core.labels import Labels
from archcast.predictors import Predictor
from archcast.training.fit import Fitted, fit
from archcast.training.splits import Split
from archcast.training.train import TrainingRun

SIZES = (50, 100, 200, 400, 900, 2_000, 4_000, 9_000, 20_000, 40_000, 90_000)
"""Rows of a learning curve, about twice as many each time; 900 is what the literature trains on."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Quality on the held-out rows after fitting to some of the training rows.

    Attributes:
        quality: name of a figure -> its mean over targets, without `rows`.
    """

    rows: int
    quality: Mapping[str, float]

    @classmethod
    def of(cls, fitted: Fitted) -> CurvePoint:
        """The point that a fitted predictor stands for."""
        quality = {name: value for name, value in fitted.mean_quality.items() if name != "rows"}
        return cls(fitted.card.rows, quality)


def curve_sizes(rows: int) -> tuple[int, ...]:
    """Those of `SIZES` below `rows`, then `rows`."""
    return (*(size for size in SIZES if size < rows), rows)


def learning_curve(
    predictor: Predictor,
    labels: Labels,
    split: Split,
    *,
    sizes: Sequence[int],
    seed: int = 0,
) -> list[CurvePoint]:
    """Fit to nested random subsets of the training side; each is measured on the whole held-out side.

    Args:
        predictor: fitted or not; others of its family and configuration are fitted, and it stays as it is.
        sizes: rows of the subsets, each 2 to the rows of the training side; every subset holds the
            smaller ones.
        seed: of the order in which rows are added, and of every fit.

    Raises:
        InputError: a size outside that range, or a subset in which a target has no value.
    """
    for i, size in enumerate(sizes):
        if not 2 <= size <= len(split.train):
            raise InputError(f"sizes must be 2 to {len(split.train)}, got {size}", item=i)
    order = np.random.default_rng(seed).permutation(split.train)
    return [
        CurvePoint.of(
            fit(
                type(predictor)(predictor.config),
                labels,
                Split(np.sort(order[:size]), split.test, split.rule),
                seed=seed,
            )
        )
        for size in sorted(sizes)
    ]


def curve_of(run: TrainingRun) -> list[CurvePoint]:
    """The learning curve of what `train` made, at `curve_sizes`; the last point is the run itself."""
    *fewer, _ = curve_sizes(len(run.split.train))
    points = learning_curve(run.fitted.predictor, run.labels, run.split, sizes=fewer, seed=run.seed)
    return [*points, CurvePoint.of(run.fitted)]
