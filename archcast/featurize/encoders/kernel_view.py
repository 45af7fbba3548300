"""What runtimes make of the kernels of a table: products in tiles, weights read again, windows laid out.

| symbol | meaning |
|---|---|
| k | kernels |
| tile | rows and columns of the block that a product's inner loop fills, a multiple of its depth |
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archcast.core.arrays import Doubles
from archcast.featurize.encoders.kernel_records import CLASSES, KernelTable
from archcast.featurize.encoders.winograd import Transformed

PRODUCTS = (
    *("conv_kxk", "conv_1x1", "conv_grouped", "conv_depthwise", "conv_transposed"),
    *("linear", "matmul", "attention", "recurrent"),
)
_PLACES = {name: place for place, name in enumerate(CLASSES)}


@dataclass(frozen=True, slots=True)
class Tiling:
    """How products are cut up.

    Attributes:
        rows, columns, depth: what places, channels out and channels in are rounded up to.
        widest: places of the largest window that depthwise convolutions have a loop of their own for; wider
            ones are run as grouped ones.
        plain_groups: grouped convolutions are run by a plain loop, not in tiles.
        transforms: convolutions of 3 x 3 are products of transformed tiles, see
            `archcast.featurize.encoders.winograd`.
    """

    rows: int = 4
    columns: int = 8
    depth: int = 4
    widest: float = np.inf
    plain_groups: bool = False
    transforms: bool = False


class KernelView:
    """Kernels of a table in one pass over a batch.

    Args:
        table: of one item.
        batch: items in a pass; weights are read once a pass.
        tiling: of the runtime.
    """

    def __init__(self, table: KernelTable, batch: int, tiling: Tiling) -> None:
        self.tiling = tiling
        self.transformed: Transformed | None = None
        self.classes = table.classes
        self.times = np.where(table.field("once") > 0, 1.0, float(batch))
        self.macs, self.elements, self.curved = (
            table.field(name) * self.times for name in ("macs", "elements", "curved")
        )
        self.moved = (table.field("read") + table.field("written")) * self.times
        self.read, self.weights = table.field("read") * self.times, table.field("weights")
        self.groups, self.inputs, self.outputs, self.window, self.stride = (
            np.maximum(table.field(name), 1) for name in ("groups", "inputs", "outputs", "window", "stride")
        )
        self.places = table.field("places") * self.times
        self.joined = np.maximum(table.field("joined"), 1)
        self.ones = np.ones(len(table))
        if tiling.transforms:
            self._transform()

    def _transform(self) -> None:
        """Count what is done of convolutions of 3 x 3: fewer products, of more weights."""
        transformed = Transformed.of(
            single=(self.of("conv_kxk") * (self.stride == 1) * (self.groups == 1)) > 0,
            window=self.window,
            inputs=self.inputs,
            outputs=self.outputs,
            places=self.places / self.times,
        )
        self.transformed, fits = transformed, transformed.fits
        products = transformed.points * transformed.tiles * self.times
        self.macs = np.where(fits, products * self.inputs * self.outputs, self.macs)
        self.weights = np.where(fits, self.weights * transformed.points / self.window, self.weights)

    def of(self, *kinds: str) -> Doubles:
        """1 where a kernel is of one of the classes, (k,)."""
        asked = np.zeros(len(CLASSES))
        asked[[_PLACES[kind] for kind in kinds]] = 1.0
        chosen: Doubles = asked[self.classes]
        return chosen

    @cached_property
    def product(self) -> Doubles:
        """Products in tiles, (k,)."""
        plain = self.of("conv_grouped") if self.tiling.plain_groups else 0.0
        tiled: Doubles = self.of(*PRODUCTS) - self.depthwise - plain
        return tiled

    @cached_property
    def depthwise(self) -> Doubles:
        """Depthwise convolutions with a loop of their own, (k,)."""
        narrow: Doubles = self.of("conv_depthwise") * (self.window <= self.tiling.widest)
        return narrow

    @cached_property
    def grouped(self) -> Doubles:
        """Convolutions of several groups, and those run as such, (k,)."""
        both: Doubles = self.of("conv_grouped", "conv_depthwise") - self.depthwise
        return both

    @cached_property
    def single(self) -> Doubles:
        """Products of one place an item, such as a classifier or a squeeze, (k,)."""
        lone: Doubles = self.of("conv_1x1", "linear") * (self.places <= self.times)
        return lone

    @cached_property
    def tiles(self) -> Doubles:
        """Results of products rounded up to whole tiles, (k,)."""
        t = self.tiling
        results: Doubles = (
            self.product * self.groups * _up(self.outputs, t.columns) * _up(self.places, t.rows)
        )
        return results

    @cached_property
    def padded(self) -> Doubles:
        """Multiply-adds of products with what tiles do in vain, (k,)."""
        deep = np.where(self.inputs > 1, _up(self.inputs, self.tiling.depth), 1.0)
        total: Doubles = self.tiles * self.window * deep
        if self.transformed is not None:
            made, t = self.transformed, self.tiling
            rows = _up(made.tiles * self.times, t.rows)
            total = np.where(made.fits, made.points * rows * _up(self.outputs, t.columns) * deep, total)
        return total

    @cached_property
    def laid_out(self) -> Doubles:
        """Bytes of windows laid out side by side, of convolutions of more than one place, (k,).

        Of transformed ones those of the tiles, before the products and after.
        """
        wide = (self.window > 1) * 4.0
        laid: Doubles = self.places * self.inputs * self.groups * self.window * wide
        if self.transformed is not None:
            made = self.transformed
            tiles = made.points * made.tiles * self.times * (self.inputs + self.outputs) * 4.0
            laid = np.where(made.fits, tiles, laid)
        return laid

    @cached_property
    def memory(self) -> Doubles:
        """Kernels that multiply nothing in tiles, (k,)."""
        return self.ones - self.of(*PRODUCTS)

    def roof(self, knee: float) -> Doubles:
        """Work of a device that does `knee` multiply-adds while it moves four bytes, in such moves, (k,)."""
        work = (self.padded + 4 * self.macs * self.depthwise) / knee
        tallest: Doubles = np.maximum(work, (self.moved + self.weights) / 4)
        plain = self.grouped * (1 - self.product)
        return tallest * (1 - plain)


def _up(values: Doubles, multiple: int) -> Doubles:
    rounded: Doubles = np.ceil(values / multiple) * multiple
    return rounded
