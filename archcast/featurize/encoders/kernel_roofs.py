"""Kernels under rooflines: how much of each kind of work they do, and what makes a unit of it dearer.

| symbol | meaning |
|---|---|
| k | kernels |
| f, h | `ON_MACS`, `ON_BYTES`: properties that multiply the price of a multiply-add, of a byte |

A kernel that multiplies nothing has no properties, so that the work of those of one kind can be added up.
Properties named `one_item` are of passes over one item: sizes that caches hold or do not, which large batches
leave far behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Bools, Doubles, Ints
from archcast.featurize.encoders.kernel_records import CLASSES, KernelTable
from archcast.featurize.encoders.kernel_view import PRODUCTS, KernelView, Tiling

AMOUNTS = ("macs", "read", "written", "curved", "weights", "kernels")
"""Billions of multiply-adds, millions of bytes and of curved elements, kernels."""
_HALF = 2
_FREE = ("view", "constant", "control")


class Roofs(NamedTuple):
    """Kernels in one pass over a batch.

    Shapes:
        kinds: (k,) places in `CLASSES`; amounts: (k, len(AMOUNTS)); on_macs: (k, f); on_bytes: (k, h)
    """

    kinds: Ints
    amounts: Doubles
    on_macs: Doubles
    on_bytes: Doubles

    def rows(self, chosen: Ints | Bools) -> Roofs:
        """Some of the kernels, by their places or a mask."""
        return Roofs(self.kinds[chosen], self.amounts[chosen], self.on_macs[chosen], self.on_bytes[chosen])


class _Seen:
    """Properties of kernels by which units of work become dearer."""

    def __init__(self, table: KernelTable, view: KernelView) -> None:
        self.view, self.last = view, table.field("last") > 0
        self.places = np.maximum(table.field("places"), 1)
        self.depthwise = view.of("conv_depthwise")
        self.tiled = view.of(*PRODUCTS, "attention_masked") - self.depthwise - view.of("recurrent")
        self.maps = view.of("conv_kxk", "conv_1x1", "conv_grouped", "conv_transposed")
        self.kxk, self.grouped, self.one = (view.of(f"conv_{name}") for name in ("kxk", "grouped", "1x1"))
        self.window, self.strided = view.window, view.stride > 1
        self.one_item = float((view.times == 1).all())
        self.single = view.of("matmul", "linear") * (table.field("width") > _HALF)

    def waste(self, inputs: int, outputs: int) -> Doubles:
        """Log of what rounding channels up adds."""
        v = self.view
        padded = np.ceil(v.inputs / inputs) * inputs * np.ceil(v.outputs / outputs) * outputs
        idle: Doubles = np.log(padded / (v.inputs * v.outputs)) * self.tiled
        return idle


_Property = Callable[[_Seen], Doubles]
_SHARED: Mapping[str, _Property] = MappingProxyType(
    {
        "depthwise.last": lambda s: s.depthwise * s.last,
        "grouped.last": lambda s: s.grouped * s.last,
        "kxk.last": lambda s: s.kxk * s.last,
        "one.last": lambda s: s.one * s.last,
        "patch": lambda s: s.kxk * (s.window == s.view.stride**2),
        "single": lambda s: s.single,
    }
)
ON_MACS: Mapping[str, _Property] = MappingProxyType(
    {
        "waste": lambda s: s.waste(16, 16),
        "waste.wide": lambda s: s.waste(1, 64),
        "odd": lambda s: ((s.view.inputs % 8 > 0) | (s.view.outputs % 8 > 0)) * s.tiled,
        "strided": lambda s: s.strided * s.maps,
        "shallow": lambda s: np.log1p(16 / s.view.inputs) * s.tiled,
        "narrow": lambda s: np.log1p(16 / s.view.outputs) * s.tiled,
        "small": lambda s: np.log1p(49 / s.places) * s.tiled,
        "depthwise.strided": lambda s: s.strided * s.depthwise,
        "depthwise.window": lambda s: np.log(s.window / 9) * s.depthwise,
        "depthwise.5": lambda s: (s.window == 25) * s.depthwise,
        "depthwise.7": lambda s: (s.window >= 36) * s.depthwise,
        "depthwise.9": lambda s: (s.window >= 64) * s.depthwise,
        "depthwise.window.last": lambda s: np.log(s.window / 9) * s.depthwise * s.last,
        "depthwise.7.last": lambda s: (s.window >= 36) * s.depthwise * s.last,
        "depthwise.9.last": lambda s: (s.window >= 64) * s.depthwise * s.last,
        "weights.one_item": lambda s: np.log1p(s.view.weights / 1e6) * s.tiled * s.one_item,
        "places.one_item": lambda s: np.log(s.places / 196) * s.tiled * s.one_item,
        "place.one_item": lambda s: (s.places <= 1) * s.tiled * s.one_item,
        **_SHARED,
    }
)
ON_BYTES: Mapping[str, _Property] = MappingProxyType(
    {"bytes.one_item": lambda s: np.log1p(s.view.moved / 1e6) * s.one_item, **_SHARED}
)


def kernel_roofs(table: KernelTable, *, batch: int) -> Roofs:
    """Kernels of a table that cost anything, in their order; those that cost nothing have no amounts.

    Shapes:
        output: k kernels, all of the table
    """
    view = KernelView(table, batch, Tiling())
    seen = _Seen(table, view)
    costs = 1.0 - view.of(*_FREE)
    multiplies = view.of(*PRODUCTS, "attention_masked") * (view.macs > 0)
    amounts = np.stack(
        [
            view.macs * multiplies / 1e9,
            view.read / 1e6,
            (view.moved - view.read) / 1e6,
            view.curved / 1e6,
            view.weights / 1e6,
            view.ones,
        ],
        axis=1,
    )
    return Roofs(
        table.classes.astype(np.int64),
        amounts * costs[:, None],
        np.stack([factor(seen) * multiplies for factor in ON_MACS.values()], axis=1),
        np.stack([factor(seen) * multiplies for factor in ON_BYTES.values()], axis=1),
    )


def joined(roofs: Roofs) -> tuple[Roofs, Doubles]:
    """Equal kernels once, and those that multiply nothing added up by kind.

    Shapes:
        output: u kernels, and how often each is run, (u,)
    """
    multiplies = roofs.amounts[:, 0] > 0
    added = np.zeros((len(CLASSES), len(AMOUNTS)))
    np.add.at(added, roofs.kinds[~multiplies], roofs.amounts[~multiplies])
    there = np.flatnonzero(added[:, -1] > 0)
    distinct, times = np.unique(as_array(roofs.rows(multiplies)), axis=0, return_counts=True)
    whole = np.zeros((len(there), distinct.shape[1]))
    whole[:, 0], whole[:, 1 : 1 + len(AMOUNTS)] = there, added[there]
    every = np.concatenate([whole, distinct])
    return from_array(every), np.concatenate([np.ones(len(there)), times])


def as_array(roofs: Roofs) -> Doubles:
    """Kernels as rows of one array, (k, 1 + len(AMOUNTS) + f + h)."""
    rows: Doubles = np.concatenate(
        [roofs.kinds[:, None], roofs.amounts, roofs.on_macs, roofs.on_bytes], axis=1
    )
    return rows


def from_array(rows: Doubles) -> Roofs:
    """What `as_array` gave."""
    ends = np.cumsum([1, len(AMOUNTS), len(ON_MACS)])
    kinds, amounts, on_macs, on_bytes = np.split(rows, ends, axis=1)
    return Roofs(kinds[:, 0].astype(np.int64), amounts, on_macs, on_bytes)
