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
from archcast.core.network import Network
from archcast.featurize.cost import COST_CLASSES, COST_SHAPE, nodes_cost


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


def pack_networks(networks: Sequence[Network]) -> PackedGraphs:
    """Networks, one node an operator that is no view, after one of the input.

    Types are classes of cost, the input's the last; features are the costs.
    """
    parts = [_operators(network) for network in networks]
    ptr = np.concatenate([[0], np.cumsum([len(costs) for costs, _ in parts])]).astype(np.int64)
    costs = np.concatenate([costs for costs, _ in parts])
    edges = np.concatenate([start + pairs for start, (_, pairs) in zip(ptr[:-1], parts, strict=True)], axis=1)
    counts = costs[:, :, 0]
    return PackedGraphs(
        node_type=np.where(counts.any(axis=1), counts.argmax(axis=1), len(COST_CLASSES)).astype(np.int64),
        node_features=log_costs(costs).astype(np.float32),
        edge_index=edges,
        ptr=ptr,
        types=len(COST_CLASSES) + 1,
    )


def _operators(network: Network) -> tuple[Doubles, Ints]:
    """Costs (N, C, Q) of a network's input and operators, and edges (2, E) between them."""
    place = dict.fromkeys(network.inputs, 0)
    costs, pairs = [np.zeros(COST_SHAPE)], []
    for node in network.nodes:
        own = nodes_cost([node], network.values)
        sources = [place[name] for name in node.inputs if name in place]
        target = len(costs)
        if own.any():
            costs.append(own)
            pairs += [(source, target) for source in sources]
        place |= dict.fromkeys(node.outputs, target if own.any() else sources[0])
    return np.stack(costs), np.array(pairs, dtype=np.int64).reshape(-1, 2).T.copy()


def log_costs(costs: Doubles) -> Doubles:
    """Node features of a node's costs: log(1 + x) of each class's count, parameters, macs and elements.

    Shapes:
        costs: (..., C, Q); output: (..., C * Q)
    """
    return np.log1p(costs).reshape(*costs.shape[:-2], -1)
