"""Small convolutional networks of three cells with dense skip connections, FLASH's kind of space.

| symbol | meaning |
|---|---|
| d_c | depth of cell c: its 3x3 convolutions, each followed by batch norm and ReLU |
| w_c | width of cell c: output channels of each of them |
| t_c | skips of cell c: most earlier layers that a layer reads besides its predecessor |

Layer 1 of a cell reads the cell before it (in the first cell the image) and, but in the first cell, halves
the side. Layer i > 1 reads its predecessor and m = min(t_c, i - 2) of the layers 1 to i - 2 of its cell,
concatenated. Li et al. (FLASH: Fast Neural Architecture Search with Hardware Optimization, ACM TECS 2021)
draw single channels at random; here whole layers are taken, evenly spread: layers 1 + floor(k (i - 2) / m)
for k = 0 to m - 1. So the decisions alone fix the network, and SC_c = w_c sum over i of min(t_c, i - 2).
Global mean and a linear layer follow the last cell. t_c beyond d_c - 2 finds no more layers to read:
`canonical` has d_c - 2 there.

Codes have nine columns: depths, widths and skips of the cells, each a position among the sorted choices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Arch, Bools, Codes, Doubles, Ints
from archcast.core.network import Network
from archcast.featurize.encoders.packed import PackedGraphs, log_costs
from archcast.featurize.spaces.blocks import classifier, conv_bn
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.chain import Build, ChainSpace, Part
from archcast.featurize.spaces.genome import Axis, Genome
from archcast.featurize.spaces.places import Forced, Place, Places
from archcast.featurize.spaces.skipnet_notation import (
    CHOICES,
    COLUMNS,
    DEPTHS,
    KEYS,
    N_CELLS,
    SKIPS,
    WIDTHS,
    parse_items,
)
from archcast.featurize.summary import peak_bytes
from archcast.featurize.topology import Cells

IMAGES = {"digits": (1, 8), "cifar10": (3, 32), "shapes": (16, 8)}
"""Data set -> channels and side of its images; those of shapes are 32 x 32, read as 8 x 8 patches."""
CLASSES = 10
POSITIONS = DEPTHS[-1]
"""Layers that a cell can have."""
_D, _W, _T = slice(0, 3), slice(3, 6), slice(6, 9)
_SLOTS = N_CELLS * POSITIONS + 1
"""Layers of all cells and the head."""


class SkipNet(ChainSpace):
    """Networks of three cells of 3 to 12 layers, at the image's side, a half and a quarter of it."""

    name = "skipnet"
    keys = KEYS
    choices: ClassVar = dict(zip(COLUMNS, CHOICES, strict=True))
    datasets = tuple(IMAGES)
    term_groups = cost_groups = ((0, 3, 6), (1, 4, 7), (2, 5, 8), (3, 4), (4, 5))

    parse_items = staticmethod(parse_items)

    def format(self, codes: Codes) -> list[Arch]:
        lists = [part.tolist() for part in _decisions(codes)]
        return [dict(zip(KEYS, row, strict=True)) for row in zip(*lists, strict=True)]

    def canonical(self, codes: Codes) -> Codes:
        """Skips beyond the layers there are set to d_c - 2: 2,314,125,000 classes."""
        out = codes.copy()
        depth, _, skips = _decisions(codes)
        out[:, _T] = np.minimum(skips, depth - 2)
        return out

    @property
    def n_networks(self) -> int:
        cell = sum(min(len(SKIPS), depth - 1) for depth in DEPTHS)
        widths: int = math.prod(map(len, WIDTHS))
        total: int = widths * cell**N_CELLS
        return total

    def genome(self) -> Genome:
        """Codes; a lattice has one number of skips for all cells."""
        genome = Genome(self)
        depths, widths = range(N_CELLS), range(N_CELLS, 2 * N_CELLS)
        genome.axes = (*(Axis((c,), 3) for c in depths), *(Axis((c,), 4) for c in widths), Axis((6, 7, 8), 3))
        return genome

    def places(self) -> Places:
        """Three cells of up to twelve layers, which are alike: a width or skips are forced on all of them."""
        widths = sorted({w for choices in WIDTHS for w in choices})
        blocks = tuple(f"w{w}" for w in widths) + tuple(f"t{t}" for t in SKIPS)
        places, names = [], []
        for unit, own in enumerate(WIDTHS):
            forced = [Forced(widths.index(w), (N_CELLS + unit,), (code,)) for code, w in enumerate(own)]
            forced += [Forced(len(widths) + t, (2 * N_CELLS + unit,), (t,)) for t in range(len(SKIPS))]
            for layer in range(POSITIONS):
                least = layer + 1 - DEPTHS[0]
                places.append(Place(unit, layer, (unit, least) if least > 0 else None, tuple(forced)))
                names.append(str(layer + 1))
        units = tuple(f"cell{u + 1}" for u in range(N_CELLS))
        return Places(units, tuple(names), blocks, tuple(places))

    # -- the network --------------------------------------------------------------------------------

    def network(self, code: Codes, dataset: str | None = None, *, live: bool = False) -> Network:
        del live  # every layer is on a path from input to output
        code = self.check_codes(np.asarray(code).reshape(1, -1))
        b = NetworkBuilder()
        b.part = "input"
        x = b.input(*IMAGES[self.check_dataset(dataset)])
        cells = zip(*(part[0].tolist() for part in _decisions(code)), strict=True)
        for c, (depth, width, skips) in enumerate(cells):
            layers: list[str] = []
            for i in range(1, depth + 1):
                b.part = _part_name(c, i)
                read = [layers[j - 1] for j in sources(i, skips)]
                x = _layer(b, [x, *read], width, stride=_stride(c, i))
                layers.append(x)
        b.part = "head"
        classifier(b, x, CLASSES)
        return b.network()

    def parts(self, dataset: str) -> tuple[Part, ...]:
        """One part a layer; built alone, its skips are copies of its one input, at the same cost."""
        channels, side = IMAGES[dataset]
        before: tuple[int, ...] = (channels,)
        parts = []
        for c, widths in enumerate(WIDTHS):
            outside, side = side, side // (1 if c == 0 else 2)
            first = Part("", len(before) * len(widths), _first(c), _by_first(before, len(widths), outside))
            later = Part("", 1 + len(widths) * len(SKIPS), _later(c), _by_later(widths, side))
            for i in range(1, POSITIONS + 1):
                like = first if i == 1 else later
                parts.append(Part(_part_name(c, i), like.n_keys, like.build, like.input_shape))
            before = widths
        head = Part(
            "head", len(before), lambda b, x, _: classifier(b, x, CLASSES), lambda k: (before[k], side)
        )
        return (*parts, head)

    def part_keys(self, codes: Codes) -> Ints:
        wide = codes.astype(np.int64)
        width, depth = wide[:, _W], wide[:, _D] + DEPTHS[0]
        before = np.pad(width[:, :-1], ((0, 0), (1, 0)))
        keys = np.empty((len(codes), N_CELLS, POSITIONS), dtype=np.int64)
        keys[:, :, 0] = before * np.array([len(w) for w in WIDTHS]) + width
        position = np.arange(2, POSITIONS + 1)
        read = np.minimum(wide[:, _T, None], position - 2)
        form = 1 + width[:, :, None] * len(SKIPS) + read
        keys[:, :, 1:] = np.where(position <= depth[:, :, None], form, 0)
        return np.concatenate([keys.reshape(len(codes), -1), width[:, -1:]], axis=1)

    def dag(self, codes: Codes, dataset: str | None = None) -> PackedGraphs:
        """One node a layer and one for the head; its type is the cell, its features are its costs."""
        costs = self.part_costs(codes, dataset)
        present: Bools = np.any(costs, axis=(2, 3))
        number = np.cumsum(present.reshape(-1)).reshape(present.shape) - 1
        chosen = _links()[codes[:, _T]] & present[:, :-1].reshape(len(codes), N_CELLS, 1, POSITIONS)
        row, cell, source, target = np.nonzero(chosen)
        links = number[np.stack([row, row]), cell * POSITIONS + np.stack([source, target])]
        owner, _ = np.nonzero(present)
        along = np.flatnonzero(owner[1:] == owner[:-1])
        kinds = np.arange(_SLOTS) // POSITIONS
        return PackedGraphs(
            node_type=np.broadcast_to(kinds, present.shape)[present],
            node_features=log_costs(costs[present]).astype(np.float32),
            edge_index=np.concatenate([np.stack([along, along + 1]), links], axis=1).astype(np.int64),
            ptr=np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int64),
            types=N_CELLS + 1,
        )

    def peak_bytes(self, codes: Codes, dataset: str | None = None) -> Doubles:
        """That of the first layers, of the later ones with all that is alive for skips, and of the head."""
        most = super().peak_bytes(codes, dataset)  # a later layer alone has a part of what is alive
        depth, width, skips = _decisions(codes)
        _, side = IMAGES[self.check_dataset(dataset)]
        for c in range(N_CELLS):
            pairs, forms = np.unique(np.stack([depth[:, c], skips[:, c]]), axis=1, return_inverse=True)
            peaks = np.array([_channel_peak(d, t) for d, t in pairs.T.tolist()], dtype=np.float64)
            np.maximum(most, width[:, c] * (side >> c) ** 2 * peaks[forms.reshape(-1)], out=most)
        return most

    def cells(self, codes: Codes) -> Cells:
        """Width, depth and skip channels of the three cells; skips concatenate."""
        depth, width, skips = _decisions(codes)
        return Cells(
            width.astype(np.float64),
            depth.astype(np.float64),
            (width * _reads(depth, skips)).astype(np.float64),
            concatenated=True,
        )

    def terms(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        """Decisions one-hot, and what costs grow with in each cell, in thousands of channels.

        Width times width before; width squared times layers after the first with what they read;
        output channels; skip channels; channels of predecessors that skips are joined to. Parameters,
        MACs and bytes are weighted sums of them.
        """
        names, decisions = super().terms(codes)
        depth, width, skips = _decisions(codes)
        reads = _reads(depth, skips)
        joined = np.minimum(skips, 1) * (depth - 2)  # layers that concatenate
        before = np.pad(width[:, :-1], ((0, 0), (1, 0)), constant_values=1)
        columns = {
            "first": before * width,
            "later": width**2 * (depth - 1 + reads),
            "outputs": width * depth,
            "skips": width * reads,
            "joined": width * joined,
        }
        own = tuple(f"cell{c}_{name}" for name in columns for c in range(N_CELLS))
        return (*names, *own), np.concatenate([decisions, *(v / 1e3 for v in columns.values())], axis=1)


def sources(i: int, skips: int) -> tuple[int, ...]:
    """Layers of its cell, counted from 1, that layer `i` reads besides its predecessor."""
    read = min(skips, max(i - 2, 0))
    return tuple(1 + k * (i - 2) // read for k in range(read))


def _decisions(codes: Codes) -> tuple[Ints, Ints, Ints]:
    """Depths, widths and skips as values.

    Shapes:
        codes: (n, 9); output: (n, 3) each
    """
    wide = codes.astype(np.int64)
    first = np.array([choices[0] for choices in CHOICES])
    step = np.array([choices[1] - choices[0] for choices in CHOICES])
    values = first + step * wide
    return values[:, _D], values[:, _W], values[:, _T]


def _reads(depth: Ints, skips: Ints) -> Ints:
    """Layers read over skips, summed over a cell's layers: sum of min(t, i - 2) for i = 3 to d."""
    most = np.minimum(skips, depth - 2)
    reads: Ints = most * (most + 1) // 2 + (depth - 2 - most) * most
    return reads


@cache
def _links() -> Bools:
    """(skips, source, target): whether a layer of a cell reads another over a skip, counted from 0."""
    table = np.zeros((len(SKIPS), POSITIONS, POSITIONS), dtype=bool)
    for skips in SKIPS:
        for i in range(1, POSITIONS + 1):
            for j in sources(i, skips):
                table[skips, j - 1, i - 1] = True
    return table


def _part_name(cell: int, i: int) -> str:
    return f"cell{cell + 1}.layer{i}"


def _stride(cell: int, i: int) -> int:
    return 2 if cell and i == 1 else 1


def _layer(b: NetworkBuilder, read: Sequence[str], width: int, *, stride: int) -> str:
    x = b.concat(*read) if len(read) > 1 else read[0]
    return conv_bn(b, x, width, kernel=3, stride=stride, act="relu")


@cache
def _channel_peak(depth: int, skips: int) -> int:
    """Most bytes alive in the later layers of a cell of one channel at one place."""
    b = NetworkBuilder()
    layers = [b.input(1, 1)]
    for i in range(2, depth + 1):
        layers.append(_layer(b, [layers[-1], *(layers[j - 1] for j in sources(i, skips))], 1, stride=1))
    return peak_bytes(b.network())


def _first(cell: int) -> Build:
    widths = WIDTHS[cell]

    def build(b: NetworkBuilder, x: str, key: int) -> str:
        return _layer(b, [x], widths[key % len(widths)], stride=_stride(cell, 1))

    return build


def _later(cell: int) -> Build:
    def build(b: NetworkBuilder, x: str, key: int) -> str:
        if key == 0:
            return x
        width, read = divmod(key - 1, len(SKIPS))
        return _layer(b, [x] * (1 + read), WIDTHS[cell][width], stride=1)

    return build


def _by_first(before: tuple[int, ...], forms: int, side: int) -> Callable[[int], tuple[int, int]]:
    return lambda key: (before[key // forms], side)


def _by_later(widths: tuple[int, ...], side: int) -> Callable[[int], tuple[int, int]]:
    return lambda key: (widths[max(key - 1, 0) // len(SKIPS)], side)
