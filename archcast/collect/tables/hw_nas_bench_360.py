"""HW-NAS-Bench-360: all NAS-Bench-201 cells on a Raspberry Pi 5, ONNX Runtime, CIFAR-100.

Median latency in ms (spread: root of the published variance), measured energy in mJ (rail of the
processor cores only, idle subtracted), accuracy in %. One cell of each isomorphism class was measured
and its figures repeated for the others (`Space.measured_as`); accuracy is each cell's own. Rows of
other devices, frameworks or tasks, if the file has any, are not read.

Only a selection of the file's rows was at hand when this recipe was written, so the hash of the whole
is unknown and it is fetched by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.collect.tables.base import Series, column, joined, manifest, published
from archcast.core.errors import DataError, InputError
from archcast.core.optional import require
from archcast.featurize.spaces.nasbench201 import NASBench201

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "hw_nas_bench_360"
DEVICE = "pi5_onnx"
_ROWS = {"device": "pi5", "framework": "onnx", "task": "cifar100"}
_COLUMNS = ("arch_idx", "lat_ms_median", "lat_ms_var", "energy_mj", "accuracy", "status")
_LATENCY = Series("nasbench201", "latency", "cifar100", (DEVICE,))
_ENERGY = Series("nasbench201", "energy", "cifar100", (DEVICE,))
_ACCURACY = Series("nasbench201", "accuracy", "cifar100")
_FILES = manifest(NAME)[1]


def _columns(folder: Path, names: tuple[str, ...]) -> dict[str, Any]:
    """Columns of the rows of `_ROWS`, sorted by `arch_idx`."""
    pa = require("pyarrow", extra="collect", purpose="reading measurement tables")
    import pyarrow.parquet as pq

    file = folder / _FILES[0].path
    try:
        filters = [(name, "=", value) for name, value in _ROWS.items()]
        table = pq.read_table(file, columns=list(names), filters=filters).sort_by("arch_idx")
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(f"{file} is not HW-NAS-Bench-360's table: {error}") from error
    index = table["arch_idx"].to_numpy()
    if len(index) == 0 or not (np.diff(index) > 0).all():
        raise DataError(f"{file} must hold each arch_idx once for {_ROWS}")
    return {name: table[name].to_numpy() for name in names}


def _read(folder: Path, space: str) -> pa.Table:
    known, columns = NASBench201(), _columns(folder, _COLUMNS)
    try:
        texts = known.to_text(known.from_index(columns["arch_idx"]))
    except InputError as error:
        raise DataError(f"{folder / _FILES[0].path}: {error}") from error
    measured = columns["status"] == "ok"

    def kept(name: str) -> Any:
        return np.where(measured, columns[name], np.nan)

    spread = np.sqrt(kept("lat_ms_var"))
    return joined(
        [
            column(_LATENCY, DEVICE, texts, kept("lat_ms_median"), source=NAME, spread=spread),
            column(_ENERGY, DEVICE, texts, kept("energy_mj"), source=NAME),
            column(_ACCURACY, "", texts, columns["accuracy"], source=NAME),
        ]
    )


RECIPE = published(NAME, series=(_LATENCY, _ENERGY, _ACCURACY), read=_read)
