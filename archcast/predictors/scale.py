"""How a predictor scales its targets; predictions always come back in the metric's unit.

| symbol | meaning |
|---|---|
| y | value in the metric's unit |
| z | scaled value: (g(y) - mean) / deviation, one mean and deviation a target |
| g | log for metrics above zero that span a ratio (latency, energy, throughput), identity for accuracy |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError

LOGARITHMIC = frozenset({"latency", "energy", "throughput", "memory"})
_FLAT = 1e-9


def standardisation(x: Doubles) -> tuple[Doubles, Doubles]:
    """Mean, and what x - mean is multiplied by: 1 over the deviation, 0 for a column that never varies.

    Shapes:
        x: (n, d); output: (d,) each
    """
    deviation = x.std(axis=0)
    return x.mean(axis=0), np.where(deviation > _FLAT, 1.0 / np.maximum(deviation, _FLAT), 0.0)


@dataclass(frozen=True, slots=True)
class TargetScale:
    """Standardised, and for costs logarithmic, targets.

    Shapes:
        mean, deviation: (m,)
    """

    logarithmic: bool
    mean: Doubles
    deviation: Doubles

    @classmethod
    def fit(cls, values: Doubles, metric: str) -> TargetScale:
        """Learn mean and deviation; raise InputError for a target with no value.

        Shapes:
            values: (n, m), NaN where missing
        """
        logarithmic = metric in LOGARITHMIC
        present = np.isfinite(values)
        if not present.any(axis=0).all():
            raise InputError(f"target {int(present.any(axis=0).argmin())} has no value to learn from")
        scaled = np.log(values) if logarithmic else values
        deviation = np.nanstd(scaled, axis=0)
        return cls(logarithmic, np.nanmean(scaled, axis=0), np.where(deviation > _FLAT, deviation, 1.0))

    def select(self, columns: tuple[int, ...]) -> TargetScale:
        """The scale of some targets."""
        chosen = list(columns)
        return TargetScale(self.logarithmic, self.mean[chosen], self.deviation[chosen])

    def forward(self, values: Doubles) -> Doubles:
        """y -> z.

        Shapes:
            values, output: (n, m)
        """
        scaled = np.log(values) if self.logarithmic else values
        z: Doubles = (scaled - self.mean) / self.deviation
        return z

    def inverse(self, z: Doubles) -> Doubles:
        """z -> y.

        Shapes:
            z, output: (n, m)
        """
        scaled = z * self.deviation + self.mean
        y: Doubles = np.exp(scaled) if self.logarithmic else scaled
        return y
