"""What predictors are checked on: made-up latencies, and a family fitted to them once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.labels import Labels, Target
from archcast.featurize.cost import quantity
from archcast.featurize.encoders.onehot import offsets
from archcast.featurize.spaces import Space
from archcast.predictors.contract import Predictor

CONSTANT_MS = 7.0
_ROWS, _HELD_OUT = 120, 60


def synthetic_latency(space: Space, codes: Codes, *, devices: int, seed: int) -> Doubles:
    """Made-up latencies in ms: a cost of each decision plus a time that grows with the multiply-adds.

    Shapes:
        codes: (n, k); output: (n, devices)
    """
    rng = np.random.default_rng(seed)
    table = rng.gamma(2.0, 0.3, size=(sum(space.cardinalities), devices)) / len(space.columns)
    macs = quantity(space.costs(codes), "macs")
    slope = (
        rng.uniform(2.0, 4.0, size=devices) / quantity(space.costs(space.sample(64, seed=0)), "macs").mean()
    )
    picked: Doubles = table[codes.astype(np.int64) + offsets(space.cardinalities)].sum(axis=1)
    latency: Doubles = 0.5 + picked + macs[:, None] * slope
    return latency


class Subject:
    """A family on a space, fitted once for all checks that only read it.

    Args:
        make: an unfitted predictor of the family, the same at each call.
    """

    def __init__(self, make: Callable[[], Predictor], space: Space) -> None:
        self.make, self.space = make, space
        codes = space.sample(_ROWS + _HELD_OUT, seed=1)
        values = synthetic_latency(space, codes, devices=3, seed=2)
        values[:, 2] = CONSTANT_MS
        self.held_codes, self.held_values = codes[_ROWS:], values[_ROWS:]
        values = values[:_ROWS].copy()
        values[::3, 1] = np.nan
        targets = tuple(Target(f"device{i}", space.check_dataset(None)) for i in range(3))
        self.labels = Labels(space.name, "latency", space.check_dataset(None), targets, codes[:_ROWS], values)

    @cached_property
    def fitted(self) -> Predictor:
        """The family fitted to `labels` with seed 0."""
        return self.make().fit(self.labels, seed=0)

    @cached_property
    def answers(self) -> Floats:
        """What it predicts for the held-out codes, (n, 3)."""
        return self.fitted.predict(self.held_codes)
