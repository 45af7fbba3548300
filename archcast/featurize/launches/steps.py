"""Tensors in memory and the kernels launched on them.

Networks are read with one item, but memory of a batch lies differently: an axis of one place can be joined to
any other. So the axis of items is taken to have two places while layouts are followed, and halved in what is
counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from archcast.core.network import BITS, Network, Node, Value
from archcast.featurize.encoders.program import Program
from archcast.featurize.launches.exact import exact_nodes
from archcast.featurize.launches.strides import (
    Dims,
    contiguous,
    dense_like,
    distinct,
    is_channels_last,
    is_contiguous,
)

ITEMS = 2
"""Places that the axis of items is taken to have."""
HALF, FULL = 2, 4
Shape = tuple[int, int, int, int, int, int]
"""Groups, channels in and out of one group, places, places of the window, stride."""
NO_SHAPE: Shape = (0, 0, 0, 0, 0, 0)
_HALVES = ("amp", "bf16", "fp16")


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a name stands for while a network runs.

    Attributes:
        source: name of the memory that it shows.
        dims, strides: with `ITEMS` places along `axis`.
        axis: axis of the items of a batch; -1 where all items share it.
        width: bytes an element.
        floating: whether it holds fractions.
        constant: whether it is a weight as it is stored.
    """

    source: str
    dims: Dims
    strides: Dims
    axis: int = 0
    width: int = FULL
    floating: bool = True
    constant: bool = False

    @property
    def bytes(self) -> int:
        """Bytes of memory an item, repeated elements once."""
        return distinct(self.dims, self.strides) * self.width // (ITEMS if self.axis >= 0 else 1)

    @property
    def contiguous(self) -> bool:
        """Whether rows stand one after another."""
        return is_contiguous(self.dims, self.strides)

    @property
    def last(self) -> bool:
        """Whether the channels of a map stand side by side."""
        return is_channels_last(self.dims, self.strides)


@dataclass(slots=True)
class Step:
    """One kernel that is launched.

    Attributes:
        kind: class of it.
        reads, weights: memory read, of activations and of constants, with its bytes.
        wrote: memory written; `written` its bytes, `elements` their number.
        outside: whether compilers leave it as it is.
        once: whether it is the same for all items.
        curved: elements put through exponentials and the like.
        last: whether it works on maps whose channels stand side by side.
    """

    kind: str
    reads: dict[str, int]
    weights: dict[str, int]
    wrote: str
    written: int
    elements: int
    node: Node
    outside: bool = False
    once: bool = False
    macs: int = 0
    shape: Shape = NO_SHAPE
    curved: int = 0
    last: bool = False
    width: int = FULL
    also: tuple[str, ...] = field(default=())


class Launches:
    """Follows a network and notes what is launched.

    Attributes:
        network, program: what runs, and how.
        steps: kernels so far.
        tensors: by the names of values.
        done: positions of nodes that an earlier one has taken with it.
        autocast: whether operations choose their own number formats.
        lower: bytes an element that products compute in.
    """

    def __init__(self, network: Network, program: Program) -> None:
        self.network, self.program = network, program
        self.compiled = program.rules == "compiled"
        self.autocast = program.precision.startswith("amp")
        self.lower = HALF if program.precision.startswith(_HALVES) else FULL
        self.stored = FULL if self.autocast else self.lower
        self.steps: list[Step] = []
        self.tensors: dict[str, Tensor] = {}
        self.done: set[int] = set()
        self.maps_last = program.layout == "nhwc"
        self._exact = (
            exact_nodes(network) if program.attention == "exact" and self.lower < FULL else frozenset()
        )
        self._casts: dict[tuple[str, int], Tensor] = {}
        self._readers: dict[str, list[int]] = {}
        self._fresh = 0
        for place, names in enumerate(network.reads):
            for name in names:
                self._readers.setdefault(name, []).append(place)
        for name in network.inputs:
            self._enter(name)

    def _enter(self, name: str) -> None:
        dims = self.batched(self.network.values[name].dims)
        self.tensors[name] = self.fresh(name, dims, 0, self.network.values[name].dtype)

    def fresh(self, source: str, dims: Dims, axis: int, dtype: str, width: int = 0) -> Tensor:
        """A tensor in memory of its own, rows one after another."""
        floating = dtype.startswith(("float", "bfloat", "complex"))
        width = width or (self.stored if floating else max(BITS[dtype] // 8, 1))
        return Tensor(source, dims, contiguous(dims), axis, width, floating)

    @staticmethod
    def batched(dims: Dims, axis: int = 0) -> Dims:
        """Dimensions with the axis of items as long as it is taken to be."""
        if axis < 0 or axis >= len(dims):
            return dims
        return (*dims[:axis], dims[axis] * ITEMS, *dims[axis + 1 :])

    def tensor(self, name: str) -> Tensor:
        """What a name stands for."""
        tensor = self.tensors.get(name)
        if tensor is None:
            value = self.network.values[name]
            tensor = replace(self.fresh(name, value.dims, -1, value.dtype), constant=True)
            self.tensors[name] = tensor
        return tensor

    def operands(self, node: Node) -> list[Tensor]:
        """Inputs that are tensors, each once; numbers and small tables of shapes are none."""
        names = dict.fromkeys(
            name for name in node.inputs if name and not _is_number(self.network.values[name])
        )
        return [self.tensor(name) for name in names]

    def exact(self, node: Node) -> bool:
        """Whether a node is of attention that is run in single precision."""
        return id(node) in self._exact

    def readers(self, name: str) -> list[int]:
        """Positions of the nodes that read a value."""
        return self._readers.get(name, [])

    def sole_reader(self, name: str) -> int | None:
        """The only node that reads a value that stays inside."""
        places = self._readers.get(name, [])
        if len(set(places)) != 1 or name in self.network.outputs:
            return None
        return places[0]

    def show(self, name: str, tensor: Tensor) -> None:
        """Tell what a name stands for."""
        self.tensors[name] = tensor

    def launch(
        self,
        kind: str,
        node: Node,
        reads: Sequence[Tensor],
        made: Tensor,
        *,
        outside: bool = False,
        macs: int = 0,
        shape: Shape = NO_SHAPE,
        curved: bool = False,
        last: bool = False,
    ) -> Tensor:
        """Note a kernel that reads tensors and writes one; returns that."""
        items = ITEMS if made.axis >= 0 else 1
        elements = distinct(made.dims, made.strides) // items
        width = max((t.width for t in reads if t.floating), default=made.width)
        self.steps.append(
            Step(
                kind,
                {t.source: t.bytes for t in reads if not t.constant},
                {t.source: t.bytes for t in reads if t.constant},
                made.source,
                elements * made.width,
                elements,
                node,
                outside,
                made.axis < 0,
                macs,
                shape,
                elements if curved else 0,
                last,
                width,
            )
        )
        return made

    def name(self) -> str:
        """A name for memory that no value of the network stands for."""
        self._fresh += 1
        return f"*{self._fresh}"

    # -- what is launched beside the network's own nodes ------------------------------------------------

    def cast(self, tensor: Tensor, width: int, node: Node) -> Tensor:
        """A tensor in another number format; a weight is cast once in a pass."""
        if tensor.width == width or not tensor.floating:
            return tensor
        key = (tensor.source, width)
        kept = tensor.constant or self.compiled
        if kept and key in self._casts and self._casts[key].dims == tensor.dims:
            return replace(self._casts[key], strides=tensor.strides)
        strides = tensor.strides if tensor.constant else dense_like(tensor.dims, tensor.strides)
        narrowed = replace(tensor, source=self.name(), strides=strides, width=width, constant=False)
        self.launch("cast", node, [tensor], narrowed)
        if kept:
            self._casts[key] = narrowed
        return narrowed

    def lowered(self, tensor: Tensor, node: Node) -> Tensor:
        """A tensor in the number format of products."""
        return self.cast(tensor, self.lower, node) if self.autocast else tensor

    def raised(self, tensor: Tensor, node: Node) -> Tensor:
        """A tensor in single precision where autocast wants it."""
        return self.cast(tensor, FULL, node) if self.autocast else tensor

    def copied(self, tensor: Tensor, node: Node, strides: Dims | None = None) -> Tensor:
        """A copy with rows one after another, or with the strides given."""
        copy = replace(tensor, source=self.name(), strides=strides or contiguous(tensor.dims), constant=False)
        turned = _inner(tensor) != _inner(copy)
        return self.launch("turned" if turned else "copy", node, [tensor], copy)

    def rows(self, tensor: Tensor, node: Node) -> Tensor:
        """The tensor with rows one after another, copied where it is not; compilers write it so at once."""
        return tensor if tensor.contiguous else self.copied(tensor, node)


def _inner(tensor: Tensor) -> int:
    """The axis whose places stand side by side."""
    return min(
        (axis for axis, size in enumerate(tensor.dims) if size > 1),
        key=lambda axis: (tensor.strides[axis] or 1 << 60, -axis),
        default=-1,
    )


def _is_number(value: Value) -> bool:
    """Whether a constant is a number or a small table of a shape, and no weight that happens to be kept."""
    return value.data is not None and (value.elements <= 1 or not value.dtype.startswith(("float", "bfloat")))
