"""A predictor of networks as one of a space's members.

| symbol | meaning |
|---|---|
| n, k | members, decisions |
| c | devices |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.errors import InputError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import Space
from archcast.predictors.contract import Predictor
from archcast.predictors.lowered import Lowered
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.members.form import MembersForm
from archcast.predictors.scale import TargetScale

_TRIED = 48
_ALIKE = 1e-3
"""Relative difference up to which intervals are taken to be as wide everywhere."""


@dataclass(frozen=True, slots=True)
class MembersConfig:
    """There is nothing to set."""


class MembersPredictor(Predictor):
    """What a predictor of networks says of a space's members; it is saved as that predictor, not as itself.

    Args:
        network_model: of the c devices alone.
        space, dataset: whose members are read, and for which inputs.
        per_second: give items a second in place of the milliseconds of a pass.

    Attributes:
        form: what is called.
    """

    family = "networks"
    Config = MembersConfig
    learns = False

    def __init__(
        self, network_model: NetworkPredictor, space: Space, dataset: str, *, per_second: bool = False
    ) -> None:
        super().__init__(None)
        self.network_model, self.per_second = network_model, per_second
        self.space_, self.dataset_ = space, dataset
        self.metric_ = "throughput" if per_second else network_model.metric_
        self.targets_ = tuple(Target(device, dataset) for device in network_model.devices_)
        c = len(self.targets_)
        self.scale_ = TargetScale(logarithmic=False, mean=np.zeros(c), deviation=np.ones(c))
        self.form = MembersForm(network_model, space, dataset, per_second=per_second)
        self._relative: dict[float, tuple[Doubles, Doubles] | None] = {}

    def predict_checked(self, codes: Codes) -> Floats:
        return self.form.values(codes)

    def scaled(self, codes: Codes) -> Doubles:
        return self.form.values(codes).astype(np.float64)

    def select(self, columns: tuple[int, ...]) -> MembersPredictor:
        if columns == tuple(range(len(self.targets_))):
            return self
        chosen = self.network_model.select(columns)
        return MembersPredictor(chosen, self.space_, self.dataset_, per_second=self.per_second)

    def lower(self) -> Lowered | None:
        """Tables of values, where those are sums of tables."""
        sums = self.form.sums()
        return None if sums is None else Lowered(sums, ())

    def interval(
        self, codes: Codes, coverage: float, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats] | None:
        """Ends that the predictor of networks gives.

        Where they are the same share of the prediction in all of some members drawn at random, they are taken
        to be so in all others; else every network is built.
        """
        values = self.predict_checked(codes) if predicted is None else predicted
        if len(codes) > _TRIED:
            if coverage not in self._relative:
                self._relative[coverage] = self._shares(coverage)
            shares = self._relative[coverage]
            if shares is not None:
                low, high = ((values * share).astype(np.float32) for share in shares)
                return low, high
        return self._ends(codes, coverage, values)

    def _shares(self, coverage: float) -> tuple[Doubles, Doubles] | None:
        """Ends over predictions, (c,) each, where they are the same for members drawn at random."""
        drawn = self.space_.sample(_TRIED, seed=0)
        values = self.predict_checked(drawn)
        ends = self._ends(drawn, coverage, values)
        if ends is None:
            return None
        shares = [np.asarray(end / values, dtype=np.float64) for end in ends]
        if any((np.ptp(share, axis=0) > _ALIKE * share.mean(axis=0)).any() for share in shares):
            return None
        return shares[0].mean(axis=0), shares[1].mean(axis=0)

    def _ends(self, codes: Codes, coverage: float, values: Floats) -> tuple[Floats, Floats] | None:
        networks = [self.space_.network(code, self.dataset_) for code in codes]
        if not self.per_second:
            return self.network_model.interval(networks, coverage, predicted=values)
        factor = self.form.per_second(np.ones_like(values))
        known = self.network_model.interval(networks, coverage, predicted=factor / values)
        return None if known is None else (factor / known[1], factor / known[0])

    def header(self) -> dict[str, Any]:
        raise InputError(
            f"a predictor of {self.space_.name} by networks must be saved as that of networks which it is of"
        )

    def to_files(self) -> dict[str, bytes]:
        self.header()
        return {}

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        raise InputError("a predictor by networks must be fitted to networks")

    def _predict(self, codes: Codes) -> Doubles:
        return self.form.values(codes).astype(np.float64)

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        raise InputError("a predictor by networks must be loaded as that of networks which it is of")
