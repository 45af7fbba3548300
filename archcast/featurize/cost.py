"""What networks cost by class of operator, from the work of their nodes.

| symbol | meaning |
|---|---|
| n | architectures |
| C | cost classes, in the order of `COST_CLASSES` |
| Q | quantities, in the order of `QUANTITIES` |

Work is what `archcast.featurize.operators` says of a node, and its kind the class. A convolution from Ci to
Co channels with kernel k, groups g and an output of h x w has params = Ci / g * Co * k * k (+ Co with bias)
and macs = Ci / g * Co * k * k * h * w; a batch norm has 2 C parameters; a linear layer in * out + out
parameters and in * out macs. One multiply-add is one mac; biases, normalisation, activations, pools and sums
have none. Here an operand is read as often as it stands among the operands, and of a product only the larger
one. Views count nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError
from archcast.core.network import Network, Node, Value
from archcast.featurize.operators import FREE, OPERATORS

COST_CLASSES = (
    *("conv_kxk", "conv_1x1", "conv_grouped", "conv_depthwise", "linear", "batch_norm", "activation"),
    *("pool", "global_pool", "add", "multiply", "concat", "shuffle", "zero"),
)
"""Kinds of work in the order that they have in every cost array."""
QUANTITIES = ("count", "params", "macs", "inputs", "outputs")
"""Operators, parameters, multiply-adds, elements read and elements written."""
BYTES_PER_ELEMENT = 4
COST_SHAPE = (len(COST_CLASSES), len(QUANTITIES))
_CLASS_INDEX = {name: i for i, name in enumerate(COST_CLASSES)}
_QUANTITY_INDEX = {name: i for i, name in enumerate(QUANTITIES)}


def network_cost(network: Network) -> Doubles:
    """Summed cost of a network, see `nodes_cost`.

    Shapes:
        output: (C, Q)
    """
    return nodes_cost(network.nodes, network.values)


def nodes_cost(nodes: Iterable[Node], values: Mapping[str, Value]) -> Doubles:
    """Summed cost of nodes.

    Shapes:
        output: (C, Q)

    Raises:
        UnknownNameError: an operator is not known; InputError: its work is of no class.
    """
    total = [[0] * len(QUANTITIES) for _ in COST_CLASSES]
    for node in nodes:
        read = tuple([_typed(values[name]) for name in node.inputs if name])
        written = tuple([_typed(values[name]) for name in node.outputs if name])
        place, costs = _node_cost(node.op, tuple(node.attributes.items()), read, written)
        if place >= 0:
            row = total[place]
            for i, more in enumerate(costs):
                row[i] += more
    return np.array(total, dtype=np.float64)


_Typed: TypeAlias = tuple[Any, ...]
"""All of a value but its name."""


def _typed(value: Value) -> _Typed:
    return value.shape, value.dtype, value.constant, value.data, value.learned


@lru_cache(maxsize=2**14)
def _node_cost(
    op: str, attributes: tuple[tuple[str, Any], ...], inputs: tuple[_Typed, ...], outputs: tuple[_Typed, ...]
) -> tuple[int, tuple[int, ...]]:
    """Place of a node's class, -1 where it costs nothing, and its quantities; like nodes cost the same."""
    read = [Value(f"in{i}", *typed) for i, typed in enumerate(inputs)]
    written = [Value(f"out{i}", *typed) for i, typed in enumerate(outputs)]
    values = {value.name: value for value in (*read, *written)}
    node = Node(op, tuple(v.name for v in read), tuple(v.name for v in written), dict(attributes))
    work = OPERATORS[op].work(node, values)
    if work.kind in FREE:
        return -1, ()
    if work.kind not in _CLASS_INDEX:
        raise InputError(f"the work of {op}, {work.kind}, is none of {', '.join(COST_CLASSES)}")
    params = sum(values[name].elements for name in work.learned)
    operands = [value.elements for value in read if not value.constant]
    taken = max(operands) if work.kind == "multiply" else sum(operands)
    return _CLASS_INDEX[work.kind], (1, params, work.macs, taken, sum(v.elements for v in written))


def quantity(costs: Doubles, name: str, cost_class: str | None = None) -> Doubles:
    """One quantity of a cost array, of one class or summed over all.

    Shapes:
        costs: (n, C, Q)
        output: (n,)
    """
    column = costs[:, :, _QUANTITY_INDEX[name]]
    return column.sum(axis=1) if cost_class is None else column[:, _CLASS_INDEX[cost_class]]


def bytes_moved(costs: Doubles) -> Doubles:
    """Bytes read and written, weights included, at four bytes an element.

    Shapes:
        costs: (n, C, Q)
        output: (n, C)
    """
    moved = [_QUANTITY_INDEX[name] for name in ("params", "inputs", "outputs")]
    total: Doubles = BYTES_PER_ELEMENT * costs[:, :, moved].sum(axis=2)
    return total
