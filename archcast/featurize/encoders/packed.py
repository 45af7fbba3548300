"""Batches of DAGs as concatenated arrays and pointers, the form that torch-geometric reads.

| symbol | meaning |
|---|---|
| n | graphs |
| N, E | nodes and edges of all graphs together |
| F | node features |
| S | slots: most nodes that a graph of the space can have |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Bools, Doubles, Floats, Ints
from archcast.core.layers import Layer
from archcast.core.operators import COST_CLASSES
from archcast.featurize.cost import cost_class, layers_cost


@dataclass(frozen=True, slots=True)
class PackedGraphs:
    """A batch of graphs.

    Shapes:
        node_type: int64 (N,); node_features: float32 (N, F); edge_index: int64 (2, E), source and target;
        ptr: int64 (n + 1,), nodes of graph i are ptr[i]:ptr[i + 1]

    Attributes:
        types: number of node types of the space.
    """

    node_type: Ints
    node_features: Floats
    edge_index: Ints
    ptr: Ints
    types: int

    @property
    def batch(self) -> Ints:
        """(N,): the graph each node belongs to."""
        return np.repeat(np.arange(len(self.ptr) - 1), np.diff(self.ptr))


def pack(
    present: Bools, node_type: Ints, node_features: Doubles, template: Ints, *, types: int
) -> PackedGraphs:
    """Graphs that all fit one template of slots, some of them empty.

    Shapes:
        present: (n, S), slots that hold a node; node_type: (n, S); node_features: (n, S, F);
        template: (2, T), edges between slots, kept where both ends are present
    """
    n, slots = present.shape
    number = np.cumsum(present.reshape(-1)).reshape(n, slots) - 1
    kept = present[:, template[0]] & present[:, template[1]]
    edges = np.stack([number[:, template[0]][kept], number[:, template[1]][kept]])
    return _packed(present, node_type, node_features, edges, types)


def pack_chains(present: Bools, node_type: Ints, node_features: Doubles, *, types: int) -> PackedGraphs:
    """Chains: every node follows the one before it in its graph, empty slots left out.

    Shapes:
        present: (n, S); node_type: (n, S); node_features: (n, S, F)
    """
    owner = np.repeat(np.arange(len(present)), present.sum(axis=1))
    source = np.flatnonzero(owner[1:] == owner[:-1])
    return _packed(present, node_type, node_features, np.stack([source, source + 1]), types)


def _packed(present: Bools, node_type: Ints, node_features: Doubles, edges: Ints, types: int) -> PackedGraphs:
    return PackedGraphs(
        node_type=np.ascontiguousarray(node_type[present], dtype=np.int64),
        node_features=np.ascontiguousarray(node_features[present], dtype=np.float32),
        edge_index=np.ascontiguousarray(edges, dtype=np.int64),
        ptr=np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int64),
        types=types,
    )


def pack_layers(networks: Sequence[Sequence[Layer]]) -> PackedGraphs:
    """Networks, one node a layer: types are classes of cost, the input's the last, features the costs."""
    sizes = [len(layers) for layers in networks]
    ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    pairs = [
        (start + u, start + v)
        for start, layers in zip(ptr.tolist(), networks, strict=False)
        for v, layer in enumerate(layers)
        for u in layer.inputs
    ]
    every = [layer for layers in networks for layer in layers]
    types = [COST_CLASSES.index(cost_class(x)) if x.op != "input" else len(COST_CLASSES) for x in every]
    return PackedGraphs(
        node_type=np.array(types, dtype=np.int64),
        node_features=log_costs(np.stack([layers_cost([x]) for x in every])).astype(np.float32),
        edge_index=np.array(pairs, dtype=np.int64).reshape(-1, 2).T.copy(),
        ptr=ptr,
        types=len(COST_CLASSES) + 1,
    )


def log_costs(costs: Doubles) -> Doubles:
    """Node features of a node's costs: log(1 + x) of each class's count, parameters, macs and elements.

    Shapes:
        costs: (..., C, Q); output: (..., C * Q)
    """
    return np.log1p(costs).reshape(*costs.shape[:-2], -1)
