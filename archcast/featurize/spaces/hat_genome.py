"""Genes of HAT: sums over layers become the nearest sum that the number of layers allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archcast.core.arrays import Codes, Ints
from archcast.featurize.spaces.genome import Genome

if TYPE_CHECKING:
    from archcast.featurize.spaces.base import Space

_DEPTH = "decoder_layer_num"
_PROBED = 4096


class HATGenome(Genome):
    """Any gene is taken; what a decoder of so many layers cannot have becomes the nearest that it can."""

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._depth = space.columns.index(_DEPTH)
        most, depths = int(self.cardinalities.max()), int(self.cardinalities[self._depth])
        members = space.sample(_PROBED, seed=0)
        self._nearest = np.zeros((depths, len(space.columns), most), dtype=np.int8)
        for depth in range(depths):
            base = members[members[:, self._depth] == depth][0]
            for column, top in enumerate(space.cardinalities):
                tried = np.repeat(base[None], top, axis=0)
                tried[:, column] = np.arange(top)
                whole = column == self._depth  # of which each value allows others to the rest
                allowed = np.arange(top) if whole else np.flatnonzero(space.valid(tried))
                near = np.abs(np.arange(most)[:, None] - allowed).argmin(axis=1)
                self._nearest[depth, column] = allowed[near]

    def codes(self, genes: Ints) -> Codes:
        depth = genes[:, self._depth, None]
        return self._nearest[depth, np.arange(genes.shape[1]), genes]
