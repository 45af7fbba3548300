"""HW-NAS-Bench (Li et al., ICLR 2021): latency (ms) and energy (mJ) on six devices.

NAS-Bench-201 has a figure for every cell and data set; -1 means the device could not run it. FBNet has a
look-up table from a block's key to its cost, and a network's cost is the sum over its blocks. The table
lists no FBNet networks: rows are the 5,000 that HELP measured when its folder lies beside this one, else
5,000 drawn uniformly with seed 0. `eyeriss_arithmetic_intensity` is no metric and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.collect.pickles import NUMPY_SCALARS, load_pickle
from archcast.collect.tables import help as help_table
from archcast.collect.tables.base import Series, column, joined, manifest, published
from archcast.collect.tables.reading import parsed
from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import DataError, shorten
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.fbnet import CHANNELS, INPUTS, SHAPES, SKIP, STAGES, STEM
from archcast.featurize.spaces.fbnet_notation import BLOCKS

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "hw_nas_bench"
_MAX_BYTES = 2**30
_SAMPLE = 5000
_LATENCY = ("edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga")
_ENERGY = ("edgegpu", "eyeriss", "fpga")
_CELLS = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "ImageNet16-120"}
_FILES = manifest(NAME)[1]


def _series() -> tuple[Series, ...]:
    kinds = {"latency": _LATENCY, "energy": _ENERGY}
    cells = [Series("nasbench201", k, d, devices) for d in _CELLS for k, devices in kinds.items()]
    blocks = [
        Series("fbnet", k, d, tuple(name for name in devices if name != "edgetpu"))
        for d in INPUTS
        for k, devices in kinds.items()
    ]
    return (*cells, *blocks)


_SERIES = _series()


def _read(folder: Path, space: str) -> pa.Table:
    file = folder / _FILES[0].path
    record = load_pickle(file, allowed=NUMPY_SCALARS, max_bytes=_MAX_BYTES)
    series = [s for s in _SERIES if s.space == space]
    try:
        part = record[space]
        if space == "fbnet":
            return _blocks(part, series, _networks(folder))
        return joined([_cells(part[_CELLS[s.dataset]], s, file) for s in series])
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file} is not of HW-NAS-Bench's form: {error!r}") from error


def _cells(part: Mapping[str, Any], series: Series, file: Path) -> pa.Table:
    configs = part["config"]
    ordered = configs.values() if isinstance(configs, dict) else configs
    texts = [config["arch_str"] for config in ordered]
    parsed(series.space, texts, file)
    return joined(
        [
            column(series, device, texts, part[f"{device}_{series.metric}"], source=NAME)
            for device in series.devices
        ]
    )


def _blocks(part: Mapping[str, Any], series: list[Series], codes: Codes) -> pa.Table:
    texts = SPACES["fbnet"].to_text(codes)
    summed = {"sum_of": "published block costs"}
    tables = []
    for s in series:
        for device in s.devices:
            values = fbnet_costs(part[f"{device}_{s.metric}"], codes, s.dataset)
            tables.append(column(s, device, texts, values, source=NAME, environment=summed))
    return joined(tables)


def _networks(folder: Path) -> Codes:
    for root in (folder.parent, folder):
        beside = root / help_table.NAME
        if (beside / "fbnet/metainfo.pt").is_file():
            return help_table.architectures(beside, "fbnet")
    return SPACES["fbnet"].sample(_SAMPLE, seed=0)


def fbnet_costs(lookup: Mapping[str, float], codes: Codes, dataset: str) -> Doubles:
    """Cost of FBNet networks as the sum of their blocks.

    Args:
        lookup: block key -> cost, in the table's unit.
        codes: (n, 22).
        dataset: `cifar100` or `imagenet`.

    Shapes:
        output: (n,), in the unit of `lookup`

    Raises:
        DataError: the table lacks a block.
    """
    given = INPUTS[dataset]
    side, channels = given.side, STEM
    fixed = _cost(lookup, _conv(side, 3, STEM, kernel=3, stride=given.stem_stride))
    side = _halved(side, given.stem_stride)
    total = np.zeros(len(codes))
    layer = 0
    for count, wide, first in zip(STAGES, CHANNELS, given.strides, strict=True):
        for position in range(count):
            stride = first if position == 0 else 1
            table = [
                _cost(lookup, _block(block, side, channels, wide, stride)) for block in range(len(BLOCKS))
            ]
            total += np.array(table)[codes[:, layer]]
            side, channels, layer = _halved(side, stride), wide, layer + 1
    fixed += _cost(lookup, _conv(side, channels, given.head, kernel=1, stride=1))
    fixed += _cost(lookup, f"AvgP_H{side}_W{side}_Cin{given.head}_Cout{given.head}_kernel{side}_")
    return total + fixed + _cost(lookup, f"FC_Cin{given.head}_Cout{given.classes}")


def _cost(lookup: Mapping[str, float], key: str) -> float:
    """Cost under `key`; one that ends in `_` is the beginning of exactly one of the table's keys."""
    keys = [key] if key in lookup else []
    if key.endswith("_"):
        keys = [k for k in lookup if k.startswith(key)]
    if len(keys) != 1:
        raise DataError(f"FBNet look-up table must hold {key} once, got {len(keys)}")
    cost = lookup[keys[0]]
    if not isinstance(cost, int | float) or not np.isfinite(cost) or cost < 0:
        raise DataError(f"FBNet cost of {keys[0]} must be a number of at least 0, got {shorten(cost)}")
    return float(cost)


def _conv(side: int, c_in: int, c_out: int, *, kernel: int, stride: int) -> str:
    shape = f"H{side}_W{side}_Cin{c_in}_Cout{c_out}"
    return f"ConvNorm_{shape}_kernel{kernel}_stride{stride}_group1"


def _block(block: int, side: int, c_in: int, c_out: int, stride: int) -> str:
    shape = f"H{side}_W{side}_Cin{c_in}_Cout{c_out}"
    if block == SKIP:
        return f"Skip_{shape}_stride{stride}"
    kernel, expansion, groups = SHAPES[block]
    return f"ConvBlock_{shape}_exp{expansion}_kernel{kernel}_stride{stride}_group{groups}"


def _halved(side: int, stride: int) -> int:
    return (side - 1) // stride + 1


RECIPE = published(NAME, series=_SERIES, read=_read)
