"""A network as boxes and arrows: one box a kernel, one arrow where a kernel reads what another one writes.

An arrow that jumps far, such as an encoder's result that every layer of a decoder reads or the long skips of
a U-Net, would hide everything that it crosses: it is written into the box at its end instead of drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archcast.core.network import Dim, Network
from archcast.featurize.kernels import Kernel, kernels

FAR = 24
"""Kernels that an arrow may jump over."""


@dataclass(frozen=True, slots=True)
class Box:
    """One kernel of a drawing.

    Attributes:
        number: its position among the kernels.
        kernel: what it stands for.
        before: numbers of the boxes that it reads; -1 stands for an input of the network.
        far: the same of those that are too far before for an arrow.
        shape: of its first result; empty where it is not known.
        weights: shapes of the constants that its dearest node reads.
    """

    number: int
    kernel: Kernel
    before: tuple[int, ...]
    far: tuple[int, ...]
    shape: tuple[Dim, ...]
    weights: tuple[tuple[int, ...], ...]

    @property
    def likeness(self) -> tuple[object, ...]:
        """Equal for boxes that differ in nothing but their place."""
        local = tuple(self.number - b for b in self.before)
        return self.kernel.operators, self.shape, self.weights, self.kernel.macs, local

    @property
    def form(self) -> tuple[object, ...]:
        """Equal for boxes that differ in sizes alone."""
        return self.kernel.operators, tuple(self.number - b for b in self.before)


def boxes(network: Network, runtime: str = "onnxruntime") -> list[Box]:
    """The kernels of a network with what they read, in an order in which they can be run.

    Raises:
        InputError: a shape is not known; names the node.
        UnknownNameError: no such runtime.
    """
    every = kernels(network, runtime)
    owner = {place: number for number, kernel in enumerate(every) for place in kernel.nodes}
    writer = {name: place for place, node in enumerate(network.nodes) for name in node.outputs if name}
    origins: dict[str, frozenset[int]] = {name: frozenset({-1}) for name in network.inputs}
    drawn = []
    for place, node in enumerate(network.nodes):
        read = _origins(network.reads[place], origins)
        origins |= dict.fromkeys(node.outputs, frozenset({owner[place]}) if place in owner else read)
    for number, kernel in enumerate(every):
        inside = set(kernel.nodes)
        names = [n for place in kernel.nodes for n in network.reads[place] if writer.get(n) not in inside]
        read = _origins(tuple(names), origins) - {number}
        drawn.append(_box(network, number, kernel, read))
    return drawn


def _origins(names: tuple[str, ...], origins: Mapping[str, frozenset[int]]) -> frozenset[int]:
    """Kernels that write values, looked for through views."""
    return frozenset().union(*(origins.get(name, frozenset()) for name in names))


def _box(network: Network, number: int, kernel: Kernel, read: frozenset[int]) -> Box:
    end = network.nodes[kernel.nodes[-1]]
    shape = next((network.values[name].shape or () for name in end.outputs if name), ())
    dearest = max(kernel.inside, key=lambda c: (c.work.macs, c.work.bytes)).node
    constants = (network.values.get(name) for name in dearest.inputs)
    weights = tuple(v.dims for v in constants if v is not None and v.constant and len(v.dims) > 1)
    near = tuple(sorted(b for b in read if number - b <= FAR))
    far = tuple(sorted(b for b in read if number - b > FAR and b >= 0))
    return Box(number, kernel, near, far, shape, weights)
