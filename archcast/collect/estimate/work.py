"""A piece of work for an accelerator, and the conventions by which a target prices kinds of work.

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
from archcast.core.network import Value

CONV, LINEAR, WINDOW, ELEMENTWISE = "conv", "linear", "window", "elementwise"
KINDS = (CONV, LINEAR, WINDOW, ELEMENTWISE)
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
