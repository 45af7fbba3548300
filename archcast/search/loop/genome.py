"""The genes of a smaller space, and their changes.

| symbol | meaning |
|---|---|
| n, k | architectures, genes |

In a smaller space (`archcast.search.blocks.reduce`) a gene counts the blocks that are left.
"""

from __future__ import annotations

import math

import numpy as np

from archcast.core.arrays import Codes, Ints
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces.genome import Genome, axes_of
from archcast.search.blocks.reduce import ReducedSpace


class _ReducedGenome(Genome):
    """Genes of a smaller space, see `ReducedSpace`."""

    def __init__(self, within: ReducedSpace) -> None:
        super().__init__(SPACES[within.space])
        self.within, self.cardinalities, self.names = within, within.cardinalities, within.gene_names
        product = math.prod(self.cardinalities.tolist())
        self.axes = axes_of(len(self.cardinalities))
        self.size = product if self.space.is_product else self.space.size

    def codes(self, genes: Ints) -> Codes:
        return self.within.codes(genes)

    def genes(self, codes: Codes) -> Ints:
        return self.within.genes(codes)

    def sample(self, n: int, *, seed: int) -> Codes:
        return self.within.sample(n, seed=seed)

    def neighbours(self, codes: Codes) -> Codes:
        return self.within.neighbours(codes)[0]


def genome_of(space: Space, within: ReducedSpace | None = None) -> Genome:
    """The genes of a space, or of a smaller one in it.

    Raises:
        InputError: the decisions depend on each other in a way that the space does not say; `within` is part
            of another space.
    """
    if within is None:
        return space.genome()
    if within.space != space.name:
        raise InputError(f"within must be a part of {space.name}, got one of {within.space}")
    return _ReducedGenome(within)


def changed(genes: Ints, cardinalities: Ints, rng: np.random.Generator) -> Ints:
    """Each row with one gene, drawn at random, given another value.

    Shapes:
        genes: (n, k); output: (n, k)
    """
    free = np.flatnonzero(cardinalities > 1)
    column = rng.choice(free, size=len(genes))
    out, rows = genes.copy(), np.arange(len(genes))
    shift = rng.integers(1, cardinalities[column])
    out[rows, column] = (out[rows, column] + shift) % cardinalities[column]
    return out
