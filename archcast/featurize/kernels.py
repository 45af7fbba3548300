"""Nodes grouped into kernels: what a runtime runs as one.

A kernel has one node that ends it; all its other nodes are read inside the kernel alone, so nothing between
them need be written. A runtime is a tuple of rules, applied in turn; each rule joins a node, or a few that
together are one operation written out, to those before. An eager runtime joins nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from archcast.core.errors import InputError, UnknownNameError
from archcast.core.network import Network
from archcast.featurize.fusion.graph import Groups
from archcast.featurize.fusion.rules import RULES
from archcast.featurize.operators import FREE
from archcast.featurize.operators.counted import Counted, counted

RUNTIMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "eager": (),
        "onnxruntime": (
            *("quantized", "constants", "normalization", "activation", "attention"),
            *("batch_norm", "epilogue_activation", "epilogue_add"),
        ),
        "tflite": ("quantized", "constants", "normalization", "activation", "batch_norm", "epilogue_clip"),
        "ncnn": (
            *("quantized", "constants", "normalization", "activation", "attention"),
            *("batch_norm", "epilogue_written"),
        ),
        "compiled": (
            *("quantized", "constants", "normalization", "activation", "attention"),
            *("batch_norm", "epilogue_activation", "epilogue_add", "pointwise"),
        ),
    }
)
"""Rules by kind of runtime, in the order in which they are applied."""
BALANCE = 10
"""Multiply-adds that take about as long as moving a byte on many devices, where no device is named."""
_DEAR = ("attention", "recurrent", "linear", "matmul")


@dataclass(frozen=True, slots=True)
class Kernel:
    """What is run as one.

    Attributes:
        nodes: positions of its nodes in the network.
        kind: kind of work of its dearest node, or what its nodes are together; see `operators.KINDS`.
        macs: multiply-adds.
        read, weights, written: bytes that pass its border: activations, constants, results.
        part: part of the network, of the node that names it.
        inside: its nodes with their work; of quantised ones the plain operators, in few bits.
    """

    nodes: tuple[int, ...]
    kind: str
    macs: int
    read: int
    weights: int
    written: int
    part: str
    inside: tuple[Counted, ...] = field(repr=False)

    @property
    def bytes(self) -> int:
        """Bytes read and written."""
        return self.read + self.weights + self.written

    @property
    def operators(self) -> tuple[str, ...]:
        """Operators of its nodes."""
        return tuple(c.node.op for c in self.inside)


def kernels(network: Network, runtime: str | Sequence[str] = "onnxruntime") -> tuple[Kernel, ...]:
    """The kernels of a network, in an order in which they can be run.

    Views are left out, and where the rule `constants` holds what depends on no input.

    Args:
        runtime: key of `RUNTIMES`, or names of rules in the order in which to apply them.

    Raises:
        UnknownNameError: a runtime or rule that is not known.
        InputError: a shape is not known; names the node.
    """
    groups = Groups(network)
    for name in _rules(runtime):
        RULES[name].apply(groups)
    works = _top_works(groups.network)
    return tuple(
        kernel
        for members, kind in groups.listed()
        if (kernel := _kernel(groups, members, kind, works)) is not None
    )


def dearest(made: Sequence[Kernel], n: int = 10) -> list[Kernel]:
    """The n kernels with the most work, a byte moved counted as `BALANCE` multiply-adds."""
    return sorted(made, key=lambda k: -max(k.macs, BALANCE * k.bytes))[:n]


def _rules(runtime: str | Sequence[str]) -> Iterable[str]:
    if isinstance(runtime, str):
        if runtime not in RUNTIMES:
            raise UnknownNameError("runtime", runtime, RUNTIMES)
        return RUNTIMES[runtime]
    return runtime


def _top_works(network: Network) -> tuple[tuple[Counted, ...], ...]:
    """Works of each node of the network itself, with those of its sub-graphs behind it."""
    out: list[list[Counted]] = []
    places = {id(node) for node in network.nodes}
    for c in counted(network):
        if id(c.node) in places:
            out.append([])
        out[-1].append(c)
    if len(out) != len(network.nodes):
        raise InputError("nodes of a network must be distinct records")
    return tuple(map(tuple, out))


def _kernel(
    groups: Groups, members: tuple[int, ...], kind: str, works: Sequence[tuple[Counted, ...]]
) -> Kernel | None:
    network = groups.network
    inside = tuple(c for place in members for c in works[place])
    if kind in FREE or all(c.work.kind in FREE for c in inside):
        return None
    dearest = max(inside, key=lambda c: (c.work.macs * c.times, c.work.kind in _DEAR, c.work.bytes))
    if len(members) == 1:
        own = works[members[0]][0].work
        read, weights, written = own.read, own.weights, own.written
    else:
        read, weights, written = _border(network, groups, members)
    bodies = [c for c in inside if c.node is not network.nodes[members[0]]] if len(members) == 1 else []
    return Kernel(
        tuple(sorted({place for member in members for place in groups.stands[member]})),
        kind or _kind(dearest, groups),
        sum(c.work.macs * c.times for c in inside),
        read + sum(c.work.read * c.times for c in bodies),
        weights + sum(c.work.weights * c.times for c in bodies),
        written + sum(c.work.written * c.times for c in bodies),
        dearest.node.part,
        inside,
    )


def _kind(c: Counted, groups: Groups) -> str:
    """Kind of a kernel's dearest node; a product by what was folded from weights is a linear layer."""
    folded = any(name in groups.constant for name in c.node.inputs)
    return "linear" if c.work.kind == "matmul" and folded else c.work.kind


def _border(network: Network, groups: Groups, members: tuple[int, ...]) -> tuple[int, int, int]:
    """Bytes of activations read, constants read and results written by several nodes together."""
    made = {name for place in members for name in network.nodes[place].outputs}
    entering = {name for place in members for name in network.nodes[place].inputs if name} - made
    read = weights = 0
    for name in entering:
        value = network.values[name]
        if not value.is_bound:
            continue
        if name in groups.constant:
            weights += value.bytes
        else:
            read += value.bytes
    inside = set(members)
    leaving = (n for n in made if n and (n in groups.outputs or groups.readers(n) - inside))
    written = sum(network.values[name].bytes for name in leaving if network.values[name].is_bound)
    return read, weights, written
