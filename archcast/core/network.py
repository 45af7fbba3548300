"""A network of any form: typed nodes with shapes, under ONNX's meaning of operators.

Plain records: what operators cost is said in `archcast.featurize.operators`, how files become networks in
`archcast.featurize.readers`. A tensor's dimension is a whole number, or a name that stands for one until
`Network.bind` says which.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from types import MappingProxyType
from typing import Any, TypeAlias

from archcast.core.errors import InputError, shorten

Dim: TypeAlias = int | str
Scalar: TypeAlias = int | float | str | bool
Attribute: TypeAlias = "Scalar | tuple[Scalar, ...] | Value | Network"

COUNTED = ("Compress", "NonMaxSuppression", "NonZero", "Unique")
"""Operators of which values say how much they find; that open dimension has the operator's name."""
BITS: Mapping[str, int] = MappingProxyType(
    {"bool": 8, "bfloat16": 16, "complex64": 64, "complex128": 128, "string": 8}
    | {"float16": 16, "float32": 32, "float64": 64, "float4e2m1": 4}
    | {f"float8{kind}": 8 for kind in ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "e8m0")}
    | {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (2, 4, 8, 16, 32, 64)}
)
"""Bits an element takes, by `Value.dtype`."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of a network.

    Attributes:
        name: unique in its network.
        shape: whole numbers, or names of dimensions that are not bound; None when nothing is known of it.
        dtype: key of `BITS`.
        constant: a weight or another constant of the network, which does not pass between nodes.
        data: elements of a small constant, such as a shape, in row-major order; None where not kept.
        learned: whether a constant is trained; None where its source does not say.
        is_bound: whether every dimension is a number.
    """

    name: str
    shape: tuple[Dim, ...] | None
    dtype: str = "float32"
    constant: bool = False
    data: tuple[Scalar, ...] | None = None
    learned: bool | None = None
    is_bound: bool = field(init=False, repr=False, compare=False)
    _elements: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        elements = 1
        for d in self.shape if self.shape is not None else ("?",):
            if isinstance(d, str):
                elements = -1
                break
            elements *= d
        object.__setattr__(self, "is_bound", elements >= 0)
        object.__setattr__(self, "_elements", elements)

    def __reduce__(self) -> tuple[Any, ...]:  # several times as fast as a dataclass's own
        return Value, (self.name, self.shape, self.dtype, self.constant, self.data, self.learned)

    @property
    def dims(self) -> tuple[int, ...]:
        """The shape as numbers.

        Raises:
            InputError: a dimension is not bound; names the tensor and how to bind it.
        """
        if self._elements < 0:
            self._refuse()
        return self.shape  # type: ignore[return-value]

    @property
    def elements(self) -> int:
        """Number of elements; raises as `dims`."""
        if self._elements < 0:
            self._refuse()
        return self._elements

    @property
    def bytes(self) -> int:
        """Size in bytes, elements of less than a byte packed; raises as `dims`."""
        return (self.elements * BITS[self.dtype] + 7) // 8

    def _refuse(self) -> None:
        if self.shape is None:
            raise InputError(f"the shape of {shorten(self.name)} is not known")
        d = next(d for d in self.shape if isinstance(d, str))
        raise InputError(
            f"dimension {shorten(d)} of {shorten(self.name)} is not bound: "
            f"bind it by its name, as bind({d}=...) or --bind {d}=..., "
            + (f"by how many a {d} finds" if d in COUNTED else "or give the whole shape of the input")
        )


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of a network.

    Attributes:
        op: ONNX's name, after its domain and `::` where that is not ONNX's own, such as `com.me::Foo`.
        inputs, outputs: names of values; "" stands for an optional one that is left out.
        attributes: as ONNX names them; a tensor is a constant value, a sub-graph of `If`, `Loop` or `Scan` a
            network.
        part: the part of the network that it belongs to, such as `stage1.block0`; may be empty.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    part: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return Node, (self.op, self.inputs, self.outputs, self.attributes, self.part)

    @property
    def bodies(self) -> tuple[Network, ...]:
        """Its sub-graphs."""
        return tuple(v for v in self.attributes.values() if isinstance(v, Network)) if self.attributes else ()


@dataclass(frozen=True)
class Network:
    """A whole network; nodes stand in an order in which they can be run.

    Attributes:
        values: every tensor by its name, weights included.
        nodes: operations.
        inputs, outputs: names of values.

    Raises:
        InputError: a node reads what nothing before it wrote, two write one value, or a value is missing.
    """

    values: Mapping[str, Value]
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    outer: frozenset[str] = frozenset()
    """Of a sub-graph: values of the networks around it that it reads."""
    opset: int = 17
    """Version of ONNX's operators whose attributes and inputs its nodes have."""

    def __post_init__(self) -> None:
        known = {name for name, value in self.values.items() if value.constant}
        known.update(self.inputs, self.outer)
        for i, node in enumerate(self.nodes):
            for name in node.inputs:
                if name and name not in known:
                    raise InputError(
                        f"node {i} ({node.op}) reads {shorten(name)}, which is no input, no constant and not "
                        f"written by a node before it"
                    )
            for name in node.outputs:
                if name in known:
                    raise InputError(f"node {i} ({node.op}) writes {shorten(name)} a second time")
                if name and name not in self.values:
                    raise InputError(f"values of the network lack {shorten(name)}, which node {i} writes")
                known.add(name)
        for name in (*self.inputs, *self.outputs):
            if name not in self.values and name not in self.outer:
                raise InputError(f"values of the network lack {shorten(name)}, its input or output")
            if name not in known:
                raise InputError(f"output {shorten(name)} is written by no node")

    def __len__(self) -> int:
        return len(self.nodes)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self.key == other.key

    @cached_property
    def bodies(self) -> Mapping[int, tuple[Network, ...]]:
        """Sub-graphs by the position of the node that holds them."""
        return {place: node.bodies for place, node in enumerate(self.nodes) if node.bodies}

    @cached_property
    def reads(self) -> tuple[tuple[str, ...], ...]:
        """What each node and its sub-graphs read, empty names aside."""
        read = []
        for place, node in enumerate(self.nodes):
            names = node.inputs if "" not in node.inputs else tuple(name for name in node.inputs if name)
            for body in self.bodies.get(place, ()):
                names = (*names, *body.outer)
            read.append(names)
        return tuple(read)

    def walk(self) -> Iterator[tuple[Node, Network]]:
        """Every node with the network it belongs to, those of sub-graphs after the node that holds them."""
        for node in self.nodes:
            yield node, self
            for body in node.bodies:
                yield from body.walk()

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Names of dimensions that are not bound: of the inputs, and of what operators of `COUNTED` find."""
        shapes = (self.values[name].shape or () for name in self.inputs)
        counted = {node.op: None for node, within in self.walk() if _is_open(node, within)}
        return tuple(dict.fromkeys(d for shape in shapes for d in shape if not isinstance(d, int)) | counted)

    def bind(self, **dims: Any) -> Network:
        """The same network with numbers for names of dimensions, such as `bind(batch=1, tokens=384)`.

        Shapes that follow from those of the inputs are worked out anew.

        Raises:
            InputError: a name that no open dimension has, or a number below 1; lists the names there are.
        """
        for name, number in dims.items():
            if name not in self.symbols:
                there = ", ".join(self.symbols) or "none"
                raise InputError(f"dimension must be one that is open ({there}), got {shorten(name)}")
            if isinstance(number, bool) or not isinstance(number, Integral) or number < 1:
                raise InputError(f"dimension {name} must be an integer of at least 1, got {shorten(number)}")
        if not dims:
            return self
        dims = {name: int(number) for name, number in dims.items()}
        shapes = {
            name: tuple(dims.get(d, d) if isinstance(d, str) else d for d in self.values[name].shape or ())
            for name in self.inputs
        }
        counts = {name: number for name, number in dims.items() if name in COUNTED}
        bound: Network = _above("readers.rebind").rebind(self, shapes, counts)
        return bound

    def summary(self) -> Any:
        """What it holds and costs, see `archcast.featurize.summary.summarize`."""
        return _above("summary").summarize(self)

    def _repr_html_(self) -> str:
        html: str = self.summary()._repr_html_()
        return html

    def __repr__(self) -> str:
        return f"Network({len(self.nodes)} nodes, {', '.join(self.inputs)} -> {', '.join(self.outputs)})"

    @cached_property
    def key(self) -> str:
        """Hash of what the network is, whatever its values are called and in whatever order its nodes stand.

        Weights count by shape and type alone; two networks with one key cost the same.
        """
        return _hash_of(self, {})


def _is_open(node: Node, within: Network) -> bool:
    """Whether it finds what values alone tell how much."""
    return node.op in COUNTED and any(
        node.op in (within.values[name].shape or ()) for name in node.outputs if name
    )


def _above(module: str) -> Any:
    """A module of the room above, which these records do not depend on until they are asked."""
    return importlib.import_module(f"archcast.featurize.{module}")


def _hash_of(network: Network, around: Mapping[str, str]) -> str:
    """Hash of a network from the hashes of the values around it (empty for a whole network)."""
    hashes = dict(around)
    for place, name in enumerate(network.inputs):
        hashes[name] = _digest("input", str(place), *_type(network.values[name]))
    for name, value in network.values.items():
        if value.constant:
            data = None if _is_weight(value) else value.data
            hashes[name] = _digest("constant", *_type(value), repr(data))
    every = []
    for node in network.nodes:
        attributes = (
            f"{name}={_hash_of(v, hashes) if isinstance(v, Network) else repr(v)}"
            for name, v in sorted(node.attributes.items())
        )
        own = _digest(node.op, *attributes, "<", *(hashes[name] if name else "" for name in node.inputs))
        every.append(own)
        for place, name in enumerate(node.outputs):
            if name:
                hashes[name] = _digest(own, str(place), *_type(network.values[name]))
    ends = (hashes[name] for name in network.outputs)
    return _digest("network", str(len(network.inputs)), *sorted(every), "->", *ends)


def _is_weight(value: Value) -> bool:
    """Whether a constant's elements say nothing of what the network costs."""
    if value.learned is not None:
        return value.learned
    return value.dtype.startswith(("float", "bfloat")) and value.is_bound and value.elements > 1


def _type(value: Value) -> tuple[str, str]:
    return value.dtype, repr(value.shape)


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()
