"""What a layer gives an accelerator to do, and the conventions by which a target prices it.

A layer graph has operators that no accelerator runs as a layer of their own (batch norms, activations)
and others that cost models of convolutions do not know (pools, sums). A target's conventions say how each
class of operator is turned into work; a class that they do not name is refused, so nothing costs zero
without being named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from archcast.core.errors import InputError, UnknownNameError
from archcast.core.layers import Layer, LayerGraph, Shape
from archcast.core.operators import OPERATORS

CONV, LINEAR, WINDOW, ELEMENTWISE = "conv", "linear", "window", "elementwise"
KINDS = (CONV, LINEAR, WINDOW, ELEMENTWISE)

CHOICES: dict[str, dict[str, str]] = {
    "batch_norm": {
        "folded": "part of the convolution before it; one elsewhere is a depthwise 1x1 convolution"
    },
    "activation": {"fused": "done as results are written, without cycles or traffic of its own"},
    "pool": {
        "window": "a window over each channel",
        "dense": "a dense convolution of the pool's kernel from all channels to all channels",
    },
    "global_pool": {"window": "one window as large as the map"},
    "add": {"elementwise": "one pass over two maps for every operand after the first"},
    "multiply": {"elementwise": "a depthwise 1x1 convolution"},
    "concat": {"in_place": "operands are written where the result lies, at no cost", "copy": "one copy"},
    "shuffle": {"copy": "one copy", "in_place": "done by addressing as results are written, at no cost"},
    "zero": {"removed": "nothing itself; a sum that it arrives at still takes it as an operand"},
}
"""Cost class -> choice -> what it means. Convolutions and linear layers need no convention."""


@dataclass(frozen=True, slots=True)
class Work:
    """One priced piece of work.

    Attributes:
        kind: `conv`, `linear`, `window` (a pool or a copy) or `elementwise` (two maps into one).
        shape_in, shape_out: channels, height, width.
        kernel: height and width of the window.
        stride, groups: of convolutions and windows; 1 elsewhere.
        padding: zeros on each side of the map.
    """

    kind: str
    shape_in: Shape
    shape_out: Shape
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    groups: int = 1
    padding: int = 0

    @property
    def is_depthwise(self) -> bool:
        """Whether each output channel reads one input channel."""
        return self.kind == CONV and self.groups == self.shape_in[0] > 1

    @property
    def operations(self) -> int:
        """Multiply-adds, or what takes their place: additions of a pool or a sum."""
        reads = prod(self.kernel)
        if self.kind in (CONV, LINEAR):
            reads *= self.shape_in[0] // self.groups
        return reads * prod(self.shape_out)

    @property
    def weights(self) -> int:
        """Elements of the weights."""
        if self.kind not in (CONV, LINEAR):
            return 0
        return self.shape_in[0] // self.groups * self.shape_out[0] * prod(self.kernel)

    @property
    def moved(self) -> int:
        """Elements read and written, each once."""
        operands = 2 if self.kind == ELEMENTWISE else 1
        return operands * prod(self.shape_in) + self.weights + prod(self.shape_out)


def check_conventions(given: Mapping[str, object], where: str) -> dict[str, str]:
    """Conventions of a target file; raise UnknownNameError for an unknown class or choice."""
    out: dict[str, str] = {}
    for key, choice in given.items():
        if key not in CHOICES:
            raise UnknownNameError(f"conventions key of {where}", key, CHOICES)
        if not isinstance(choice, str) or choice not in CHOICES[key]:
            raise UnknownNameError(f"conventions.{key} of {where}", choice, CHOICES[key])
        out[key] = choice
    return out


def works_of(
    graph: LayerGraph, conventions: Mapping[str, str], target: str
) -> list[tuple[tuple[Work, ...], str]]:
    """Work of each layer, and why where it has none.

    Raises:
        InputError: the target's conventions do not name a layer's class; names operator, layer and part.
    """
    return [_works(graph, i, conventions, target) for i in range(len(graph))]


def _works(
    graph: LayerGraph, i: int, conventions: Mapping[str, str], target: str
) -> tuple[tuple[Work, ...], str]:
    layer = graph.layers[i]
    kind = OPERATORS[layer.op].cost_class
    if kind == "input":
        return (), "the network's input"
    if kind in (CONV, LINEAR):
        return (_weighted(layer),), ""
    choice = conventions.get(kind)
    if choice is None:
        raise InputError(
            f"{target} does not price the operator {layer.op} (layer {i}"
            + (f", {layer.part}" if layer.part else "")
            + f"): its conventions do not name {kind}"
        )
    if kind == "batch_norm" and graph.layers[layer.inputs[0]].op not in (CONV, LINEAR):
        return (_scale(layer),), "not after a convolution"
    works = _unweighted(layer, kind, choice)
    return works, "" if works else f"{kind}: {choice}"


def _unweighted(layer: Layer, kind: str, choice: str) -> tuple[Work, ...]:
    if kind == "pool":
        conv = choice == "dense"
        padding = (layer.kernel - 1) // 2
        size = (layer.kernel, layer.kernel)
        shapes = layer.shape_in, layer.shape_out
        return (Work(CONV if conv else WINDOW, *shapes, size, layer.stride, padding=padding),)
    if kind == "global_pool":
        _, height, width = layer.shape_in
        stride = max(height, width)
        return (Work(WINDOW, layer.shape_in, layer.shape_out, (height, width), stride),)
    if kind == "add":
        return (Work(ELEMENTWISE, layer.shape_in, layer.shape_out),) * (len(layer.inputs) - 1)
    if kind == "multiply":
        return (_scale(layer),)
    if choice == "copy":
        return (Work(WINDOW, layer.shape_out, layer.shape_out),)
    return ()


def _weighted(layer: Layer) -> Work:
    if layer.op == LINEAR:
        return Work(LINEAR, layer.shape_in, layer.shape_out)
    size = (layer.kernel, layer.kernel)
    padding = (layer.kernel - 1) // 2
    return Work(CONV, layer.shape_in, layer.shape_out, size, layer.stride, layer.groups, padding)


def _scale(layer: Layer) -> Work:
    return Work(CONV, layer.shape_out, layer.shape_out, groups=layer.shape_out[0])
