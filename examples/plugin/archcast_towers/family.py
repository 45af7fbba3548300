"""A family of predictors: the mean of the nearest networks that were measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.labels import Labels
from archcast.predictors import Predictor


@dataclass(frozen=True, slots=True)
class NearestConfig:
    """Settings.

    Attributes:
        sharpness: how much less a network weighs for each decision in which it differs.
    """

    sharpness: float = 2.0


class Nearest(Predictor):
    """Values of the measured networks, weighed by exp(-sharpness * decisions that differ)."""

    family = "nearest"
    Config = NearestConfig
    arrays = ("codes", "values")
    by_target: ClassVar = {"values_": 1}

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        self.codes_, self.values_ = labels.codes.copy(), z.copy()

    def _predict(self, codes: Codes) -> Doubles:
        apart = (codes[:, None, :] != self.codes_).sum(axis=2)
        closer = apart - apart.min(axis=1, keepdims=True)
        weights = np.exp(-self.config.sharpness * closer)
        known = np.isfinite(self.values_)
        return np.asarray(weights @ np.where(known, self.values_, 0.0) / (weights @ known))
