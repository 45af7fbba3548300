"""Columns of kernels, whose sums over a network a non-negative price each turns into its cost.

A column tells how much of one kind of work a kernel does. Some are pooled over all kernels; the others are of
a class, and say how far its price departs from that of the pooled one they stand under (`under`): by
`plausible` times that price, as a rule. A class that nothing taught costs what the pooled columns say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.core.device import DeviceName
from archcast.featurize.encoders.kernel_records import CLASSES, KernelTable
from archcast.featurize.encoders.kernel_view import PRODUCTS, KernelView, Tiling

Kind: TypeAlias = Callable[[KernelView], Doubles]

_FREE = ("view", "constant", "control")
_CHEAP = ("batch_norm", "add", "elementwise", "cast", "copy")
_CLASSES = tuple(c for c in CLASSES if c not in PRODUCTS and c not in _FREE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: unique in its set; a class, or what is counted, and its unit.
        count: values of kernels, (kernels,).
        under: pooled column whose price its own is compared with; empty for a pooled one.
        plausible: how many times that price it may add.
        untaught: how many times that price it adds where no network that teaches has it.
    """

    name: str
    count: Callable[[KernelView], Doubles]
    under: str = ""
    plausible: float = 1.0
    untaught: float = 0.0


class Units(NamedTuple):
    """How prices of columns hang together, see `Column`.

    Shapes:
        under: (d,), the place of the column that each stands under, its own for a pooled one; plausible,
            untaught: (d,)
    """

    under: Ints
    plausible: Doubles
    untaught: Doubles


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """Columns of one kind of runtime.

    Attributes:
        tiling: how it cuts up products.
        columns: in order; the last, `start`, is of the network as a whole.
    """

    tiling: Tiling
    columns: tuple[Column, ...]

    @property
    def units(self) -> Units:
        """How prices of its columns hang together."""
        places = {column.name: place for place, column in enumerate(self.columns)}
        return Units(
            np.array([places[column.under or column.name] for column in self.columns]),
            np.array([column.plausible for column in self.columns]),
            np.array([column.untaught for column in self.columns]),
        )


def _pooled() -> tuple[Column, ...]:
    return (
        Column("products.padded", lambda k: k.padded),
        Column("products.macs", lambda k: k.macs * k.product, "products.padded"),
        Column("products.tiles", lambda k: k.tiles),
        Column("bytes", lambda k: k.moved),
        Column("weights", lambda k: k.weights),
        Column("kernels", lambda k: k.ones),
        *(Column(f"roof{knee}", partial(_roof, knee)) for knee in (4, 16, 64)),
    )


def _depthwise() -> tuple[Column, ...]:
    under = "products.padded"
    return (
        Column("depthwise.macs", lambda k: k.macs * k.depthwise, under, 8),
        Column("depthwise.wide", lambda k: k.macs * k.depthwise * (k.window > 9), under, 8),
        Column("depthwise.strided", lambda k: k.macs * k.depthwise * (k.stride > 1), under, 8),
        Column("depthwise.bytes", lambda k: k.moved * k.depthwise, "bytes", 2),
        Column("depthwise.weights", lambda k: k.weights * k.depthwise, "weights", 2),
        Column("depthwise.kernels", lambda k: k.depthwise, "kernels", 2),
        Column("depthwise.border", lambda k: k.read * k.depthwise * (k.window > 1), "bytes"),
    )


def _convolutions() -> tuple[Column, ...]:
    columns: list[Column] = []
    for name, kind in (("kxk", _kxk), ("one", _one), ("grouped", _of_groups)):
        columns += [
            Column(f"{name}.padded", partial(_times, kind, "padded"), "products.padded"),
            Column(f"{name}.tiles", partial(_times, kind, "tiles"), "products.tiles"),
            Column(f"{name}.bytes", partial(_times, kind, "moved"), "bytes"),
        ]
    return (
        *columns,
        Column("kxk.laid_out", partial(_times, _kxk, "laid_out"), "bytes"),
        Column("kxk.winograd", _winograd, "products.padded"),
        Column("kxk.shallow", lambda k: k.padded * _kxk(k) * (k.inputs < 4), "products.padded", 2),
        Column("products.heavy", lambda k: k.padded * k.weights / (k.weights + 5e5), "products.padded"),
        Column("products.depth", lambda k: k.inputs * k.window * k.product, "products.tiles"),
        Column("single.weights", lambda k: k.weights * k.single, "weights", 2),
        Column("single.kernels", lambda k: k.single, "kernels", 0.5),
        Column("single.depth", lambda k: k.inputs * k.single, "products.tiles", 10),
    )


def _kxk(k: KernelView) -> Doubles:
    return k.of("conv_kxk")


def _one(k: KernelView) -> Doubles:
    return k.of("conv_1x1", "linear") - k.single


def _of_groups(k: KernelView) -> Doubles:
    return k.grouped


def _times(kind: Kind, field: str, k: KernelView) -> Doubles:
    """A field of kernels of a kind, 0 for the others."""
    values: Doubles = getattr(k, field) * kind(k)
    return values


def _winograd(k: KernelView) -> Doubles:
    """Multiply-adds of windows of 3 x 3 without a stride, which fewer products can do."""
    values: Doubles = k.macs * k.of("conv_kxk") * (k.window == 9) * (k.stride == 1)
    return values


def _grouped(*, plain: bool) -> tuple[Column, ...]:
    under, times = "products.padded", 100.0 if plain else 10.0
    return (
        Column("grouped.macs", lambda k: k.macs * k.grouped, under, times, times if plain else 0.0),
        Column("grouped.taps", _taps, under, times),
        Column("grouped.laid_out", lambda k: k.laid_out * k.grouped, "bytes", 3),
        Column("grouped.groups", lambda k: k.groups * k.grouped, "kernels", 2),
    )


def _taps(k: KernelView) -> Doubles:
    return k.places * k.groups * k.outputs * k.window * k.grouped


def _memory() -> tuple[Column, ...]:
    often = {"multiply": 5.0, "global_pool": 5.0}
    return (
        Column("memory.bytes", lambda k: k.moved * k.memory, "bytes"),
        Column("memory.kernels", lambda k: k.memory, "kernels", 0.3),
        Column("memory.curved", lambda k: k.curved * k.memory, "bytes", 2),
        *(
            Column(
                f"{name}.bytes",
                partial(_class_bytes, name),
                "bytes",
                often.get(name, 1.0 if name in _CHEAP else 2.0),
            )
            for name in _CLASSES
        ),
    )


def _class_bytes(name: str, k: KernelView) -> Doubles:
    return k.moved * k.of(name)


def _roof(knee: int, k: KernelView) -> Doubles:
    return k.roof(knee)


def _set(tiling: Tiling) -> ColumnSet:
    return ColumnSet(
        tiling,
        (
            *(_pooled() + _depthwise() + _convolutions()),
            *(_grouped(plain=tiling.plain_groups) + _memory()),
            Column("start", lambda k: 0 * k.ones),
        ),
    )


WORK: Mapping[str, ColumnSet] = MappingProxyType(
    {
        "tiles": _set(Tiling()),
        "plain_groups": _set(Tiling(plain_groups=True)),
        "narrow_depthwise": _set(Tiling(widest=25)),
        "maps": _set(Tiling(columns=4)),
        "matrices": _set(Tiling(rows=16, columns=64, depth=8)),
        "transformed_tiles": _set(Tiling(transforms=True)),
        "transformed_maps": _set(Tiling(columns=4, transforms=True)),
        "transformed_matrices": _set(Tiling(rows=16, columns=64, depth=8, transforms=True)),
    }
)
"""Columns by kind of runtime."""


def work_set(device: DeviceName) -> str:
    """Key of the columns that a device is told by."""
    name = device.runtime.rstrip("0123456789._")
    on_maps = device.processor in ("gpu", "vulkan", "opencl", "metal")
    if _transforms(device, on_maps):
        return "transformed_" + ("maps" if on_maps else "matrices" if device.batch > 1 else "tiles")
    if on_maps:
        return "maps"
    if name == "tflite" and device.processor != "npu":
        return "plain_groups"
    if device.runtime.endswith("_mobile"):
        return "narrow_depthwise"
    if device.precision.startswith("amp") or device.batch > 1:
        return "matrices"
    return "tiles"


def _transforms(device: DeviceName, on_maps: bool) -> bool:
    """Whether convolutions of 3 x 3 are run as products of transformed tiles.

    By families left out, ncnn (but in int8 on a processor) and Paddle Inference do; TensorFlow Lite and
    PyTorch Mobile do not.
    """
    name, whole = device.runtime.partition("_")[0].rstrip("0123456789."), device.precision == "int8"
    return (name == "ncnn" and (on_maps or not whole)) or (
        name.startswith(("paddle", "tensorrt")) and not whole
    )


def kernel_work(table: KernelTable, key: str, *, batch: int = 1) -> Doubles:
    """Columns of every kernel in one pass over a batch, and of the start.

    Shapes:
        output: (kernels + 1, d); the last row is the start
    """
    work = WORK[key]
    view = KernelView(table, batch, work.tiling)
    values = np.zeros((len(table) + 1, len(work.columns)))
    for place, column in enumerate(work.columns):
        values[:-1, place] = column.count(view)
    values[-1, -1] = 1.0
    return values
