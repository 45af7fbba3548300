"""Two predictors of networks as one: weighted geometric means of non-negative prices and of a roofline.

| symbol | meaning |
|---|---|
| n, m | networks, devices |
| a, b | terms of the sums and of the roofline, m each |

They err in different ways on families that neither has seen, so that their mean errs less than each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.network import Network
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.kinds import kinds_of, pass_costs
from archcast.predictors.networks.labels import NetworkLabels
from archcast.predictors.networks.roofline.predictor import Roofline, RooflineConfig
from archcast.predictors.networks.sums import Sums, SumsConfig

_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class BlendConfig:
    """Settings.

    Attributes:
        roofline: share of the roofline in the mean of logarithms, 0 to 1; of the sums is the rest.
        shrink: of the roofline.
        ridges: of the sums.
    """

    roofline: float = 0.75
    shrink: float = 2e-4
    ridges: tuple[float, ...] = SumsConfig().ridges


class Blend(NetworkPredictor):
    """The geometric mean of a `Sums` and a `Roofline` of the same devices."""

    family = "blend"
    Config = BlendConfig
    sums_: Sums
    roofline_: Roofline

    def learn(self, labels: NetworkLabels, *, seed: int) -> None:
        """Fit both to the same labels.

        Raises:
            InputError: a device has fewer than two measurements.
        """
        self._take(*self._new())
        for member in (self.sums_, self.roofline_):
            member.learn(labels, seed=seed)

    def alike(self) -> list[list[int]]:
        """Columns of each kind of device."""
        return list(kinds_of(self.devices_).values())

    @property
    def terms_count(self) -> int:
        """Terms of the sums, then those of the roofline."""
        return 2 * len(self.devices_)

    def kernel_terms(self, network: Network) -> Doubles:
        """What kernels cost by the sums and by the roofline, (rows, 2 m)."""
        members = (self.sums_, self.roofline_)
        return np.concatenate([member.kernel_terms(network) for member in members], axis=1)

    def terms(self, networks: Sequence[Network]) -> Doubles:
        """Terms of networks, (n, 2 m)."""
        members = (self.sums_, self.roofline_)
        return np.concatenate([member.terms(networks) for member in members], axis=1)

    def finish(self, terms: Doubles) -> Doubles:
        """The weighted geometric mean of both costs, and the values that costs make.

        Shapes:
            terms: (n, 2 m); output: (n, m)
        """
        share = self.config.roofline
        by_sums, by_roofline = np.split(np.maximum(terms, _LEAST), 2, axis=1)
        costs = np.exp((1 - share) * np.log(by_sums) + share * np.log(by_roofline))
        return pass_costs(costs, self.metric_, self.devices_)

    def take_columns(self, whole: Blend, columns: tuple[int, ...]) -> None:
        """Both of some devices."""
        self._take(whole.sums_.select(columns), whole.roofline_.select(columns))

    def learned_files(self) -> dict[str, bytes]:
        """What both learned."""
        return self.sums_.learned_files() | self.roofline_.learned_files()

    def take_files(self, files: Mapping[str, bytes]) -> None:
        """Take back what both learned."""
        self._take(*self._new())
        for member in (self.sums_, self.roofline_):
            member.take_files(files)

    def _new(self) -> tuple[Sums, Roofline]:
        sums = Sums(SumsConfig(ridges=self.config.ridges))
        return sums, Roofline(RooflineConfig(self.config.shrink))

    def _take(self, sums: Sums, roofline: Roofline) -> None:
        self.sums_, self.roofline_ = sums, roofline
        for member in (sums, roofline):
            member.metric_, member.devices_, member.operators_ = self.metric_, self.devices_, self.operators_
