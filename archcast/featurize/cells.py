"""Cells of any network, for NN-Degree and NN-Mass; see `archcast.featurize.topology` for what these are.

| symbol | meaning |
|---|---|
| layer | a node with multiply-adds, or a pool over a window |
| level of a value | layers on the longest path to it from where its cell begins |
| join | a sum or a concatenation of several values of the network |

A value that a join takes is a skip when another one that it takes is of a higher level: it jumps over at
least one layer, and carries its channels. A product stands at the level of its largest factors: smaller ones
are gates, whose layers are a side branch (squeeze-excite). A cell's width is the channels of what it gives,
its depth the level of that. Which nodes make a cell may be told by name; where it is not, the network is cut
wherever one value alone leads on, and neighbouring pieces whose results have one shape are one cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod

import numpy as np

from archcast.core.network import Network, Node, Value
from archcast.featurize.operators.counted import Counted, counted
from archcast.featurize.topology import JOINS, Cells, nn_degree, nn_mass

CellOf = Callable[[Node], str | None]
"""Name of the cell of a node; None where it belongs to none."""


@dataclass(frozen=True, slots=True)
class Topology:
    """NN-Degree and NN-Mass of a network, and what they are made of.

    Attributes:
        cells: one row, cells in the order of the network.
        nn_degree, nn_mass: of all cells.
    """

    cells: Cells
    nn_degree: float
    nn_mass: float


def topology(
    network: Network, cell_of: CellOf | None = None, *, works: Iterable[Counted] | None = None
) -> Topology:
    """NN-Degree and NN-Mass of a network.

    Args:
        cell_of: which cell a node belongs to; None cuts the network as the module's head says.
        works: of the network's nodes, where they were counted already.

    Raises:
        InputError: a shape is not known; names the node.
    """
    own = {id(c.node): c for c in works or counted(network)}
    nodes = [own[id(node)] for node in network.nodes]
    named = _cut(network, nodes) if cell_of is None else [cell_of(node) for node in network.nodes]
    names = list(dict.fromkeys(name for name in named if name is not None))
    members: dict[str, list[Counted]] = {name: [] for name in names}
    for c, cell in zip(nodes, named, strict=True):
        if cell is not None:
            members[cell].append(c)
    rows = [_measure(network, inside) for inside in members.values()]
    kept = np.array([row for row in rows if row[0]], dtype=float).reshape(-1, 3)
    width, depth, skip = kept.T[:, None]
    joins = [node.op for node in network.nodes if node.op in JOINS]
    cells = Cells(width, depth, skip, concatenated=joins.count("Concat") > len(joins) / 2)
    return Topology(cells, float(nn_degree(cells)[0]), float(nn_mass(cells)[0]))


def is_layer(c: Counted) -> bool:
    """Whether a node counts as a layer."""
    return c.work.macs > 0 or c.work.kind == "pool"


def channels(value: Value, *, first: bool) -> int:
    """Channels of a value: its second dimension where maps are meant, else its last."""
    dims = value.dims
    if len(dims) < 2:
        return prod(dims)
    return dims[1] if first else dims[-1]


def _measure(network: Network, members: list[Counted]) -> tuple[int, int, int]:
    """Width, depth and skip channels of one cell."""
    level: dict[str, int] = {}
    skip = 0
    last = ""
    maps = any(c.node.op.startswith(("Conv", "MaxPool", "AveragePool", "BatchNorm")) for c in members)
    for c in members:
        node = c.node
        data = [name for name in node.inputs if name and not _is_constant(network, name)]
        leading = _largest(network, data) if c.work.kind == "multiply" else data
        reach = max((level.get(name, 0) for name in leading), default=0)
        if node.op in JOINS and len(data) > 1:
            jumping = (name for name in data if level.get(name, 0) < reach)
            skip += sum(channels(network.values[name], first=maps) for name in jumping)
        for name in node.outputs:
            if name:
                level[name] = reach + is_layer(c)
        last = next((name for name in node.outputs if name), last)
    if not last or not network.values[last].is_bound:
        return 0, 0, 0
    return channels(network.values[last], first=maps), level[last], skip


def _largest(network: Network, names: list[str]) -> list[str]:
    """Those of the most elements: what a product scales, without the gates that it is scaled by."""
    sizes = {name: network.values[name].elements for name in names}
    return [name for name in names if sizes[name] == max(sizes.values())]


def _is_constant(network: Network, name: str) -> bool:
    value = network.values.get(name)
    return value is not None and value.constant


def _cut(network: Network, nodes: list[Counted]) -> list[str | None]:
    """Cells by number: pieces between values that alone lead on, joined while results have one shape."""
    last = {name: place for place, names in enumerate(network.reads) for name in names}
    last |= dict.fromkeys(network.outputs, len(network.nodes))
    alive = {name for name in network.inputs if name in last}
    pieces: list[tuple[int, tuple[int, ...]]] = []
    ending: dict[int, list[str]] = {}
    for name, place in last.items():
        ending.setdefault(place, []).append(name)
    for place, node in enumerate(network.nodes):
        alive.update(name for name in node.outputs if name in last)
        alive.difference_update(ending.get(place, ()))
        if len(alive) == 1:
            (only,) = alive
            value = network.values.get(only)
            if value is not None and value.is_bound:
                pieces.append((place, value.dims))
    out: list[str | None] = [None] * len(nodes)
    start, number, shape = 0, -1, None
    for place, dims in pieces:
        if not any(is_layer(nodes[p]) for p in range(start, place + 1)) and number >= 0:
            shape = dims if shape is None or len(dims) == len(shape) else shape
        elif dims != shape or number < 0:
            number, shape = number + 1, dims
        for p in range(start, place + 1):
            out[p] = f"cell{number}"
        start = place + 1
    for p in range(start, len(nodes)):
        out[p] = f"cell{max(number, 0)}"
    return out
