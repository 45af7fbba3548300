"""Genes: independent whole numbers that every method may change freely, and the members they stand for.

| symbol | meaning |
|---|---|
| n, k | architectures, decisions; one gene a decision |

In most spaces a gene is a code. Where decisions depend on each other, genes that a member does not use are
ignored, and a value that its other genes forbid is replaced by the nearest that they allow. In a smaller
space (`archcast.search.blocks.reduce`) a gene counts the blocks that are left.
"""

from __future__ import annotations

import math

import numpy as np

from archcast.core.arrays import Codes, Ints
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces.hat import HAT
from archcast.featurize.spaces.ofa_mbv3 import OFAMobileNetV3
from archcast.featurize.spaces.ofa_mbv3_notation import N_POSITIONS
from archcast.search.blocks.reduce import ReducedSpace

_DEPTH = "decoder_layer_num"
_PROBED = 4096


class Genome:
    """Genes of a space whose decisions are independent: its codes.

    Attributes:
        cardinalities: (k,), number of values of each gene.
        names: of the genes.
        size: number of members; where it is not known, that of a space that holds them all.
    """

    def __init__(self, space: Space) -> None:
        self.space, self.size, self.names = space, space.size, tuple(space.columns)
        self.cardinalities: Ints = np.array(space.cardinalities, dtype=np.int64)

    def codes(self, genes: Ints) -> Codes:
        """Members of the space.

        Shapes:
            genes: (n, k), each below its cardinality; output: (n, k)
        """
        return np.ascontiguousarray(genes, dtype=np.int8)

    def genes(self, codes: Codes) -> Ints:
        """Genes of members; the inverse of `codes` but for genes that are not used.

        Shapes:
            codes: (n, k); output: (n, k)
        """
        return codes.astype(np.int64)

    def sample(self, n: int, *, seed: int) -> Codes:
        """Members drawn at random, (n, k)."""
        return self.space.sample(n, seed=seed)

    def neighbours(self, codes: Codes) -> Codes:
        """Members one edit away from any of some, (m, k)."""
        return self.space.neighbours(codes)[0]


class _OFAGenome(Genome):
    """Kernels and expansions count from 0, and those of unused positions are ignored."""

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self.cardinalities[: 2 * N_POSITIONS] -= 1

    def codes(self, genes: Ints) -> Codes:
        codes = genes.astype(np.int8)
        codes[:, : 2 * N_POSITIONS] += 1
        return self.space.parse(codes)

    def genes(self, codes: Codes) -> Ints:
        genes = codes.astype(np.int64)
        genes[:, : 2 * N_POSITIONS] = np.maximum(genes[:, : 2 * N_POSITIONS] - 1, 0)
        return genes


class _HATGenome(Genome):
    """Sums over layers become the nearest sum that the number of layers allows."""

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


class _ReducedGenome(Genome):
    """Genes of a smaller space, see `ReducedSpace`."""

    def __init__(self, within: ReducedSpace) -> None:
        super().__init__(SPACES[within.space])
        self.within, self.cardinalities, self.names = within, within.cardinalities, within.gene_names
        whole = math.prod(self.space.cardinalities) == self.space.size
        self.size = math.prod(self.cardinalities.tolist()) if whole else self.space.size

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
        InputError: the decisions depend on each other in a way that is not known here; `within` is part of
            another space.
    """
    if within is not None:
        if within.space != space.name:
            raise InputError(f"within must be a part of {space.name}, got one of {within.space}")
        return _ReducedGenome(within)
    if isinstance(space, OFAMobileNetV3):
        return _OFAGenome(space)
    if isinstance(space, HAT):
        return _HATGenome(space)
    if space.size != math.prod(space.cardinalities):
        raise InputError(f"space must have independent decisions to be searched, {space.name} has not")
    return Genome(space)


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
