"""Genes: independent whole numbers that a search may change freely, and the members they stand for.

| symbol | meaning |
|---|---|
| n, k | architectures, decisions; one gene a decision |

In most spaces a gene is a code. Where decisions depend on each other, genes that a member does not use are
ignored, and a value that its other genes forbid is replaced by the nearest that they allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from archcast.core.arrays import Codes, Ints

if TYPE_CHECKING:
    from archcast.featurize.spaces.base import Space


_FACTORS, _POINTS = 4, 6


class Axis(NamedTuple):
    """Genes that a coarse lattice moves together, and most of its points along them, both ends included."""

    genes: tuple[int, ...]
    points: int


class Genome:
    """Genes of a space whose decisions are independent: its codes.

    Attributes:
        cardinalities: (k,), number of values of each gene.
        names: of the genes.
        size: number of members; where it is not known, that of a space that holds them all.
        axes: of a coarse lattice; each gene is in one. By default four of neighbouring genes.
    """

    axes: tuple[Axis, ...]

    def __init__(self, space: Space) -> None:
        self.space, self.size, self.names = space, space.size, tuple(space.columns)
        self.cardinalities: Ints = np.array(space.cardinalities, dtype=np.int64)
        self.axes = axes_of(len(self.cardinalities))

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


def axes_of(k: int) -> tuple[Axis, ...]:
    """Axes of `k` genes of which nothing else is known."""
    parts = np.array_split(np.arange(k), min(k, _FACTORS))
    return tuple(Axis(tuple(part.tolist()), _POINTS) for part in parts)
