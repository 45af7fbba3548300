"""Tables of the kernels that a runtime's rules join, see `archcast.featurize.kernels`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archcast.core.network import Network
from archcast.featurize.encoders.kernel_records import CURVED, KernelTable, Row
from archcast.featurize.encoders.program import Program
from archcast.featurize.kernels import Kernel, kernels


def joined_table(network: Network, program: Program) -> KernelTable:
    """The kernels that a program's rules make, at four bytes an element as the network has it.

    Raises:
        InputError: a shape is not known; names the node.
    """
    every = kernels(network, program.rules)
    return KernelTable.of([Row(k.kind, _fields(k), k.part, k.operators) for k in every])


def _fields(kernel: Kernel) -> Sequence[float]:
    loops = [loop for c in kernel.inside for loop in c.work.loops]
    head = [kernel.macs, kernel.read, kernel.written, kernel.weights, kernel.written / 4]
    curved = sum(c.work.written * c.times / 4 for c in kernel.inside if c.node.op in CURVED)
    tail = [curved, len(kernel.inside), 4, 0, 0]
    if not loops:
        return [*head, 0, 0, 0, 0, 0, 0, *tail]
    loop = max(loops, key=lambda one: one.macs)
    shape = [loop.groups, loop.inputs, loop.outputs, loop.batch * prod(loop.size), prod(loop.kernel)]
    return [*head, *shape, max(loop.strides, default=1), *tail]
