"""The work of many networks at once: each network is a sum of terms, and terms repeat.

| symbol | meaning |
|---|---|
| n | networks |
| T | terms of a network |
| F | forms that a term takes |
| W | distinct pieces of work |

A chain of parts has one term a part. NAS-Bench-201, whose edges add, has one term for the network of
`none` edges and one an edge: what its operation adds to `none`, which may take work away. Any other space
has one term, the whole network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from archcast.collect.estimate.work import Work, works_of
from archcast.core.arrays import Codes, Doubles, Ints
from archcast.core.layers import GraphBuilder, LayerGraph
from archcast.featurize.spaces.base import Space
from archcast.featurize.spaces.chain import ChainSpace
from archcast.featurize.spaces.nasbench201 import NONE, NASBench201


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of n networks.

    Attributes:
        works: the W distinct pieces of work.
        names: the T terms' names, empty where they are no parts of the network.
        counts: one (F, W) array a term: how often each form has each piece of work.
        forms: (n, T): the form that each network's term takes.
    """

    works: tuple[Work, ...]
    names: tuple[str, ...]
    counts: tuple[Doubles, ...]
    forms: Ints

    def total(self, prices: Doubles) -> Doubles:
        """Costs of the networks.

        Shapes:
            prices: (W, Q); output: (n, Q)
        """
        total = np.zeros((len(self.forms), prices.shape[1]))
        for counts, forms in zip(self.counts, self.forms.T, strict=True):
            total += (counts @ prices)[forms]
        return total


def terms_of(
    space: Space,
    codes: Codes,
    dataset: str,
    conventions: Mapping[str, str],
    target: str,
    *,
    live: bool = False,
) -> Terms:
    """Terms of networks on a target's conventions; only forms that occur are built.

    Args:
        live: leave out layers on no path from input to output.

    Raises:
        InputError: the space has no layer graph, or a layer's operator has no convention.
    """

    def count(graph: LayerGraph) -> Counter[Work]:
        return Counter(work for works, _ in works_of(graph, conventions, target) for work in works)

    if isinstance(space, ChainSpace):
        parts, keys = space.parts(dataset), space.part_keys(codes)
        tables, forms = [], np.empty_like(keys)
        for i, part in enumerate(parts):
            used, forms[:, i] = np.unique(keys[:, i], return_inverse=True)
            table = []
            for key in used.tolist():
                builder = GraphBuilder()
                builder.part = part.name
                part.build(builder, builder.input(*part.input_shape(key)), key)
                table.append(count(builder.graph()))
            tables.append(table)
        return _terms(tuple(part.name for part in parts), tables, forms)
    if isinstance(space, NASBench201) and not live:
        return _edge_terms(space, codes, dataset, count)
    wanted = space.live(codes) if live else codes
    distinct, forms = np.unique(wanted, axis=0, return_inverse=True)
    table = [count(space.graph(code, dataset, live=live)) for code in distinct]
    return _terms((), [table], forms.reshape(-1, 1))


def _edge_terms(
    space: NASBench201, codes: Codes, dataset: str, count: Callable[[LayerGraph], Counter[Work]]
) -> Terms:
    empty = np.full((1, codes.shape[1]), NONE, dtype=np.int8)
    frame = count(space.graph(empty, dataset))
    tables, forms = [[frame]], np.zeros((len(codes), 1 + codes.shape[1]), dtype=np.int64)
    for edge, top in enumerate(space.cardinalities):
        table = []
        for operation in range(top):
            code = empty.copy()
            code[0, edge] = operation
            added = count(space.graph(code, dataset))
            added.subtract(frame)
            table.append(added)
        tables.append(table)
        forms[:, 1 + edge] = codes[:, edge]
    return _terms((), tables, forms)


def _terms(names: tuple[str, ...], tables: list[list[Counter[Work]]], forms: Ints) -> Terms:
    works = tuple(dict.fromkeys(work for table in tables for form in table for work in form))
    place = {work: i for i, work in enumerate(works)}
    counts = []
    for table in tables:
        filled = np.zeros((len(table), len(works)))
        for row, form in enumerate(table):
            for work, times in form.items():
                filled[row, place[work]] = times
        counts.append(filled)
    return Terms(works, names, tuple(counts), forms)
