"""Look-up table: the sum of one cost per decision, as search loops with a table of blocks do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError
from archcast.core.labels import Labels
from archcast.featurize.encoders.onehot import offsets, one_hot
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.contract import Predictor, register
from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.link import Link, apply, floored
from archcast.predictors.lowered.tables import Sum


@dataclass(frozen=True, slots=True)
class LookupConfig:
    """Settings of the look-up table.

    Attributes:
        ridge: weight of the penalty that settles entries which the data leave open.
    """

    ridge: float = 1e-3

    def __post_init__(self) -> None:
        if not self.ridge > 0:
            raise InputError(f"ridge must be above 0, got {self.ridge}")


@register
class LookupTable(Predictor):
    """value = base + sum over decisions of table[decision, choice], in the metric's unit.

    The entries are those of least squares, not measured blocks: a table fitted this way is the best
    that any table of the space can do. A sum below the lowest value seen is raised to half of it where
    the metric is above zero by nature.
    """

    family = "lookup"
    Config = LookupConfig
    by_target: ClassVar = {"table_": 1, "base_": 0, "floor_": 0}

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        del z, seed
        encoded = one_hot(labels.codes, self.space_.cardinalities).astype(np.float64)
        m = labels.values.shape[1]
        self.table_, self.base_, self.floor_ = np.zeros((encoded.shape[1], m)), np.zeros(m), np.zeros(m)
        for column in range(m):
            kept = np.isfinite(labels.values[:, column])
            x, y = encoded[kept], labels.values[kept, column]
            centre, self.base_[column] = x.mean(axis=0), y.mean()
            x = x - centre
            gram = x.T @ x + self.config.ridge * np.eye(x.shape[1])
            self.table_[:, column] = np.linalg.solve(gram, x.T @ (y - y.mean()))
            self.base_[column] -= centre @ self.table_[:, column]
            self.floor_[column] = y.min() / 2

    def _predict(self, codes: Codes) -> Doubles:
        return self.scale_.forward(apply(self._link(), self._total(codes)))

    def lower(self) -> Lowered:
        groups = tuple((c,) for c in range(len(self.space_.columns)))
        return Lowered(Sum.of(self._total, groups, self.space_), self._link())

    def _link(self) -> Link:
        return floored(self.floor_) if self.scale_.logarithmic else ()

    def _total(self, codes: Codes) -> Doubles:
        rows = codes.astype(np.int64) + offsets(self.space_.cardinalities)
        total: Doubles = self.base_ + self.table_[rows].sum(axis=1)
        return total

    def to_files(self) -> dict[str, bytes]:
        return {"table.npz": pack({"table": self.table_, "base": self.base_, "floor": self.floor_})}

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        arrays = unpack(files["table.npz"], "table.npz")
        self.table_, self.base_, self.floor_ = arrays["table"], arrays["base"], arrays["floor"]
