"""Prices of a device from its own few measurements alone, which hold where no source is like it.

| symbol | meaning |
|---|---|
| n, d, r | measured networks, columns of work, ridges |
| x | (n, d) work of networks as the device's kind sees it |

They are those of `archcast.predictors.networks.sums`, at each of a few ridges; what counts is the geometric
mean over the ridges. Pooled columns and what a class may plausibly add hold them together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles
from archcast.featurize.encoders.kernel_work import WORK
from archcast.predictors.networks.kinds import Kind
from archcast.predictors.networks.nonnegative import prices

RIDGES = (0.02, 0.08, 0.3)
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """Prices of one device.

    Shapes:
        weights: (d, r)
    """

    weights: Doubles

    @classmethod
    def learn(cls, x: Doubles, costs: Doubles, kind: Kind) -> OwnPrices:
        """Prices from costs of a pass.

        Shapes:
            x: (n, d); costs: (n,)
        """
        return cls(prices(x, costs, columns=WORK[kind.work].units, ridges=RIDGES).T)

    @classmethod
    def left_out(cls, x: Doubles, costs: Doubles, kind: Kind) -> Doubles:
        """Log costs of each network by what the others teach, (n,)."""
        every = np.arange(len(costs))
        return np.array(
            [cls.learn(x[every != i], costs[every != i], kind).logs(x[i : i + 1])[0] for i in every]
        )

    def logs(self, x: Doubles) -> Doubles:
        """Log costs of networks, (n,)."""
        return logs_of_sums(x @ self.weights)


def logs_of_sums(sums: Doubles) -> Doubles:
    """Log costs from costs at each ridge, (n, r) -> (n,)."""
    mean: Doubles = np.log(np.maximum(sums, _LEAST)).mean(axis=1)
    return mean
