"""A predictor adapted to a few measurements, as a run in MLflow.

No measurement can be spared for testing, so its figures are of folds: each measurement is predicted by a fit
that had not seen it. They are another kind of evidence than held-out architectures, with names of its own
(`folds.mean.spearman`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError
from archcast.core.labels import Labels, target_key
from archcast.core.metric import METRICS
from archcast.predictors import PREDICTORS, Card, Intervals, Predictor
from archcast.predictors.adapt.posterior import LEAST, adapt_to
from archcast.predictors.adapt.sources import prior_of
from archcast.predictors.scale import LOGARITHMIC
from archcast.training.fit import Fitted
from archcast.training.metrics import quality
from archcast.training.splits import Folds, folds
from archcast.training.tracking.fitted import track
from archcast.training.tracking.store import TrackedRun

MOST_FOLDS = 20


def track_adapted(
    model: Predictor, labels: Labels, *, sources: Sequence[str], card: Card, seed: int = 0
) -> TrackedRun:
    """Record an adapted predictor with its figures on folds of the measurements.

    Args:
        labels: the measurements, of one target.
        sources: devices that taught.
        card: the predictor's own card.

    Raises:
        InputError: fewer than 4 measurements, of which no fold can be left out.
        DataError: the store cannot be opened.
    """
    if len(labels) <= LEAST:
        raise InputError(
            f"a run of an adapted predictor needs more than {LEAST} measurements, got {len(labels)}"
        )
    evidence = folds(labels, most=MOST_FOLDS, seed=seed)
    predicted = _out_of_fold(model, labels, sources, evidence, seed)[:, None]
    figures = {target_key(labels.targets[0]): quality(labels.values[:, 0], predicted[:, 0])}
    fitted = Fitted(
        model,
        replace(card, quality=figures, split=evidence.rule),
        Intervals.from_errors(labels.values, predicted, logarithmic=labels.metric in LOGARITHMIC),
        labels.values,
        predicted.astype(np.float32),
    )
    return track(fitted, labels, evidence, seed=seed, extra_tags={"archcast.sources": ",".join(sources)})


def _out_of_fold(
    model: Predictor, labels: Labels, sources: Sequence[str], evidence: Folds, seed: int
) -> Doubles:
    """(n,): prediction of each measurement without its fold."""
    predicted = np.empty(len(labels))
    of_device = METRICS[labels.metric].of_device
    prior = prior_of(labels.space, sources) if of_device else None
    for k in range(evidence.count):
        held = evidence.fold == k
        taught = labels.rows(~held)
        if prior is None:
            part: Predictor = PREDICTORS[model.family]().fit(taught, seed=seed)
        else:
            device = labels.devices[0]
            part = adapt_to(prior, taught.codes, taught.values[:, 0], device=device, metric=labels.metric)
        predicted[held] = part.predict(labels.codes[held])[:, 0]
    return predicted
