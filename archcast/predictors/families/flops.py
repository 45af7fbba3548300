"""The plain baseline: cost proportional to a power of the multiply-adds, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.labels import Labels
from archcast.featurize.cost import quantity
from archcast.predictors.contract import Predictor, register


@dataclass(frozen=True, slots=True)
class FlopsConfig:
    """The baseline has no settings."""


@register
class FlopsBaseline(Predictor):
    """z = intercept + slope * log(macs), by least squares for each target."""

    family = "flops"
    Config = FlopsConfig
    arrays, file = ("lines",), "lines.npz"
    by_target: ClassVar = {"lines_": 1}
    reads = ("features/macs",)

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        del seed
        x = self._log_macs(labels.codes)
        self.lines_ = np.zeros((2, z.shape[1]))
        for column in range(z.shape[1]):
            kept = np.isfinite(z[:, column])
            centred = x[kept] - x[kept].mean()
            slope = centred @ z[kept, column] / max(float(centred @ centred), 1e-12)
            self.lines_[:, column] = z[kept, column].mean() - slope * x[kept].mean(), slope

    def _predict(self, codes: Codes) -> Doubles:
        z: Doubles = self.lines_[0] + self._log_macs(codes)[:, None] * self.lines_[1]
        return z

    def _log_macs(self, codes: Codes) -> Doubles:
        return np.log(quantity(self.space_.costs(codes, self.dataset_), "macs"))
