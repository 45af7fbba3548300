"""What layers cost, counted from their shapes alone.

| symbol | meaning |
|---|---|
| n | architectures |
| C | cost classes, in the order of `COST_CLASSES` |
| Q | quantities, in the order of `QUANTITIES` |

A convolution from Ci to Co channels with kernel k, groups g and an output of h x w has
params = Ci / g * Co * k * k (+ Co with bias) and macs = Ci / g * Co * k * k * h * w; a batch norm has
2 C parameters; a linear layer in * out + out parameters and in * out macs. One multiply-add is one
mac; biases, normalisation, activations, pools and sums have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.layers import Layer, LayerGraph
from archcast.core.operators import COST_CLASSES, OPERATORS

QUANTITIES = ("count", "params", "macs", "inputs", "outputs")
"""Layers, parameters, multiply-adds, elements read and elements written."""
BYTES_PER_ELEMENT = 4
COST_SHAPE = (len(COST_CLASSES), len(QUANTITIES))
_CLASS_INDEX = {name: i for i, name in enumerate(COST_CLASSES)}
_QUANTITY_INDEX = {name: i for i, name in enumerate(QUANTITIES)}


def cost_class(layer: Layer) -> str:
    """The class that a layer's cost is summed under; convolutions are split by kernel and groups."""
    kind = OPERATORS[layer.op].cost_class
    if kind != "conv":
        return kind
    if layer.groups == 1:
        return "conv_1x1" if layer.kernel == 1 else "conv_kxk"
    return "conv_depthwise" if layer.groups == layer.shape_in[0] else "conv_grouped"


def layer_params(layer: Layer) -> int:
    """Learned parameters of one layer."""
    c_in, c_out = layer.shape_in[0], layer.shape_out[0]
    if layer.op == "conv":
        return c_in // layer.groups * c_out * layer.kernel**2 + c_out * layer.bias
    if layer.op == "linear":
        return c_in * c_out + c_out * layer.bias
    return 2 * c_out if layer.op == "batch_norm" else 0


def layer_macs(layer: Layer) -> int:
    """Multiply-adds of one layer on one input."""
    c_in, (c_out, h, w) = layer.shape_in[0], layer.shape_out
    if layer.op == "conv":
        return c_in // layer.groups * c_out * layer.kernel**2 * h * w
    return c_in * c_out if layer.op == "linear" else 0


def layers_cost(layers: Iterable[Layer]) -> Doubles:
    """Summed cost of layers.

    Shapes:
        output: (C, Q)
    """
    total = [[0] * len(QUANTITIES) for _ in COST_CLASSES]
    for layer in layers:
        if layer.op == "input":
            continue
        written = prod(layer.shape_out)
        read = prod(layer.shape_in) * (len(layer.inputs) if layer.op == "add" else 1)
        if layer.op == "concat":
            read = written
        row = total[_CLASS_INDEX[cost_class(layer)]]
        costs = (1, layer_params(layer), layer_macs(layer), read, written)
        row[:] = [old + new for old, new in zip(row, costs, strict=True)]
    return np.array(total, dtype=np.float64)


def graph_params(graph: LayerGraph) -> int:
    """Learned parameters of a network."""
    return sum(layer_params(layer) for layer in graph.layers)


def graph_macs(graph: LayerGraph) -> int:
    """Multiply-adds of a network on one input."""
    return sum(layer_macs(layer) for layer in graph.layers)


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
