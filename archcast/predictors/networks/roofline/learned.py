"""Learning the prices of a device from networks.

| symbol | meaning |
|---|---|
| n | networks |
| u | kernels that differ |
| t, y | (n,) predicted and measured milliseconds |

Prices are least in the mean of a loss of log t - log y, quadratic up to `EDGE` and linear beyond, plus
`shrink` times the squares of what classes and properties add, so that what few networks teach stays near what
all of them share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Doubles
from archcast.featurize.encoders.kernel_roofs import Roofs, as_array, from_array
from archcast.predictors.networks.roofline.prices import SHARED, SIZE, Prices

EDGE = 0.05
_STEPS = 150
_PARTS = {"macs": 0.35, "bytes": 0.35, "kernels": 0.03}
"""Shares of a cost from which prices start."""
_FREEDOM = 0.05
"""How much less than the others the shared prices are held back."""


class Taught(NamedTuple):
    """Kernels of networks.

    Attributes:
        roofs: of u kernels.
        runs: sparse (n, u), how often each network runs each.
    """

    roofs: Roofs
    runs: object

    @classmethod
    def of(cls, networks: Sequence[tuple[Roofs, Doubles]]) -> Taught:
        """From the kernels of each network and how often it runs them."""
        from scipy.sparse import csr_array  # not needed to predict

        every = np.concatenate([as_array(roofs) for roofs, _ in networks])
        times = np.concatenate([times for _, times in networks])
        ends = np.cumsum([0, *(len(times) for _, times in networks)])
        distinct, places = np.unique(every, axis=0, return_inverse=True)
        runs = csr_array((times, places.reshape(-1), ends), shape=(len(networks), len(distinct)))
        return cls(from_array(distinct), runs)

    def networks(self, chosen: Doubles) -> Taught:
        """Some of the networks, by a mask, with the kernels that they run."""
        runs = self.runs[np.flatnonzero(chosen)]  # type: ignore[index]
        used = np.unique(runs.indices)
        return Taught(self.roofs.rows(used), runs[:, used])


def learn_prices(taught: Taught, y: Doubles, shrink: float) -> Prices:
    """Prices of a device.

    Shapes:
        y: (n,), milliseconds of all networks of `taught`
    """
    from scipy.optimize import minimize

    base = np.zeros(SIZE)
    base[: len(SHARED)] = _first(taught, y)
    held = np.full(SIZE, shrink)
    held[: len(SHARED)] *= _FREEDOM
    held[len(SHARED) - 2 : len(SHARED)] = shrink
    logs = np.log(y)

    def loss(added: Doubles) -> tuple[float, Doubles]:
        value, slope = _loss(Prices.of(base + added), taught, logs)
        return value + float(held @ added**2), slope + 2 * held * added

    options = {"maxiter": _STEPS, "maxcor": 20}
    fitted = minimize(loss, np.zeros(SIZE), jac=True, method="L-BFGS-B", options=options)
    return Prices.of(base + fitted.x)


def _loss(prices: Prices, taught: Taught, logs: Doubles) -> tuple[float, Doubles]:
    """Mean loss, and how it changes with prices."""
    costs = prices.costs(taught.roofs)
    total = taught.runs @ costs.total + prices.start  # type: ignore[operator]
    off = np.log(total) - logs
    size = np.abs(off)
    loss = np.where(size < EDGE, 0.5 * off**2 / EDGE, size - 0.5 * EDGE)
    slope = np.clip(off / EDGE, -1, 1) / total / len(logs)
    by_kernel = taught.runs.T @ slope  # type: ignore[attr-defined]
    return float(loss.mean()), prices.gradient(taught.roofs, costs, by_kernel, float(slope.sum()))


def _first(taught: Taught, y: Doubles) -> Doubles:
    """Logs of shared prices that share the cost of a typical network out."""
    macs, read, written, _, _, kernels = taught.roofs.amounts.T
    work = {"macs": macs, "bytes": read + written, "kernels": kernels}
    prices = {}
    for name, amount in work.items():
        of_networks = np.maximum(taught.runs @ amount, 1e-12)
        prices[name] = np.log(_PARTS[name] * np.median(y / of_networks))
    of_bytes = prices["bytes"]
    return np.array(
        [prices["macs"], of_bytes, of_bytes, of_bytes - 1, of_bytes, prices["kernels"], prices["kernels"]]
    )
