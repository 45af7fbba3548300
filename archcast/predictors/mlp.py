"""A small network on decisions and features, shared between all devices, answered with NumPy alone.

| symbol | meaning |
|---|---|
| n | architectures |
| d | columns of the encoding |
| h | hidden units |
| m | targets |
| r | members of the ensemble |

z = X B + mean over members of relu(relu(X W1 + b1) W2 + b2) W3 + b3, with B the Bayesian linear
regression of each target, which the network corrects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.labels import Labels
from archcast.featurize.encoding import encode
from archcast.predictors.arrays import pack, unpack
from archcast.predictors.base import Predictor, register
from archcast.predictors.linear import BayesianLinear, LinearConfig

Member = tuple[Floats, ...]
"""W1 (d, h), b1 (h,), W2 (h, h), b2 (h,), W3 (h, m), b3 (m,)."""
_LAYERS = ("w1", "b1", "w2", "b2", "w3", "b3")


@dataclass(frozen=True, slots=True)
class MLPConfig:
    """Settings of the network and of its training.

    Attributes:
        pieces: parts of the encoding, see `archcast.featurize.encoding`.
        hidden: units of each of the two hidden layers.
        members: networks that are averaged.
        epochs, batch, rate, decay, dropout: of AdamW with a one-cycle schedule.
        threads: processor threads for fitting.
    """

    pieces: tuple[str, ...] = ("decisions", "features")
    hidden: int = 192
    members: int = 3
    epochs: int = 150
    batch: int = 128
    rate: float = 2e-3
    decay: float = 1e-2
    dropout: float = 0.0
    threads: int = 2


@register
class MLP(Predictor):
    """Linear in the encoding plus the mean of small networks; one model for many devices."""

    family = "mlp"
    Config = MLPConfig

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        from archcast.predictors.mlp_fit import fit_members

        self.linear_ = BayesianLinear(LinearConfig(pieces=self.config.pieces)).fit(labels)
        residual = z - self.linear_._predict(labels.codes)
        self.members_ = fit_members(self._encode(labels.codes), residual, self.config, seed=seed)

    def _predict(self, codes: Codes) -> Doubles:
        x = self._encode(codes)
        z: Doubles = (x @ self.linear_.weights_ + self.linear_.intercept_).astype(np.float64)
        for w1, b1, w2, b2, w3, b3 in self.members_:
            hidden = np.maximum(x @ w1 + b1, 0)
            hidden = np.maximum(hidden @ w2 + b2, 0)
            z += (hidden @ w3 + b3) / len(self.members_)
        return z

    def _encode(self, codes: Codes) -> Floats:
        encoded = encode(self.space_, codes, self.config.pieces, self.dataset_)
        scaled: Doubles = (encoded - self.linear_.centre_) * self.linear_.scaling_
        return scaled.astype(np.float32)

    def to_files(self) -> dict[str, bytes]:
        arrays = {
            f"{i}.{name}": a
            for i, member in enumerate(self.members_)
            for name, a in zip(_LAYERS, member, strict=True)
        }
        return {"members.npz": pack(arrays)} | self.linear_.to_files()

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        arrays = unpack(files["members.npz"], "members.npz")
        self.members_ = [
            tuple(arrays[f"{i}.{name}"] for name in _LAYERS) for i in range(len(arrays) // len(_LAYERS))
        ]
        self.linear_ = BayesianLinear(LinearConfig(pieces=self.config.pieces))
        self.linear_._take_header(self.space_.name, self.metric_, self.dataset_, self.targets_)
        self.linear_.scale_ = self.scale_
        self.linear_._from_files(files)
