"""A network as a table of kernels: what predictors of networks see.

Each kind of program has its maker of tables; the fields of a kernel are told in
`archcast.featurize.encoders.kernel_records`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from archcast.core.network import Network
from archcast.featurize.encoders.kernel_joined import joined_table
from archcast.featurize.encoders.kernel_launched import compiled_table, eager_table
from archcast.featurize.encoders.kernel_records import CLASSES, FIELDS, KernelTable
from archcast.featurize.encoders.program import COMPILED, EAGER, Program
from archcast.featurize.fusion.unquantized import unquantized

__all__ = ["CLASSES", "FIELDS", "KernelTable", "kernel_table"]

Maker: TypeAlias = Callable[[Network, Program], KernelTable]
MAKERS: Mapping[str, Maker] = MappingProxyType({EAGER: eager_table, COMPILED: compiled_table})
"""By a program's rules; `joined_table` makes the others."""
_KEPT = "_kernel_tables"


def kernel_table(network: Network, program: Program) -> KernelTable:
    """The table of a network, worked out once a program and kept with the network.

    Of a quantised network it is that of what it was quantised from: the device says in how many bits it runs.

    Raises:
        InputError: a shape is not known; names the node.
    """
    kept = network.__dict__.setdefault(_KEPT, {})
    if program not in kept:
        plain = unquantized(network).network
        kept[program] = MAKERS.get(program.rules, joined_table)(plain, program)
    table: KernelTable = kept[program]
    return table
