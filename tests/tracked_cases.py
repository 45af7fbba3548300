"""Noisy additive labels, and families fitted to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from made_up import additive_labels

from archcast.core.labels import Labels
from archcast.predictors import Predictor
from archcast.training.fit import Fitted, fit
from archcast.training.splits import Split, group_split


def noisy_labels(devices: tuple[str, ...] = ("board_a", "board_b"), *, share: float = 0.05) -> Labels:
    """Additive latencies with multiplicative noise and a few missing measurements."""
    labels = additive_labels(devices)
    rng = np.random.default_rng(0)
    values = labels.values * np.exp(rng.normal(0, share, labels.values.shape))
    values[rng.random(values.shape) < 0.03] = np.nan
    return replace(labels, values=values)


def fitted_to(labels: Labels, family: type[Predictor], *, seed: int = 0) -> tuple[Fitted, Split]:
    """A family fitted to a split of that seed."""
    split = group_split(labels, seed=seed)
    return fit(family(), labels, split), split
