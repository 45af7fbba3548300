"""What predictors of networks are compared with: simple rules, and boosted trees on the same columns.

| symbol | meaning |
|---|---|
| n, m | networks, devices |
| d | columns of work, see `archcast.featurize.encoders.kernel_work` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, Self

import numpy as np

from archcast.core.arrays import Doubles, Floats
from archcast.core.network import Network
from archcast.core.optional import require
from archcast.featurize.encoders.kernel_work import WORK
from archcast.predictors.networks.kinds import Kind
from archcast.predictors.networks.labels import NetworkLabels

_COUNTS = ("products.macs", "bytes", "weights")
_RIDGE = 1e-3
_TREES = MappingProxyType(
    {"objective": "l2", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 4, "verbosity": -1}
)
_ROUNDS = 200


class Learner(Protocol):
    """What is fitted to networks and predicts others."""

    def fit(self, labels: NetworkLabels, *, seed: int = 0) -> Self:
        """Learn from `labels`; returns self."""

    def predict(self, networks: Sequence[Network]) -> Floats | Doubles:
        """Values of every device in the metric's unit, (n, m)."""


class _ByDevice:
    """Learns log costs of each device from columns of networks; of throughput, that of its inverse.

    Attributes:
        answers_: of each device, what gives (n,) log costs from (n, d) columns.
        sign_: -1 where more is better.
    """

    sign_: float
    kinds_: tuple[Kind, ...]
    answers_: tuple[Callable[[Doubles], Doubles], ...]

    def fit(self, labels: NetworkLabels, *, seed: int = 0) -> Self:
        """Learn from `labels`; returns self."""
        self.sign_ = -1.0 if labels.metric == "throughput" else 1.0
        self.kinds_ = tuple(Kind.of(device) for device in labels.devices)
        columns = self._columns(labels.networks)
        answers = []
        for place, kind in enumerate(self.kinds_):
            known = np.isfinite(labels.values[:, place])
            costs = self.sign_ * np.log(labels.values[known, place])
            answers.append(self._learn(columns[kind][known], costs, _names(kind), seed))
        self.answers_ = tuple(answers)
        return self

    def predict(self, networks: Sequence[Network]) -> Doubles:
        """Values of every device in the metric's unit, (n, m)."""
        columns = self._columns(networks)
        logs = [answer(columns[kind]) for kind, answer in zip(self.kinds_, self.answers_, strict=True)]
        values: Doubles = np.exp(self.sign_ * np.stack(logs, axis=1))
        return values

    def _columns(self, networks: Sequence[Network]) -> dict[Kind, Doubles]:
        """Columns of networks as each kind of device sees them."""
        return {kind: kind.totals(networks) for kind in dict.fromkeys(self.kinds_)}

    def _learn(self, x: Doubles, z: Doubles, names: Sequence[str], seed: int) -> Callable[[Doubles], Doubles]:
        """Answer of one device from its (n, d) columns and (n,) log costs."""
        raise NotImplementedError


class MultiplyAdds(_ByDevice):
    """Multiply-adds times one factor a device, the median of what networks tell."""

    def _learn(self, x: Doubles, z: Doubles, names: Sequence[str], seed: int) -> Callable[[Doubles], Doubles]:
        del seed
        place = list(names).index(_COUNTS[0])
        factor = float(np.median(z - np.log1p(x[:, place])))
        return lambda asked: np.asarray(factor + np.log1p(asked[:, place]))


class LogLinear(_ByDevice):
    """Log costs as a weighted sum of the logs of multiply-adds, bytes and weights."""

    def _learn(self, x: Doubles, z: Doubles, names: Sequence[str], seed: int) -> Callable[[Doubles], Doubles]:
        del seed
        places = [list(names).index(name) for name in _COUNTS]
        logs = np.log1p(x[:, places])
        mean, deviation = logs.mean(axis=0), np.maximum(logs.std(axis=0), 1e-9)
        scaled = (logs - mean) / deviation
        gram = scaled.T @ scaled + _RIDGE * len(z) * np.eye(len(places))
        weights = np.linalg.solve(gram, scaled.T @ (z - z.mean()))
        return lambda asked: np.asarray(z.mean() + (np.log1p(asked[:, places]) - mean) / deviation @ weights)


class Boosted(_ByDevice):
    """LightGBM on the logs of all columns of work."""

    def _learn(self, x: Doubles, z: Doubles, names: Sequence[str], seed: int) -> Callable[[Doubles], Doubles]:
        lightgbm = require("lightgbm", extra="train", purpose="comparing with boosted trees")
        settings = {**_TREES, "seed": seed, "num_threads": 1}
        trees = lightgbm.train(settings, lightgbm.Dataset(np.log1p(x), z), num_boost_round=_ROUNDS)
        return lambda asked: np.asarray(trees.predict(np.log1p(asked)))


FLOORS: Mapping[str, Callable[[], Learner]] = MappingProxyType(
    {"multiply-adds": MultiplyAdds, "log-linear": LogLinear, "lightgbm": Boosted}
)


def _names(kind: Kind) -> list[str]:
    return [column.name for column in WORK[kind.work].columns]
