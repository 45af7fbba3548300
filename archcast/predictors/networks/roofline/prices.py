"""Prices of one device, and the cost of kernels under them.

| symbol | meaning |
|---|---|
| k | kernels |
| C, M | milliseconds that a kernel takes by its multiply-adds alone, by the bytes it moves alone |
| W, L | of reading its weights, of launching it |
| P | sharpness of the roof |

A kernel costs (C^P + M^P)^(1/P) + W + L: what it computes and what it moves overlap, the longer of the two
counts. Prices are of units of work, as logarithms: shared ones, what a kernel's class adds to them, and what
its properties add. A class that nothing taught adds nothing: it costs what its work costs elsewhere.

Source of the form: Williams, Waterman, Patterson, Roofline: an insightful visual performance model (2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Doubles
from archcast.featurize.encoders.kernel_records import CLASSES
from archcast.featurize.encoders.kernel_roofs import AMOUNTS, ON_BYTES, ON_MACS, Roofs

SHARED = (*AMOUNTS, "start")
BY_CLASS = ("macs", "bytes", "written", "weights", "kernels")
"""What a class adds to prices: of multiply-adds, of all bytes, of written ones, of weights, of a launch."""
SHARPNESS = 2.4
_WRITTEN = 0.3
"""How far written bytes of a class depart from all its bytes, in units of their deviation."""
_TINY = 1e-300
SIZE = len(SHARED) + len(BY_CLASS) * len(CLASSES) + len(ON_MACS) + len(ON_BYTES)


class Costs(NamedTuple):
    """Costs of kernels, and their parts, (k,) each."""

    total: Doubles
    computed: Doubles
    moved: tuple[Doubles, Doubles, Doubles]
    weights: Doubles
    launched: Doubles
    tallest: Doubles
    roof: Doubles


@dataclass(frozen=True, slots=True)
class Prices:
    """Logarithms of the prices of a device.

    Shapes:
        shared: (len(SHARED),); by_class: (len(BY_CLASS), len(CLASSES)); on_macs: (f,); on_bytes: (h,)
    """

    shared: Doubles
    by_class: Doubles
    on_macs: Doubles
    on_bytes: Doubles

    @classmethod
    def of(cls, flat: Doubles) -> Prices:
        """From one array of `SIZE`."""
        classes = len(BY_CLASS) * len(CLASSES)
        ends = np.cumsum([len(SHARED), classes, len(ON_MACS)])
        shared, by_class, on_macs, on_bytes = np.split(flat, ends)
        return cls(shared, by_class.reshape(len(BY_CLASS), -1), on_macs, on_bytes)

    @property
    def flat(self) -> Doubles:
        """As one array."""
        return np.concatenate([self.shared, self.by_class.ravel(), self.on_macs, self.on_bytes])

    @property
    def start(self) -> float:
        """Cost of a pass beside its kernels."""
        return float(np.exp(self.shared[-1]))

    def costs(self, roofs: Roofs) -> Costs:
        """Costs of kernels in milliseconds."""
        macs, read, written, curved, weights, kernels = roofs.amounts.T
        own = self.by_class[:, roofs.kinds]
        dearer = own[1] + roofs.on_bytes @ self.on_bytes
        computed = macs * np.exp(self.shared[0] + own[0] + roofs.on_macs @ self.on_macs)
        moved = (
            read * np.exp(self.shared[1] + dearer),
            written * np.exp(self.shared[2] + dearer + _WRITTEN * own[2]),
            curved * np.exp(self.shared[3] + dearer),
        )
        carried = sum(moved)
        tallest = np.maximum(computed, carried) + _TINY
        roof = (computed / tallest) ** SHARPNESS + (carried / tallest) ** SHARPNESS
        read_weights = weights * np.exp(self.shared[4] + own[3])
        launched = kernels * np.exp(self.shared[5] + own[4])
        total = tallest * roof ** (1 / SHARPNESS) + read_weights + launched
        return Costs(total, computed, moved, read_weights, launched, tallest, roof)

    def gradient(self, roofs: Roofs, costs: Costs, slopes: Doubles, start: float) -> Doubles:
        """How a sum of costs changes with prices, flat.

        Args:
            slopes: by how much the sum changes with each kernel's cost, (k,).
            start: by how much with the start.
        """
        lower = costs.roof ** (1 / SHARPNESS - 1) * slopes
        computed = (costs.computed / costs.tallest) ** (SHARPNESS - 1) * lower * costs.computed
        carried = (sum(costs.moved) / costs.tallest) ** (SHARPNESS - 1) * lower
        read, written, curved = (part * carried for part in costs.moved)
        weights, launched = costs.weights * slopes, costs.launched * slopes
        bytes_ = read + written + curved
        shared = [part.sum() for part in (computed, read, written, curved, weights, launched)]
        of_classes = (computed, bytes_, _WRITTEN * written, weights, launched)
        by_class = [np.bincount(roofs.kinds, part, len(CLASSES)) for part in of_classes]
        on_macs, on_bytes = roofs.on_macs.T @ computed, roofs.on_bytes.T @ bytes_
        return np.concatenate([shared, [start * self.start], *by_class, on_macs, on_bytes])
