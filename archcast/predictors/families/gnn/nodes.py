"""Which nodes the graphs of a batch have and how they follow one another, as numbers, straight from codes.

| symbol | meaning |
|---|---|
| n, S | architectures; slots that a graph's nodes can be in |
| N | nodes of all graphs, graph by graph |
| M | forms that a node can take: type and features together |
| P, Q | most predecessors and successors that a node has |

This gives what `Space.dag` gives, at a small part of its cost, where the space's structure is known: in
chains of parts and in the cells of NAS-Bench-201. For other spaces there is no layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archcast.core.arrays import Bools, Codes, Floats, Ints
from archcast.core.layers import GraphBuilder
from archcast.featurize.cost import layers_cost
from archcast.featurize.encoders.packed import log_costs
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.chain import ChainSpace, Part
from archcast.featurize.spaces.nasbench201 import NASBench201
from archcast.featurize.spaces.nasbench201_forms import live_edges


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes of a batch.

    Shapes:
        form: (N,); predecessors: (P, N) and successors: (Q, N), positions among the nodes, N for none;
        ptr: (n + 1,), nodes of graph i are ptr[i]:ptr[i + 1]
    """

    form: Ints
    predecessors: Ints
    successors: Ints
    ptr: Ints


@dataclass(frozen=True, slots=True)
class Layout:
    """What is known of a space's graphs, each of which has at least one node.

    Shapes:
        types: (M,); features: float32 (M, F), not standardised; there: (M,), whether the form is a node

    Attributes:
        forms: (n, k) codes -> (n, S), the form in each slot.
        links: (n, S), which slots hold a node -> predecessors and successors of `Nodes`.
        neighbours: P and Q.
    """

    types: Ints
    features: Floats
    there: Bools
    forms: Callable[[Codes], Ints]
    links: Callable[[Bools], tuple[Ints, Ints]]
    neighbours: tuple[int, int]

    def nodes(self, codes: Codes) -> Nodes:
        """The nodes of checked codes."""
        forms = self.forms(codes)
        present: Bools = self.there[forms]
        predecessors, successors = self.links(present)
        ptr = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
        return Nodes(forms[present], predecessors, successors, ptr)


@lru_cache(maxsize=32)
def layout(space: Space, dataset: str) -> Layout | None:
    """The layout of a space's graphs, or None where none is known."""
    if isinstance(space, ChainSpace) and type(space).dag is ChainSpace.dag:
        return _of_chain(space, dataset)
    return _of_cells(space, dataset) if isinstance(space, NASBench201) else None


def _of_chain(space: ChainSpace, dataset: str) -> Layout:
    made: dict[tuple[object, ...], Floats] = {}  # parts that are built alike share their features
    features, parts = [], space.parts(dataset)
    for part in parts:
        alike = (part.n_keys, part.build, part.input_shape)
        if alike not in made:
            made[alike] = np.stack([_part_features(part, key) for key in range(part.n_keys)])
        features.append(made[alike])
    counts = [part.n_keys for part in parts]
    first = np.cumsum([0, *counts[:-1]])
    table = np.concatenate(features)
    there: Bools = np.any(table, axis=1)
    return Layout(
        types=np.repeat(np.arange(len(parts)), counts),
        features=table,
        there=there,
        forms=lambda codes: space.part_keys(codes) + first,
        links=_chain,
        neighbours=(1, 1),
    )


def _part_features(part: Part, key: int) -> Floats:
    builder = GraphBuilder()
    part.build(builder, builder.input(*part.input_shape(key)), key)
    made: Floats = log_costs(layers_cost(builder.layers)).astype(np.float32)
    return made


def _chain(present: Bools) -> tuple[Ints, Ints]:
    """Every node follows the one before it in its graph.

    Shapes:
        present: (n, S); output: (1, N) and (1, N)
    """
    ends = np.cumsum(present.sum(axis=1))
    total = int(ends[-1])
    predecessors, successors = np.arange(-1, total - 1), np.arange(1, total + 1)
    predecessors[0] = predecessors[ends[:-1]] = successors[ends - 1] = total
    return predecessors[None], successors[None]


def _of_cells(space: NASBench201, dataset: str) -> Layout:
    """Forms are the cell's input, its output, and operations (also `none`) off and on a live path."""

    def forms(codes: Codes) -> Ints:
        made = np.zeros((len(codes), codes.shape[1] + 2), dtype=np.int64)
        made[:, 1:-1] = 2 + 2 * codes.astype(np.int64) + live_edges(codes)
        made[:, -1] = 1
        return made

    every = np.arange(1, space.cardinalities[0], dtype=np.int8)[:, None]
    live = np.repeat(every, len(space.columns), axis=1)
    dead = np.zeros_like(live)
    dead[:, :1] = every
    codes = np.concatenate([live, dead])
    graphs, chosen = space.dag(codes, dataset), forms(codes)
    there = np.ones(2 + 2 * space.cardinalities[0], dtype=bool)
    there[chosen[-1, 2]] = there[chosen[-1, 2] + 1] = False  # no operation is no node
    shown = chosen[there[chosen]]
    _, rows = np.unique(shown, return_index=True)
    types = np.zeros(len(there), dtype=np.int64)
    features = np.zeros((len(there), graphs.node_features.shape[1]), dtype=np.float32)
    types[shown[rows]], features[shown[rows]] = graphs.node_type[rows], graphs.node_features[rows]
    edges = space.dag(live[:1], dataset).edge_index
    slots = chosen.shape[1]
    sources, targets = _reached(edges, slots), _reached(edges[::-1], slots)
    return Layout(
        types,
        features,
        there,
        forms,
        links=lambda present: _template(present, sources, targets),
        neighbours=(sources.shape[1], targets.shape[1]),
    )


def _template(present: Bools, sources: Ints, targets: Ints) -> tuple[Ints, Ints]:
    """Neighbours by slots, where both ends are there.

    Shapes:
        present: (n, S); sources: (S, P) and targets: (S, Q), S for none; output: (P, N) and (Q, N)
    """
    number = np.cumsum(present.reshape(-1)).reshape(present.shape) - 1
    total = int(number[-1, -1]) + 1
    place = np.full((len(present), present.shape[1] + 1), total)
    np.copyto(place[:, :-1], number, where=present)
    return _at(place, present, sources), _at(place, present, targets)


def _at(place: Ints, present: Bools, slots: Ints) -> Ints:
    return np.stack([place[:, own][present] for own in slots.T])


def _reached(edges: Ints, slots: int) -> Ints:
    """Slots that each slot is reached from: (slots, most), `slots` for none."""
    sources = [edges[0, edges[1] == slot] for slot in range(slots)]
    made = np.full((slots, max(map(len, sources))), slots)
    for slot, own in enumerate(sources):
        made[slot, : len(own)] = own
    return made
