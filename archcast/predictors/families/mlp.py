"""A weighted sum of terms, corrected by a small network that all devices share; answered with NumPy alone.

| symbol | meaning |
|---|---|
| n, d | architectures, terms |
| h | hidden units |
| m | targets |
| a | (m,) gate of each target, 0 to 1 |

z = z_sum + a * mean over members of f(x), with z_sum the scaled answer of `Additive`, x the standardised
terms and f(x) = silu(silu(x W1 + b1) W2 + b2) W3 + b3. The gate is how much of the network's correction
held true on rows it had not seen: targets whose noise it would only repeat keep the plain sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.checks import check_above_zero, check_at_least, check_share
from archcast.core.labels import Labels
from archcast.featurize.encoders.encoding import encode, encoding_groups
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.contract import Predictor, register
from archcast.predictors.families.additive import Additive
from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.corrections import Networks, silu
from archcast.predictors.lowered.link import Correct, Exp
from archcast.predictors.lowered.tables import Sum
from archcast.predictors.scale import standardisation

Member = tuple[Floats, ...]
"""W1 (d, h), b1 (h,), W2 (h, h), b2 (h,), W3 (h, m), b3 (m,)."""
_LAYERS = ("w1", "b1", "w2", "b2", "w3", "b3")
_HELD_BACK = 0.15
_SHUT = 0.1
_MINIMUM_ROWS = 40


@dataclass(frozen=True, slots=True)
class MLPConfig:
    """Settings of the network and of its training.

    Attributes:
        pieces: parts of the encoding that the network reads, see `archcast.featurize.encoders.encoding`.
        corrects: whether it corrects a weighted sum of terms; otherwise it predicts alone.
        hidden: units of each of the two hidden layers.
        members: networks that are averaged.
        epochs, batch, rate, decay, dropout: of AdamW with a one-cycle schedule.
        huber: scaled errors beyond which the loss is linear.
        threads: processor threads for fitting; more than one only costs time at this size.
    """

    pieces: tuple[str, ...] = ("terms",)
    corrects: bool = True
    hidden: int = 128
    members: int = 3
    epochs: int = 100
    batch: int = 64
    rate: float = 3e-3
    decay: float = 0.3
    dropout: float = 0.1
    huber: float = 1.0
    threads: int = 1

    def __post_init__(self) -> None:
        check_at_least(self, hidden=1, members=1, epochs=1, batch=1, threads=1)
        check_above_zero(self, "rate", "huber")
        check_share(self, "dropout")


@register
class MLP(Predictor):
    """Sum of terms plus the gated mean of small networks; one model for many devices."""

    family = "mlp"
    Config = MLPConfig
    by_target: ClassVar = {"gate_": 0}

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        self._take_moments(labels.codes)
        self.sum_: Additive | None = None
        self.gate_ = np.ones(z.shape[1])
        if self.config.corrects:
            self.gate_ = self._gate(labels, z, seed) if len(labels) >= _MINIMUM_ROWS else 0 * self.gate_
            self.sum_ = Additive().fit(labels)
            self.gate_ = np.where(self.sum_.exact_, 0.0, self.gate_)
        self.members_ = self._networks(labels.codes, z, self.sum_, self.config.members, seed)

    def _take_moments(self, codes: Codes) -> None:
        encoded = encode(self.space_, codes, self.config.pieces, self.dataset_, features=self.features_)
        self.centre_, self.scaling_ = standardisation(encoded)

    def _gate(self, labels: Labels, z: Doubles, seed: int) -> Doubles:
        """Least-squares share of the correction on rows held back from sum and network."""
        order = np.random.default_rng([seed, 1]).permutation(len(z))
        cut = round(_HELD_BACK * len(z))
        held, rest = order[:cut], order[cut:]
        if not np.isfinite(z[rest]).any(axis=0).all():
            return np.zeros(z.shape[1])
        part = Additive().fit(labels.rows(rest))
        members = self._networks(labels.codes[rest], z[rest], part, 1, seed)
        correction = self._correction(self.standardised(labels.codes[held]), members)
        residual = z[held] - self.scale_.forward(part.predict(labels.codes[held]).astype(np.float64))
        known = np.isfinite(residual)
        residual = np.where(known, residual, 0.0)
        bound = 3 * residual.std(axis=0) + 1e-12
        agree = (np.clip(residual, -bound, bound) * correction).sum(axis=0)
        gate = np.clip(agree / np.maximum((correction**2 * known).sum(axis=0), 1e-20), 0.0, 1.0)
        return np.where(gate < _SHUT, 0.0, gate)

    def _networks(
        self, codes: Codes, z: Doubles, base: Additive | None, members: int, seed: int
    ) -> list[Member]:
        from archcast.predictors.families.mlp_fit import fit_members

        wanted = z
        if base is not None:
            wanted = z - self.scale_.forward(base.predict(codes).astype(np.float64))
        return fit_members(self.standardised(codes), wanted, self.config, members=members, seed=seed)

    def _predict(self, codes: Codes) -> Doubles:
        z = self.correction(codes) * self.gate_
        if self.sum_ is not None:
            z += self.sum_._predict(codes)
        return z

    def lower(self) -> Lowered | None:
        groups = encoding_groups(self.space_, self.config.pieces)
        base = None if self.sum_ is None else self.sum_.lower()
        if groups is None or not self.members_ or (self.sum_ is not None and base is None):
            return None
        weights = [np.stack([member[i] for member in self.members_]) for i in range(len(_LAYERS))]
        w1, b1, w2, b2, w3, b3 = (w.astype(np.float64) for w in weights)
        folded = self.gate_ * self.scale_.deviation / len(self.members_)
        first, shift = np.concatenate(list(w1), axis=1), b1.reshape(-1)
        after = (w2, b2[:, None, :], w3 * folded, b3.sum(axis=0) * folded)
        correct = Correct(Networks(*(x.astype(np.float32) for x in after)), self.scale_.logarithmic)

        def received(codes: Codes) -> Doubles:
            encoded = encode(self.space_, codes, self.config.pieces, self.dataset_)
            s: Doubles = (encoded - self.centre_) * self.scaling_ @ first + shift
            return s

        hidden = Sum.of(received, groups, self.space_)
        if base is not None:
            return Lowered(base.cost, (*base.link, correct), hidden)
        mean = Sum.of(lambda codes: np.tile(self.scale_.mean, (len(codes), 1)), groups, self.space_)
        return Lowered(mean, (*((Exp(),) if self.scale_.logarithmic else ()), correct), hidden)

    def _keep(self, columns: tuple[int, ...]) -> None:
        super()._keep(columns)
        chosen = list(columns)
        self.members_ = [(*inner, w3[:, chosen], b3[chosen]) for *inner, w3, b3 in self.members_]
        if self.sum_ is not None:
            self.sum_ = self.sum_.select(columns)

    def correction(self, codes: Codes) -> Doubles:
        """Mean of the networks, before the gate.

        Shapes:
            codes: (n, k); output: (n, m)
        """
        return self._correction(self.standardised(codes), self.members_)

    def _correction(self, x: Floats, members: list[Member]) -> Doubles:
        total = np.zeros((len(x), len(self.targets_)))
        for w1, b1, w2, b2, w3, b3 in members:
            total += silu(silu(x @ w1 + b1) @ w2 + b2) @ w3 + b3
        return total / len(members)

    def standardised(self, codes: Codes) -> Floats:
        """What the networks read.

        Shapes:
            codes: (n, k); output: (n, d)
        """
        encoded = encode(self.space_, codes, self.config.pieces, self.dataset_, features=self.features_)
        scaled: Doubles = (encoded - self.centre_) * self.scaling_
        return scaled.astype(np.float32)

    @property
    def reads(self) -> tuple[str, ...]:
        """Pieces of the encoding, and what the sum of terms reads."""
        return (*self.config.pieces, *(() if self.sum_ is None else self.sum_.reads))

    def to_files(self) -> dict[str, bytes]:
        arrays: dict[str, NDArray[Any]] = {
            "centre": self.centre_,
            "scaling": self.scaling_,
            "gate": self.gate_,
        }
        for i, member in enumerate(self.members_):
            arrays |= {f"{i}.{name}": array for name, array in zip(_LAYERS, member, strict=True)}
        return {"network.npz": pack(arrays)} | (self.sum_.to_files() if self.sum_ else {})

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        arrays = unpack(files["network.npz"], "network.npz")
        self.centre_, self.scaling_ = arrays.pop("centre"), arrays.pop("scaling")
        self.gate_ = arrays.pop("gate")
        count = len(arrays) // len(_LAYERS)
        self.members_ = [tuple(arrays[f"{i}.{name}"] for name in _LAYERS) for i in range(count)]
        self.sum_ = None
        if self.config.corrects:
            self.sum_ = Additive()
            self.sum_._take_header(self.space_.name, self.metric_, self.dataset_, self.targets_)
            self.sum_.scale_, self.sum_.features_ = self.scale_, self.features_
            self.sum_._from_files(files)
