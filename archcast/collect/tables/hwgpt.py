"""HW-GPT-Bench (Sukthanker et al., NeurIPS 2024): 30,000 decoders on six GPUs and five processors.

Latency on a GPU is the sum of its kernels' times under autocast, not wall time; energy is power sampled in
windows. A decoder is one item whatever its batch, which is part of the network: 8, 4 and 1 sequences of 1,024
tokens for the scales s, m and l. Its architecture is `e|l|h|r|b`: embedding width, layers, heads and MLP
ratio of each layer, bias.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archcast.collect.rows import environment_json
from archcast.collect.tables.base import joined
from archcast.collect.tables.network_rows import read_lines, table_recipe
from archcast.core.errors import DataError
from archcast.core.measurements import measurement_table

if TYPE_CHECKING:
    import pyarrow as pa

    from archcast.core.arrays import Doubles

NAME = "hwgpt"
BATCH = {"s": 8, "m": 4, "l": 1}
"""Scale -> sequences of one pass."""
TOKENS = 1024
_GPUS = ("P100", "v100", "a100", "a40", "a6000", "rtx3080")
_PROCESSORS = {
    "cpu_a6000": "hwgpt-a6000",
    "cpu_alldlc": "hwgpt-alldlc",
    "cpu_mlgpu": "hwgpt-mlgpu",
    "cpu_p100": "hwgpt-p100",
    "helix_cpu": "hwgpt-helix",
}
_COLUMNS = {
    **{f"lat_ms_{gpu}": (f"{gpu.lower()}-torch_kernels-amp", "latency") for gpu in _GPUS},
    **{f"energy_mJ_{gpu}": (f"{gpu.lower()}-torch_kernels-amp", "energy") for gpu in _GPUS},
    **{f"lat_ms_{processor}": (f"{name}-torch", "latency") for processor, name in _PROCESSORS.items()},
}
"""Column -> device and metric."""


def _read(folder: Path, space: str) -> pa.Table:
    tables = []
    for remote in RECIPE.files:
        scale = remote.path.split(".")[-2]
        path = folder / remote.path
        lines = read_lines(path)
        for column in ("arch", *_COLUMNS):
            if lines and column not in lines[0]:
                raise DataError(f"{path} has no column {column}")
        environment = environment_json({"scale": scale, "batch": BATCH[scale], "tokens": TOKENS})
        archs = [f"{NAME}:{scale}:{line['arch']}" for line in lines]
        for column, (device, metric) in _COLUMNS.items():
            values = np.array(
                [np.nan if line[column] is None else line[column] for line in lines], np.float64
            )
            tables.append(_column(space, archs, device, metric, values, environment))
    return joined(tables)


def _column(
    space: str, archs: list[str], device: str, metric: str, values: Doubles, environment: str
) -> pa.Table:
    there = np.isfinite(values) & (values > 0)
    return measurement_table(
        {
            "space": space,
            "arch": archs,
            "device": device,
            "metric": metric,
            "dataset": "",
            "value": np.where(there, values, np.nan),
            "status": np.where(there, "ok", "missing").tolist(),
            "source": NAME,
            "environment": environment,
            "note": np.where(there, "", "null").tolist(),
        }
    )


RECIPE = table_recipe(NAME, _read)
