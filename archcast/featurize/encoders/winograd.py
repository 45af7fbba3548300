"""Convolutions of 3 x 3 without a stride, as products of tiles that were transformed.

| symbol | meaning |
|---|---|
| k | kernels |
| m | places of the output that one tile gives along each axis: 2, 4 or 6 |
| points | (m + 2)^2, products that each tile takes for a pair of channels, where a window takes 9 m^2 |

Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016. A runtime is believed to
take the m of the fewest products, which on small maps are not those of the largest tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Bools, Doubles

_SIZES = np.array([2.0, 4.0, 6.0])
_WINDOW = 9
_LEAST_CHANNELS = 8


@dataclass(frozen=True, slots=True)
class Transformed:
    """What becomes of kernels; 0 where they are no such convolutions.

    Shapes:
        fits, points, tiles: (k,)

    Attributes:
        fits: which kernels are run so.
        tiles: of one item.
    """

    fits: Bools
    points: Doubles
    tiles: Doubles

    @classmethod
    def of(
        cls, *, single: Bools, window: Doubles, inputs: Doubles, outputs: Doubles, places: Doubles
    ) -> Transformed:
        """Of kernels whose maps are taken to be square.

        Args:
            single: convolutions of one group without a stride.
            places: of the output of one item.

        Shapes:
            (k,) each
        """
        fits = single & (window == _WINDOW) & (inputs >= _LEAST_CHANNELS) & (outputs >= _LEAST_CHANNELS)
        points = (_SIZES + 2) ** 2
        tiles = np.ceil(np.sqrt(np.maximum(places, 1.0))[:, None] / _SIZES) ** 2
        best = (points * tiles).argmin(axis=1)
        return cls(fits, points[best] * fits, tiles[np.arange(len(best)), best] * fits)
