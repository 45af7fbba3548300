"""NN-Degree and NN-Mass, topology features of a whole network.

| symbol | meaning |
|---|---|
| w_c | width of cell c: channels of its feature maps |
| d_c | depth of cell c: layers on its longest path |
| SC_c | skip channels of cell c: channels that arrive over links which jump over at least one layer |
| L_c | most skip channels cell c could have |

NN-Degree = sum over cells of w_c + SC_c / (w_c d_c)  (Li et al., FLASH, ACM TECS 2021).
NN-Mass = sum over cells of w_c d_c rho_c with density rho_c = SC_c / L_c  (Bhardwaj et al., How does
topology influence gradient propagation and model performance of deep networks with DenseNet-type skip
connections?, CVPR 2021).

Both are defined for skips that concatenate. There, layer i of a cell reads its predecessor and up to
w_c (i - 1) channels of earlier layers, so L_c = w_c (d_c - 1)(d_c - 2) / 2. Where skips are added, as in
residual networks, one link between two maps of w_c channels counts as w_c skip channels (each output
channel gains one incoming channel, which is what a concatenated one adds), and a link may go around a
single layer too, so every pair of the d_c + 1 feature maps can be linked and
L_c = w_c d_c (d_c + 1) / 2. What a cell, its width and its skips are is stated by each space in its
`cells` method and listed in docs/features.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.network import Network
from archcast.featurize.operators import OPERATORS

JOINS = ("Add", "Sum", "Concat")
"""Operators that skips arrive at."""
CellSizes = tuple[float, float, float]
"""Width, depth and skip channels of one cell."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of a batch of architectures.

    Shapes:
        width, depth, skip: (n, c), with depth 0 where an architecture has no such cell

    Attributes:
        concatenated: whether skips concatenate (else they are added).
    """

    width: Doubles
    depth: Doubles
    skip: Doubles
    concatenated: bool = False


def nn_degree(cells: Cells) -> Doubles:
    """Sum over cells of w_c + SC_c / (w_c d_c); a cell of no layers counts its width alone.

    Shapes:
        output: (n,)
    """
    links = cells.skip / np.maximum(cells.width * cells.depth, 1.0)
    degree: Doubles = (cells.width + links).sum(axis=1)
    return degree


def nn_mass(cells: Cells) -> Doubles:
    """Sum over cells of w_c d_c SC_c / L_c; 0 where a cell has no room for a skip.

    Shapes:
        output: (n,)
    """
    w, d = cells.width, cells.depth
    pairs = (d - 1) * (d - 2) / 2 if cells.concatenated else d * (d + 1) / 2
    most = np.maximum(w * pairs, 0.0)
    density = np.divide(cells.skip, most, out=np.zeros_like(most), where=most > 0)
    mass: Doubles = (w * d * density).sum(axis=1)
    return mass


def cell_of(network: Network) -> CellSizes:
    """Width, depth and skip channels of a whole network taken as one cell.

    Width is the mean of the output channels of nodes with multiply-adds; depth is the number of those on the
    longest path. An input of a sum or a concatenation is a skip when it comes from a lower depth than the
    deepest one; it carries its channels.
    """
    level = dict.fromkeys(network.inputs, 0)
    widths, skip = [], 0
    for node in network.nodes:
        arriving = {name: level[name] for name in node.inputs if name in level}
        deepest = max(arriving.values(), default=0)
        learned = OPERATORS[node.op].work(node, network.values).macs > 0
        if learned:
            widths.append(network.values[node.outputs[0]].dims[1])
        if node.op in JOINS:
            read = [name for name in node.inputs if level.get(name, deepest) < deepest]
            skip += sum(network.values[name].dims[1] for name in read)
        level |= dict.fromkeys(node.outputs, deepest + learned)
    return float(np.mean(widths)) if widths else 0.0, float(max(level.values())), float(skip)


def joined_cells(cells: Sequence[CellSizes], *, concatenated: bool) -> Cells:
    """Cells of a batch of networks of one cell each."""
    width, depth, skip = np.array(cells, dtype=np.float64).reshape(-1, 3).T[:, :, None]
    return Cells(width, depth, skip, concatenated)
