"""A network as a table of kernels: what predictors of networks see.

Each kind of program has its maker of tables; the fields of a kernel are told in
`archcast.featurize.encoders.kernel_records`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from archcast.core.network import Network
from archcast.featurize.encoders.kernel_joined import joined_table
from archcast.featurize.encoders.kernel_launched import compiled_table, eager_table
from archcast.featurize.encoders.kernel_records import CLASSES, FIELDS, KernelTable
from archcast.featurize.encoders.program import COMPILED, EAGER, Program
from archcast.featurize.fusion.unquantized import unquantized
from archcast.featurize.launches.exact import exact_nodes

__all__ = ["CLASSES", "FIELDS", "KernelTable", "kernel_table"]

Maker: TypeAlias = Callable[[Network, Program], KernelTable]
MAKERS: Mapping[str, Maker] = MappingProxyType({EAGER: eager_table, COMPILED: compiled_table})
"""By a program's rules; `joined_table` makes the others."""
_KEPT = "_kernel_tables"


def kernel_table(network: Network, program: Program) -> KernelTable:
    """The table of a network, kept with the network and worked out once for all programs that see the same.

    Of a quantised network it is that of what it was quantised from: the device says in how many bits it runs.

    Raises:
        InputError: a shape is not known; names the node.
    """
    kept = network.__dict__.setdefault(_KEPT, {})
    if program not in kept:
        plain = unquantized(network).network
        alike = _alike(plain, program)
        if alike not in kept:
            kept[alike] = MAKERS.get(alike.rules, joined_table)(plain, alike)
        kept[program] = kept[alike]
    table: KernelTable = kept[program]
    return table


def _alike(network: Network, program: Program) -> Program:
    """The program that stands for all under which a network is the same kernels."""
    if program.rules not in MAKERS:
        return Program(program.rules)
    precision = "amp" if program.precision.startswith("amp") else program.precision
    whole = program.attention == "exact" and not exact_nodes(network)
    return replace(program, precision=precision, attention="whole" if whole else program.attention)
