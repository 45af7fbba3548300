"""Spaces whose networks are a chain of parts, each part fixed by a small key.

A part is a stretch of the network (stem, one block, head) that takes one of `n_keys` forms. Each form
is written once; a network is the chain of its parts' nodes, and the cost of a batch is a
gather in the parts' cost tables.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.core.network import Network
from archcast.featurize.cost import COST_SHAPE, network_cost
from archcast.featurize.encoders.packed import PackedGraphs, log_costs, pack_chains
from archcast.featurize.spaces.base import Space, Summand
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.repeats import has_repeats, repeat_groups
from archcast.featurize.summary import peak_bytes

Build = Callable[[NetworkBuilder, str, int], str]
"""(builder, what the part reads, key) -> what it gives."""


@dataclass(frozen=True)
class Part:
    """One stretch of a chain.

    Attributes:
        name: e.g. `stage1.block0`; the nodes' `part`.
        n_keys: number of forms.
        build: writes the nodes of form `key` and returns the name of what they give.
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

    def network(self, code: Codes, dataset: str | None = None, *, live: bool = False) -> Network:
        del live  # every node of a chain is on its only path
        code = self.check_codes(np.asarray(code).reshape(1, -1))
        builder = NetworkBuilder()
        builder.part = "input"
        x = ""
        parts = self.parts(self.check_dataset(dataset))
        for part, key in zip(parts, self.part_keys(code)[0].tolist(), strict=True):
            if not x:
                x = builder.input(*part.input_shape(key))
            builder.part = part.name
            x = part.build(builder, x, key)
        return builder.network()

    def costs(self, codes: Codes, dataset: str | None = None, *, live: bool = False) -> Doubles:
        del live
        tables, filled = _cost_tables(self, self.check_dataset(dataset))
        few = np.zeros((len(codes), len(filled)))
        for table, keys in zip(tables, self.part_keys(codes).T, strict=True):
            few += table.take(keys, axis=0)
        return _spread(few, filled)

    def peak_bytes(self, codes: Codes, dataset: str | None = None) -> Doubles:
        """That of the part with the most: between two parts nothing but what they hand over is alive."""
        most = np.zeros(len(codes))
        for summand in self.summands(codes, dataset):
            peaks = np.array([peak_bytes(network) for network in summand.networks], dtype=np.float64)
            np.maximum(most, peaks[summand.forms], out=most)
        return most

    def dag(self, codes: Codes, dataset: str | None = None) -> PackedGraphs:
        """One node a part that has layers; its type is the part, its features are its costs."""
        costs = self.part_costs(codes, dataset)
        present: Bools = np.any(costs, axis=(2, 3))
        types = np.broadcast_to(np.arange(present.shape[1]), present.shape)
        return pack_chains(present, types, log_costs(costs), types=present.shape[1])

    def summands(
        self, codes: Codes, dataset: str | None = None, *, live: bool = False
    ) -> tuple[Summand, ...]:
        """One a part."""
        del live
        summands = []
        for part, keys in zip(self.parts(self.check_dataset(dataset)), self.part_keys(codes).T, strict=True):
            used, forms = np.unique(keys, return_inverse=True)
            summands.append(Summand(part.name, forms.reshape(-1), map(partial(_alone, part), used.tolist())))
        return tuple(summands)

    def structure(self, codes: Codes, dataset: str | None = None) -> dict[str, Doubles]:
        """Groups `place` and `forms` instead of `terms` where parts repeat."""
        groups = super().structure(codes, dataset)
        if not has_repeats(self):
            return groups
        return {"cost": groups["cost"]} | repeat_groups(self, codes, self.check_dataset(dataset))

    def part_costs(self, codes: Codes, dataset: str | None = None) -> Doubles:
        """Costs of each part on its own.

        Shapes:
            codes: (n, k); output: (n, P, C, Q)
        """
        tables, filled = _cost_tables(self, self.check_dataset(dataset))
        keys = self.part_keys(codes).T
        few = [table.take(own, axis=0) for table, own in zip(tables, keys, strict=True)]
        return _spread(np.stack(few, axis=1), filled)


def fixed_part(name: str, build: Callable[[NetworkBuilder, str], str], channels: int, side: int) -> Part:
    """A part of one form."""
    return Part(name, 1, lambda b, x, _: build(b, x), always(channels, side))


def always(channels: int, side: int) -> Callable[[int], tuple[int, int]]:
    """The input shape of a part whose forms all expect the same one."""
    return lambda _: (channels, side)


def _spread(few: Doubles, filled: Ints) -> Doubles:
    """(..., columns in use) -> (..., C, Q)."""
    full = np.zeros((*few.shape[:-1], int(np.prod(COST_SHAPE))))
    full[..., filled] = few
    return full.reshape(*few.shape[:-1], *COST_SHAPE)


@lru_cache(maxsize=32)
def _cost_tables(space: ChainSpace, dataset: str) -> tuple[tuple[Doubles, ...], Ints]:
    """One (n_keys, columns) table a part, and which of the C * Q cost columns any part fills."""
    by_form: dict[tuple[object, ...], Doubles] = {}  # parts that are built alike share a table
    tables = []
    for part in space.parts(dataset):
        alike = (part.n_keys, part.build, part.input_shape)
        if alike not in by_form:
            by_form[alike] = np.stack([_form_cost(part, key) for key in range(part.n_keys)])
        tables.append(by_form[alike])
    filled = np.flatnonzero(np.concatenate(list(by_form.values())).any(axis=0))
    return tuple(np.ascontiguousarray(table[:, filled]) for table in tables), filled


def _form_cost(part: Part, key: int) -> Doubles:
    return network_cost(_alone(part, key)).reshape(-1)


def _alone(part: Part, key: int) -> Network:
    """One form of a part on an input of its own."""
    builder = NetworkBuilder()
    builder.part = part.name
    return builder.network(part.build(builder, builder.input(*part.input_shape(key)), key))
