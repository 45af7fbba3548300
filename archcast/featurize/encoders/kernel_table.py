"""A network as a table of kernels: what predictors of networks see.

| field | meaning |
|---|---|
| `macs` | multiply-adds |
| `read`, `written`, `weights` | bytes of activations read and written, of constants read |
| `elements` | elements written |
| `groups`, `inputs`, `outputs` | of convolutions and products: groups, channels in and out of one group |
| `places` | places of the output (rows of a product) |
| `window`, `stride` | places of the window, largest stride |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from archcast.core.network import Network
from archcast.featurize.encoders.program import Program
from archcast.featurize.kernels import Kernel, kernels
from archcast.featurize.operators import KINDS
from archcast.featurize.operators.counted import UNKNOWN

FIELDS = (
    *("macs", "read", "written", "weights", "elements"),
    *("groups", "inputs", "outputs", "places", "window", "stride"),
)
CLASSES = (*KINDS, UNKNOWN)
_KEPT = "_kernel_tables"


@dataclass(frozen=True, slots=True)
class KernelTable:
    """Kernels of one network under one program.

    Shapes:
        classes: uint8 (kernels,), places in `CLASSES`; fields: float64 (kernels, len(FIELDS))

    Attributes:
        parts: part of the network of each kernel.
        operators: operators of each kernel.
    """

    classes: NDArray[np.uint8]
    fields: NDArray[np.float64]
    parts: tuple[str, ...]
    operators: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.classes)


def kernel_table(network: Network, program: Program) -> KernelTable:
    """The table of a network, worked out once a program and kept with the network.

    Raises:
        InputError: a shape is not known; names the node.
    """
    kept = network.__dict__.setdefault(_KEPT, {})
    if program not in kept:
        kept[program] = _made(network, program)
    table: KernelTable = kept[program]
    return table


def _made(network: Network, program: Program) -> KernelTable:
    every = kernels(network, program.rules)
    fields = np.array([_fields(kernel) for kernel in every], dtype=np.float64).reshape(-1, len(FIELDS))
    classes = np.array([CLASSES.index(kernel.kind) for kernel in every], dtype=np.uint8)
    return KernelTable(classes, fields, tuple(k.part for k in every), tuple(k.operators for k in every))


def _fields(kernel: Kernel) -> Sequence[float]:
    loops = [loop for c in kernel.inside for loop in c.work.loops]
    head = [kernel.macs, kernel.read, kernel.written, kernel.weights, kernel.written / 4]
    if not loops:
        return [*head, 0, 0, 0, 0, 0, 0]
    loop = max(loops, key=lambda one: one.macs)
    shape = [loop.groups, loop.inputs, loop.outputs, loop.batch * prod(loop.size), prod(loop.kernel)]
    return [*head, *shape, max(loop.strides, default=1)]
