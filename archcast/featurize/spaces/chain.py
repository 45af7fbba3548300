"""Spaces whose networks are a chain of parts, each part fixed by a small key.

A part is a stretch of the network (stem, one block, head) that takes one of `n_keys` forms. Each form
is built as layers once; a network is the chain of its parts' layers, and the cost of a batch is a
gather in the parts' cost tables.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.core.layers import GraphBuilder, LayerGraph, Shape
from archcast.featurize.cost import COST_SHAPE, layers_cost
from archcast.featurize.spaces.base import Space

Build = Callable[[GraphBuilder, int, int], int]
"""(builder, input layer, key) -> output layer."""


@dataclass(frozen=True)
class Part:
    """One stretch of a chain.

    Attributes:
        name: e.g. `stage1.block0`; the layers' `part`.
        n_keys: number of forms.
        build: adds the layers of form `key` and returns the output layer.
        input_shape: key -> channels and side of the square input that form `key` expects.
    """

    name: str
    n_keys: int
    build: Build
    input_shape: Callable[[int], tuple[int, int]]


class ChainSpace(Space):
    """A space of chains; a subclass gives the parts and their keys."""

    @abstractmethod
    def parts(self, dataset: str) -> tuple[Part, ...]:
        """The P parts from input to classifier; the first one's input is the image."""

    @abstractmethod
    def part_keys(self, codes: Codes) -> Ints:
        """Form of each part.

        Shapes:
            codes: (n, k); output: (n, P)
        """

    def graph(self, code: Codes, dataset: str | None = None, *, live: bool = False) -> LayerGraph:
        del live  # every layer of a chain is on its only path
        code = self._check_codes(np.asarray(code).reshape(1, -1))
        builder = GraphBuilder()
        builder.part = "input"
        x = -1
        parts = self.parts(self.check_dataset(dataset))
        for part, key in zip(parts, self.part_keys(code)[0].tolist(), strict=True):
            if x < 0:
                x = builder.input(*part.input_shape(key))
            builder.part = part.name
            x = part.build(builder, x, key)
        return builder.graph()

    def costs(self, codes: Codes, dataset: str | None = None, *, live: bool = False) -> Doubles:
        del live
        tables = _cost_tables(self, self.check_dataset(dataset))
        total = np.zeros((len(codes), *COST_SHAPE))
        for table, keys in zip(tables, self.part_keys(codes).T, strict=True):
            total += table[keys]
        return total

    def part_costs(self, codes: Codes, dataset: str | None = None) -> Doubles:
        """Costs of each part on its own.

        Shapes:
            codes: (n, k); output: (n, P, C, Q)
        """
        tables = _cost_tables(self, self.check_dataset(dataset))
        keys = self.part_keys(codes)
        return np.stack([t[keys[:, p]] for p, t in enumerate(tables)], axis=1)


@lru_cache(maxsize=32)
def _cost_tables(space: ChainSpace, dataset: str) -> tuple[Doubles, ...]:
    """One (n_keys, C, Q) table a part."""
    tables = []
    for part in space.parts(dataset):
        rows = []
        for key in range(part.n_keys):
            builder = GraphBuilder()
            part.build(builder, builder.input(*part.input_shape(key)), key)
            rows.append(layers_cost(builder.layers))
        tables.append(np.stack(rows))
    return tuple(tables)


def output_shape(part: Part, key: int) -> Shape:
    """Shape that form `key` of a part puts out."""
    builder = GraphBuilder()
    return builder.shape(part.build(builder, builder.input(*part.input_shape(key)), key))
