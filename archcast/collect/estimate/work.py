"""What a node gives an accelerator to do, and the conventions by which a target prices it.

A network has operators that no accelerator runs as a layer of their own (batch norms, activations) and others
that cost models of convolutions do not know (pools, sums). A target's conventions say how each kind of work
is turned into what is priced; a kind that they do not name is refused, so nothing costs zero without being
named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.network import Network, Node, Value
from archcast.featurize.operators import FREE, Loops
from archcast.featurize.operators.base import Values, integers
from archcast.featurize.operators.counted import Counted
from archcast.featurize.operators.counted import counted as each_counted

CONV, LINEAR, WINDOW, ELEMENTWISE = "conv", "linear", "window", "elementwise"
KINDS = (CONV, LINEAR, WINDOW, ELEMENTWISE)
_CONVOLUTIONS = ("conv_kxk", "conv_1x1", "conv_grouped", "conv_depthwise")
Shape = tuple[int, int, int]
"""Channels, height, width."""

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
"""Kind of work -> choice -> what it means. Convolutions and linear layers need no convention."""


@dataclass(frozen=True, slots=True)
class Work:
    """One priced piece of work.

    Attributes:
        kind: `conv`, `linear`, `window` (a pool or a copy) or `elementwise` (two maps into one).
        shape_in, shape_out: channels, height, width.
        kernel: height and width of the window.
        stride, groups: of convolutions and windows; 1 elsewhere.
        padding: zeros on each side of the map.
        dilation: places from one element of the window to the next.
    """

    kind: str
    shape_in: Shape
    shape_out: Shape
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    groups: int = 1
    padding: int = 0
    dilation: int = 1

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
    """Conventions of a target file; raise UnknownNameError for an unknown kind or choice."""
    out: dict[str, str] = {}
    for key, choice in given.items():
        if key not in CHOICES:
            raise UnknownNameError(f"conventions key of {where}", key, CHOICES)
        if not isinstance(choice, str) or choice not in CHOICES[key]:
            raise UnknownNameError(f"conventions.{key} of {where}", choice, CHOICES[key])
        out[key] = choice
    return out


@dataclass(frozen=True, slots=True)
class NodeWork:
    """What one node of a network gives to do.

    Attributes:
        position: of the node in its network.
        node: the node.
        works: pieces of work; none where the target has nothing to do.
        why: the reason where it has none, or why it has another than usual.
    """

    position: int
    node: Node
    works: tuple[Work, ...]
    why: str = ""


def works_of(network: Network, conventions: Mapping[str, str], target: str) -> list[NodeWork]:
    """Work of each node that is no view.

    Raises:
        InputError: the target's conventions do not name a node's kind of work, or it is none of a square
            map of one image; names operator, node and part.
    """
    made: list[NodeWork] = []
    kinds: dict[str, str] = {}
    for position, counted in enumerate(each_counted(network)):
        node, kind = counted.node, counted.work.kind
        kinds |= dict.fromkeys(node.outputs, kind)
        if kind in FREE:
            continue
        try:
            made.append(_works(position, counted, network.values, kinds, conventions))
        except InputError as error:
            where = f"node {position}, {node.part}" if node.part else f"node {position}"
            raise InputError(f"{target} does not price the operator {node.op} ({where}): {error}") from error
    return made


def _works(
    position: int, counted: Counted, values: Values, kinds: Mapping[str, str], conventions: Mapping[str, str]
) -> NodeWork:
    node, work = counted.node, counted.work
    if work.kind in _CONVOLUTIONS:
        return NodeWork(position, node, (_convolution(node, work.loops[0], values),))
    if work.kind == LINEAR:
        return NodeWork(position, node, (_product(work.loops[0]),))
    choice = conventions.get(work.kind)
    if choice is None:
        raise InputError(f"its conventions do not name {work.kind}")
    if work.kind == "batch_norm" and kinds.get(node.inputs[0]) not in (*_CONVOLUTIONS, LINEAR):
        return NodeWork(position, node, (_scale(node, values),), "not after a convolution")
    works = _unweighted(node, work.kind, choice, values)
    return NodeWork(position, node, works, "" if works else f"{work.kind}: {choice}")


def _unweighted(node: Node, kind: str, choice: str, values: Values) -> tuple[Work, ...]:
    shapes = map_of(values[node.inputs[0]]), map_of(values[node.outputs[0]])
    if kind == "pool":
        size, stride, padding = window(node)
        return (Work(CONV if choice == "dense" else WINDOW, *shapes, size, stride, padding=padding),)
    if kind == "global_pool":
        _, height, width = shapes[0]
        return (Work(WINDOW, *shapes, (height, width), max(height, width)),)
    if kind == "add":
        return (Work(ELEMENTWISE, shapes[1], shapes[1]),) * (len(node.inputs) - 1)
    if kind == "multiply":
        return (_scale(node, values),)
    if choice == "copy":
        return (Work(WINDOW, shapes[1], shapes[1]),)
    return ()


def _convolution(node: Node, loops: Loops, values: Values) -> Work:
    size, stride, padding = window(node, loops.kernel)
    dilation, *others = loops.dilations
    if {*others} - {dilation}:
        raise InputError(f"its dilations {loops.dilations} are not the same on all sides")
    shapes = map_of(values[node.inputs[0]]), map_of(values[node.outputs[0]])
    return Work(CONV, *shapes, size, stride, loops.groups, padding, dilation)


def _product(loops: Loops) -> Work:
    """A matrix product; one of several rows is a 1x1 convolution over as many places."""
    if loops.batch == 1:
        return Work(LINEAR, (loops.inputs, 1, 1), (loops.outputs, 1, 1))
    return Work(CONV, (loops.inputs, loops.batch, 1), (loops.outputs, loops.batch, 1))


def _scale(node: Node, values: Values) -> Work:
    shape = map_of(values[node.outputs[0]])
    return Work(CONV, shape, shape, groups=shape[0])


def map_of(value: Value) -> Shape:
    """Channels, height and width of a value; what stands between batch and map counts as channels.

    Raises:
        InputError: it is of more than one image.
    """
    batch, *rest = value.dims
    if batch != 1:
        raise InputError(f"its {shorten(value.name)} is of a batch of {batch}, not of one")
    if len(rest) < 2:
        return (prod(rest), 1, 1)
    return (prod(rest[:-2]), rest[-2], rest[-1])


def window(node: Node, kernel: tuple[int, ...] = ()) -> tuple[tuple[int, int], int, int]:
    """Size, stride and padding of a window over a map.

    Raises:
        InputError: it is none of two dimensions with one stride and one padding.
    """
    size = integers(node, "kernel_shape", 2, 1) if "kernel_shape" in node.attributes else kernel
    if len(size) != 2:
        raise InputError(f"its window {size} is not of two dimensions")
    strides, pads = integers(node, "strides", 2, 1), integers(node, "pads", 4, 0)
    if len({*strides}) > 1 or len({*pads}) > 1:
        raise InputError(f"its strides {strides} and pads {pads} are not the same on all sides")
    return (size[0], size[1]), strides[0], pads[0]
