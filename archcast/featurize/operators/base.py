"""What an operator is here: how much work one of its nodes is, counted from shapes alone.

Work is counted on what a node reads and writes, each value once. One multiply-add is one mac; additions of
biases, activations, normalisation, pools and sums have none. A view, such as `Reshape`, moves nothing.
There is no default: an operator that is not registered is not understood, and whoever counts it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias, TypeVar

from archcast.core.errors import InputError, shorten
from archcast.core.network import Node, Scalar, Value
from archcast.core.registry import Registry

Values: TypeAlias = Mapping[str, Value]
_S = TypeVar("_S", bound="Scalar | tuple[Scalar, ...]")
_FLOATS = ("float", "bfloat")
_NARROW = ("int2", "int4", "int8", "int16")
"""Integers that trained numbers are quantised to, signed or not."""

KINDS = (
    *("conv_kxk", "conv_1x1", "conv_grouped", "conv_depthwise", "conv_transposed", "linear", "matmul"),
    *("attention", "recurrent", "batch_norm", "norm", "softmax", "activation", "pool", "global_pool"),
    *("add", "multiply", "zero", "elementwise", "reduction", "resize", "concat", "shuffle", "copy", "gather"),
    *("sort", "detection", "quantize", "random", "control", "view", "constant"),
)
"""Kinds of work, in the order in which they are listed; `view` and `constant` cost nothing when run."""
FREE = frozenset({"view", "constant"})


@dataclass(frozen=True, slots=True)
class Loops:
    """The loop nest of a convolution or matrix product, for estimators.

    Shapes:
        `batch` independent inputs, `groups` groups of `outputs` x `inputs` channels, over `size` places of
        the output and `kernel` places of the window; a matrix product has one place and no window.
    """

    batch: int
    groups: int
    outputs: int
    inputs: int
    size: tuple[int, ...] = ()
    kernel: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    dilations: tuple[int, ...] = ()

    @property
    def macs(self) -> int:
        """Multiply-adds."""
        return self.batch * self.groups * self.outputs * self.inputs * prod(self.size) * prod(self.kernel)


@dataclass(frozen=True, slots=True)
class Work:
    """The work of one node.

    Attributes:
        kind: one of `KINDS`.
        macs: multiply-adds.
        read: bytes of activations read.
        weights: bytes of constants read.
        written: bytes written.
        learned: names of the constants among its inputs that are trained; several nodes may share one.
        loops: of convolutions and matrix products, one nest each; None elsewhere.
    """

    kind: str
    macs: int = 0
    read: int = 0
    weights: int = 0
    written: int = 0
    learned: tuple[str, ...] = ()
    loops: tuple[Loops, ...] = ()

    @property
    def bytes(self) -> int:
        """Bytes read and written."""
        return self.read + self.weights + self.written


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes:
        name: ONNX's name, after its domain and `::` where that is not ONNX's own.
        work: its nodes' work.
        version: raised when the meaning of what it counts changes; artifacts that read it are refused by it.
    """

    name: str
    work: Callable[[Node, Values], Work]
    version: int = 1


OPERATORS: Registry[Operator] = Registry("operator", group="archcast.operators")

Count: TypeAlias = Callable[[Node, Values], Work]


def operator(*names: str, version: int = 1) -> Callable[[Count], Count]:
    """Decorator: the function counts the work of the operators named."""

    def register(count: Count) -> Count:
        for name in names:
            OPERATORS.register(name, Operator(name, count, version))
        return count

    return register


def traffic(
    node: Node,
    values: Values,
    kind: str,
    *,
    learned: tuple[int, ...] | None = None,
    macs: int = 0,
    loops: tuple[Loops, ...] = (),
) -> Work:
    """Work of a node that reads all its inputs once and writes its outputs.

    Args:
        learned: positions of inputs that are trained where they are constants; None for all of them.
        loops: of what it multiplies; its multiply-adds are then theirs.
    """
    read = weights = 0
    names = []
    for position, name in enumerate(node.inputs):
        if not name or name in node.inputs[:position]:
            continue
        value = values[name]
        if not value.constant:
            read += value.bytes
            continue
        weights += value.bytes
        if is_learned(value) and (learned is None or position in learned):
            names.append(name)
    macs += sum(loop.macs for loop in loops)
    return Work(kind, macs, read, weights, written(node, values), tuple(names), loops)


def written(node: Node, values: Values) -> int:
    """Bytes of a node's outputs."""
    return sum(values[name].bytes for name in node.outputs if name)


def is_learned(value: Value) -> bool:
    """Whether a constant is trained, as far as can be told: its source said so, or it is no lone number."""
    if value.learned is not None:
        return value.learned
    kept = value.dtype.startswith(_FLOATS) or value.dtype.removeprefix("u") in _NARROW
    return kept and value.shape is not None and value.elements > 1


def with_bias(work: Work, node: Node, values: Values, position: int) -> Work:
    """The same work with an input among what is trained that is added as integers of 32 bits."""
    name = node.inputs[position] if position < len(node.inputs) else ""
    trained = name and values[name].constant and values[name].learned is not False
    return replace(work, learned=tuple(dict.fromkeys((*work.learned, name)))) if trained else work


def gathered(work: Work) -> Work:
    """The same work where no more is read than is written, as by what picks a part of its input."""
    return replace(work, read=min(work.read, work.written))


def attribute(node: Node, name: str, default: _S) -> _S:
    """An attribute of the default's type.

    Raises:
        InputError: it is of another type.
    """
    given = node.attributes.get(name, default)
    wanted = type(default)
    if wanted is float and isinstance(given, int):
        given = float(given)
    if not isinstance(given, wanted):
        raise InputError(f"attribute {name} of {node.op} must be a {wanted.__name__}, got {shorten(given)}")
    return given


def integers(node: Node, name: str, count: int, default: int) -> tuple[int, ...]:
    """An attribute of `count` whole numbers.

    Raises:
        InputError: it is anything else.
    """
    given = attribute(node, name, (default,) * count)
    if len(given) != count or not all(isinstance(v, int) for v in given):
        raise InputError(f"attribute {name} of {node.op} must be {count} whole numbers, got {shorten(given)}")
    return given


def shape_of(node: Node, values: Values, position: int, *, least: int = 0) -> tuple[int, ...]:
    """Shape of an input.

    Raises:
        InputError: it is left out, not bound, or has fewer than `least` dimensions.
    """
    if position >= len(node.inputs) or not node.inputs[position]:
        raise InputError(f"{node.op} must have an input {position}")
    dims = values[node.inputs[position]].dims
    if len(dims) < least:
        raise InputError(f"input {position} of {node.op} must have at least {least} dimensions, got {dims}")
    return dims


def out_shape(node: Node, values: Values, *, least: int = 0) -> tuple[int, ...]:
    """Shape of the first output.

    Raises:
        InputError: not known, or fewer than `least` dimensions.
    """
    dims = values[node.outputs[0]].dims
    if len(dims) < least:
        raise InputError(f"the output of {node.op} must have at least {least} dimensions, got {dims}")
    return dims
