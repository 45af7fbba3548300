"""The layer graph: a whole network as a typed DAG, one node per operator, with shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.errors import InputError
from archcast.core.operators import OPERATORS

Shape = tuple[int, int, int]
"""Channels, height, width."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One operator of a network.

    Attributes:
        op: name in `archcast.core.operators.OPERATORS`.
        inputs: positions of the layers it reads, all smaller than its own.
        shape_in: channels, height, width of its first input.
        shape_out: channels, height, width of its output.
        kernel, stride, groups: of convolutions and pools; 1 elsewhere. Padding is `(kernel - 1) // 2`.
        bias: whether a convolution or linear layer has a bias.
        count_padding: whether an average pool divides by the full window at the border.
        part: name of the part of the network it belongs to, e.g. `stage1.cell0`.
    """

    op: str
    inputs: tuple[int, ...]
    shape_in: Shape
    shape_out: Shape
    kernel: int = 1
    stride: int = 1
    groups: int = 1
    bias: bool = False
    count_padding: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True)
class LayerGraph:
    """A network as layers in topological order; the last one is the output."""

    layers: tuple[Layer, ...]

    @property
    def edges(self) -> Ints:
        """(2, E): source and target positions."""
        pairs = [(u, v) for v, layer in enumerate(self.layers) for u in layer.inputs]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    def __len__(self) -> int:
        return len(self.layers)


class GraphBuilder:
    """Builds a layer graph one operator at a time and keeps track of shapes.

    Every method returns the new layer's position, to be used as the next one's input.
    """

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.part = ""

    def shape(self, x: int) -> Shape:
        """Output shape of layer `x`."""
        return self.layers[x].shape_out

    def input(self, channels: int, side: int) -> int:
        """The network's (or, in a part built alone, the part's) square input."""
        shape = (channels, side, side)
        self.layers.append(Layer("input", (), shape, shape, part=self.part))
        return len(self.layers) - 1

    def conv(
        self,
        x: int,
        channels: int,
        *,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        bias: bool = False,
    ) -> int:
        """Convolution with padding `(kernel - 1) // 2`."""
        c, h, w = self.shape(x)
        if c % groups or channels % groups:
            raise InputError(f"conv channels {c} -> {channels} must be multiples of groups {groups}")
        out = (channels, _strided(h, stride), _strided(w, stride))
        return self._add("conv", (x,), out, kernel=kernel, stride=stride, groups=groups, bias=bias)

    def linear(self, x: int, features: int) -> int:
        """Fully connected layer with bias, over a 1x1 map."""
        return self._add("linear", (x,), (features, 1, 1), bias=True)

    def pool(
        self,
        x: int,
        op: str,
        *,
        kernel: int,
        stride: int,
        count_padding: bool = False,
    ) -> int:
        """`avg_pool` or `max_pool`; with stride above 1 the side is divided, rounding up."""
        c, h, w = self.shape(x)
        out = (c, _strided(h, stride), _strided(w, stride))
        return self._add(op, (x,), out, kernel=kernel, stride=stride, count_padding=count_padding)

    def global_pool(self, x: int) -> int:
        """Mean over the map."""
        return self._add("global_avg_pool", (x,), (self.shape(x)[0], 1, 1))

    def pointwise(self, x: int, op: str) -> int:
        """An operator that keeps the shape: batch_norm, an activation, channel_shuffle, zero."""
        return self._add(op, (x,), self.shape(x))

    def add(self, *xs: int) -> int:
        """Sum of two or more layers of one shape."""
        if len({self.shape(x) for x in xs}) != 1:
            raise InputError(f"add needs one shape, got {[self.shape(x) for x in xs]}")
        return self._add("add", xs, self.shape(xs[0]))

    def concat(self, *xs: int) -> int:
        """Concatenation along channels of layers with one map size."""
        _, h, w = self.shape(xs[0])
        if {self.shape(x)[1:] for x in xs} != {(h, w)}:
            raise InputError(f"concat needs one map size, got {[self.shape(x) for x in xs]}")
        return self._add("concat", xs, (sum(self.shape(x)[0] for x in xs), h, w))

    def multiply(self, x: int, gate: int) -> int:
        """`x` times a per-channel gate of shape (channels, 1, 1)."""
        return self._add("multiply", (x, gate), self.shape(x))

    def graph(self) -> LayerGraph:
        """The finished graph."""
        return LayerGraph(tuple(self.layers))

    def _add(
        self,
        op: str,
        inputs: tuple[int, ...],
        out: Shape,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        bias: bool = False,
        count_padding: bool = False,
    ) -> int:
        arity = OPERATORS[op].arity
        if (arity >= 0 and len(inputs) != arity) or (arity < 0 and len(inputs) < 2):
            raise InputError(f"{op} cannot have {len(inputs)} inputs")
        shape_in = self.shape(inputs[0])
        self.layers.append(
            Layer(
                op,
                inputs,
                shape_in,
                out,
                kernel=kernel,
                stride=stride,
                groups=groups,
                bias=bias,
                count_padding=count_padding,
                part=self.part,
            )
        )
        return len(self.layers) - 1


def _strided(side: int, stride: int) -> int:
    return (side - 1) // stride + 1
