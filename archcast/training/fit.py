"""Fit a predictor to one side of a split, measure it on the other, and say so on its card."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles, Floats
from archcast.core.labels import Labels, target_key
from archcast.core.version import VERSION
from archcast.predictors import Card, Intervals, Predictor
from archcast.predictors.scale import LOGARITHMIC
from archcast.training.metrics import quality
from archcast.training.splits import Split


@dataclass(frozen=True, slots=True)
class Fitted:
    """A predictor with what is known of it.

    Shapes:
        truth: (n, m) measured and predicted: float32 (n, m), of the held-out architectures
    """

    predictor: Predictor
    card: Card
    intervals: Intervals
    truth: Doubles
    predicted: Floats

    @property
    def mean_quality(self) -> dict[str, float]:
        """Each figure averaged over targets."""
        tables = list(self.card.quality.values())
        return {name: float(np.mean([t[name] for t in tables])) for name in tables[0]}


def fit(predictor: Predictor, labels: Labels, split: Split, *, seed: int = 0) -> Fitted:
    """Fit `predictor` to the training rows and measure it on the held-out ones."""
    taught = labels.rows(split.train)
    return evaluate(predictor.fit(taught, seed=seed), labels, split)


def evaluate(predictor: Predictor, labels: Labels, split: Split, *, teacher: str = "") -> Fitted:
    """Measure a fitted predictor on the held-out rows and write its card.

    Args:
        teacher: family that `predictor` was made from, when it is an export.
    """
    taught, tested = labels.rows(split.train), labels.rows(split.test)
    predicted = predictor.predict(tested.codes)
    columns = range(len(labels.targets))
    card = Card(
        title=title(labels, teacher or predictor.family),
        sources=labels.sources,
        licences=labels.licences,
        rows=len(taught),
        held_out_rows=len(tested),
        quality={
            target_key(t): quality(tested.values[:, i], predicted[:, i])
            for i, t in zip(columns, labels.targets, strict=True)
        },
        ranges={
            target_key(t): (float(np.nanmin(taught.values[:, i])), float(np.nanmax(taught.values[:, i])))
            for i, t in zip(columns, labels.targets, strict=True)
        },
        split=split.rule,
        teacher=teacher,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        version=VERSION,
    )
    logarithmic = labels.metric in LOGARITHMIC
    intervals = Intervals.from_errors(tested.values, predicted.astype(np.float64), logarithmic=logarithmic)
    return Fitted(predictor, card, intervals, tested.values, predicted)


def title(labels: Labels, family: str) -> str:
    """One line that says what a predictor predicts."""
    devices = ", ".join(dict.fromkeys(labels.devices))
    return f"{labels.metric} of {labels.space} on {devices} ({family})"
