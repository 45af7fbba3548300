"""HELP (Lee et al., NeurIPS 2021): latency of three spaces on 27, 27 and 12 devices, in ms.

The networks are for CIFAR-10 (NAS-Bench-201), CIFAR-100 (FBNet) and ImageNet (OFA). A position in a
latency file is a NAS-Bench-201 index, or a row of the space's list of architectures. On NAS-Bench-201,
`raspi4` and `pixel3` read near 0 ms for most of the 341 cells without a path from input to output,
whose network the runtime replaced by a constant; see `GLITCH_SHARE`. The rest of those cells stay `ok`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.collect.pickles import NOTHING, NUMPY_SCALARS, load_torch_zip
from archcast.collect.tables.base import Series, column, joined, manifest, published
from archcast.collect.tables.reading import parsed
from archcast.core.arrays import Codes
from archcast.core.errors import DataError
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.nasbench201 import NASBench201

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "help"
_FOLDERS = {"nasbench201": "nasbench201", "fbnet": "fbnet", "ofa_mbv3": "ofa"}
_DATASETS = {"nasbench201": "cifar10", "fbnet": "cifar100", "ofa_mbv3": "imagenet"}
_FILES = manifest(NAME)[1]


def _devices(space: str) -> tuple[str, ...]:
    start = f"{_FOLDERS[space]}/latency/"
    return tuple(f.path[len(start) : -3] for f in _FILES if f.path.startswith(start))


_SERIES = {space: Series(space, "latency", dataset, _devices(space)) for space, dataset in _DATASETS.items()}


def architectures(folder: Path, space: str) -> Codes:
    """Codes of the space's architectures, in the order of the latency files.

    Shapes:
        output: (n, k) with n = 15,625, 5,000 and 5,000
    """
    known = SPACES[space]
    if isinstance(known, NASBench201):
        return known.from_index(np.arange(known.size))
    file = folder / ("fbnet/metainfo.pt" if space == "fbnet" else "ofa/ofa_archs.pt")
    record = load_torch_zip(file, allowed=NOTHING if space == "fbnet" else NUMPY_SCALARS)
    try:
        listed = record["arch"]
        given = [a["op_idx_list"] for a in listed] if space == "fbnet" else list(listed)
    except (KeyError, TypeError) as error:
        raise DataError(f"{file} must list {space} architectures: {error!r}") from error
    return parsed(space, given, file)


def _read(folder: Path, space: str) -> pa.Table:
    return _read_devices(folder, space, _SERIES[space].devices)


def _read_device(folder: Path, space: str, device: str) -> pa.Table:
    return _read_devices(folder, space, (device,))


def _read_devices(folder: Path, space: str, devices: Sequence[str]) -> pa.Table:
    series, texts = _SERIES[space], SPACES[space].to_text(architectures(folder, space))
    if space == "nasbench201":
        _check_index(folder / "nasbench201/str_arch2idx.pt", texts)
    tables = []
    for device in devices:
        values = _numbers(folder / f"{_FOLDERS[space]}/latency/{device}.pt")
        tables.append(column(series, device, texts, values, source=NAME))
    return joined(tables)


def _check_index(file: Path, texts: list[str]) -> None:
    """The file's numbering of cells must be the one that this package has."""
    if file.exists() and load_torch_zip(file) != {text: i for i, text in enumerate(texts)}:
        raise DataError(f"{file} numbers the cells in another order than NAS-Bench-201")


def _numbers(file: Path) -> list[float]:
    values: Any = load_torch_zip(file)
    if not isinstance(values, list) or not all(type(v) in (int, float) for v in values):
        raise DataError(f"{file} must hold a list of numbers")
    return values


RECIPE = published(NAME, series=tuple(_SERIES.values()), read=_read, read_device=_read_device)
