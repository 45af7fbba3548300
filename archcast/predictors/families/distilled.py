"""A quick student of a slow predictor: a weighted sum with a small network, taught the other's answers.

| symbol | meaning |
|---|---|
| n, d | architectures, columns of the encoding |
| h, m | hidden units, targets |
| q | (n, m) answer of `Additive` in the metric's unit, or normal score |

The answer is q exp(f(x)) for metrics on a ratio scale and q + f(x) for others, with x the standardised
encoding and f(x) = silu(silu(x W1 + b1) W2 + b2) W3 + b3; where the teacher learned normal scores, its own
map makes values of them. Unlike with measurements, of teacher's answers there are as many as one likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.errors import ArtifactError, InputError
from archcast.core.labels import Labels
from archcast.featurize.encoders.encoding import encode, encoding_groups
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.contract import Predictor, register
from archcast.predictors.families.additive import Additive, AdditiveConfig
from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.corrections import Networks
from archcast.predictors.lowered.link import Correct, Interpolate, Link, apply
from archcast.predictors.lowered.tables import Sum
from archcast.predictors.scale import standardisation
from archcast.predictors.scores import NormalScores

_PASSES = 6
_ARRAYS = ("centre", "scaling", "w1", "b1", "w2", "b2", "w3", "b3")


@dataclass(frozen=True, slots=True)
class DistilledConfig:
    """What the student is and reads.

    Attributes:
        teacher: family of the predictor whose answers it was taught.
        pieces: parts of the encoding, see `archcast.featurize.encoders.encoding`.
    """

    teacher: str = ""
    pieces: tuple[str, ...] = ("decisions", "terms")


@register
class Distilled(Predictor):
    """Sum and small network; made by `archcast.predictors.distill.distil`, not by `fit`.

    Attributes:
        sum_: the weighted sum, of normal scores where there are maps.
        w1_, b1_, w2_, b2_, w3_, b3_: (d, h), (h,), (h, h), (h,), (h, m), (m,), single precision.
        maps_: from scores to values, one a target, or ().
    """

    family = "distilled"
    Config = DistilledConfig
    learns = False
    by_target: ClassVar = {"w3_": 1, "b3_": 0}
    sum_: Additive
    maps_: tuple[NormalScores, ...]

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        raise InputError("distilled must be made from a fitted predictor, by distil")

    def _keep(self, columns: tuple[int, ...]) -> None:
        super()._keep(columns)
        self.sum_ = self.sum_.select(columns)
        self.maps_ = tuple(self.maps_[c] for c in columns) if self.maps_ else ()

    def maps(self) -> tuple[NormalScores, ...]:
        return self.maps_

    def _predict(self, codes: Codes) -> Doubles:
        received = self._received(codes).astype(np.float32)
        return self.scale_.forward(apply(self.link(), self.sum_.summed(codes), received))

    def lower(self) -> Lowered | None:
        groups, base = encoding_groups(self.space_, self.config.pieces), self.sum_.lower()
        if groups is None or base is None:
            return None
        return Lowered(base.cost, self.link(), Sum.of(self._received, groups, self.space_))

    def link(self) -> Link:
        """What is made of the weighted sum."""
        network = Networks(self.w2_[None], self.b2_[None, None], self.w3_[None], self.b3_)
        maps: Link = (Interpolate(self.maps_),) if self.maps_ else ()
        return (*self.sum_.link(), Correct(network, ratio=self.scale_.logarithmic), *maps)

    def standardised(self, codes: Codes) -> Doubles:
        """What the network reads.

        Shapes:
            codes: (n, k); output: (n, d)
        """
        encoded = encode(self.space_, codes, self.config.pieces, self.dataset_)
        x: Doubles = (encoded - self.centre_) * self.scaling_
        return x

    def take_moments(self, codes: Codes) -> None:
        """Learn the scale of the encoding."""
        encoded = encode(self.space_, codes, self.config.pieces, self.dataset_)
        self.centre_, self.scaling_ = standardisation(encoded)

    def take_network(self, layers: tuple[Floats, ...]) -> None:
        """Keep W1, b1, W2, b2, W3 and b3."""
        self.w1_, self.b1_, self.w2_, self.b2_, self.w3_, self.b3_ = layers

    def _received(self, codes: Codes) -> Doubles:
        s: Doubles = self.standardised(codes) @ self.w1_.astype(np.float64) + self.b1_
        return s

    def to_files(self) -> dict[str, bytes]:
        arrays = {name: getattr(self, f"{name}_") for name in _ARRAYS}
        for i, own in enumerate(self.maps_):
            arrays |= {f"{i}.values": own.values, f"{i}.scores": own.scores}
        return {"distilled.npz": pack(arrays)} | self.sum_.to_files()

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        arrays = unpack(files["distilled.npz"], "distilled.npz")
        try:
            for name in _ARRAYS:
                setattr(self, f"{name}_", arrays[name])
            mapped = range(len(self.targets_)) if "0.scores" in arrays else ()
            self.maps_ = tuple(NormalScores(arrays[f"{i}.values"], arrays[f"{i}.scores"]) for i in mapped)
        except KeyError as error:
            raise ArtifactError(f"distilled.npz must hold {error}") from error
        self.sum_ = self.new_sum()
        self.sum_.scale_ = self.scale_
        self.sum_._from_files(files)

    def new_sum(self) -> Additive:
        """An unfitted sum of the same pieces and targets; answers have no noise to penalise weights for."""
        unfitted = Additive(AdditiveConfig(pieces=self.config.pieces, penalties=(1e-6,), passes=_PASSES))
        unfitted._take_header(self.space_.name, self.metric_, self.dataset_, self.targets_)
        return unfitted
