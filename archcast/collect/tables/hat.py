"""HAT (Wang et al., ACL 2020): latency in ms of 8 x 2,000 transformers on three devices.

A data set's rows are the whole translation: encoder plus decoder, with the root of the summed squares
as spread. The parts have rows of their own under `DATASET/encoder` and `DATASET/decoder`. The encoder
is timed once at batch 1, the decoder over all steps with a beam of 5. A few Raspberry Pi encoder runs
were disturbed and took several times their neighbours' time; nothing tells them apart for certain, so
they stay `ok`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archcast.collect.tables.base import Series, column, joined, manifest, published
from archcast.collect.tables.reading import number, parsed, read_csv
from archcast.core.errors import DataError
from archcast.featurize.spaces import SPACES

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "hat"
_PARTS = ("encoder", "decoder")
_FILES = manifest(NAME)[1]
_FILE = re.compile(r"(?P<dataset>\w+)_[cg]pu_(?P<device>\w+)_all\.csv")


def _by_dataset() -> dict[str, dict[str, str]]:
    """Data set -> device -> file."""
    by_dataset: dict[str, dict[str, str]] = {}
    for remote in _FILES:
        match = _FILE.fullmatch(remote.path)
        if match is None:
            raise DataError(f"{remote.path} is not named like a HAT table")
        by_dataset.setdefault(match["dataset"], {})[match["device"]] = remote.path
    return by_dataset


_BY_DATASET = _by_dataset()


def _read(folder: Path, space: str) -> pa.Table:
    tables = []
    for dataset, by_device in _BY_DATASET.items():
        for device, path in by_device.items():
            tables += _read_file(folder / path, space, dataset, device)
    return joined(tables)


def _read_file(file: Path, space: str, dataset: str, device: str) -> list[pa.Table]:
    known = SPACES[space]
    kinds = [f"latency_{kind}_{part}" for kind in ("mean", "std") for part in _PARTS]
    rows = read_csv(file, (*known.columns, *kinds))
    texts = known.to_text(
        parsed(space, [{c: number(row[c], file) for c in known.columns} for row in rows], file)
    )
    figures = np.array([[number(row[k], file) for k in kinds] for row in rows], dtype=np.float64)
    means, spreads = figures[:, :2], figures[:, 2:]
    whole = Series(space, "latency", dataset)
    total = column(
        whole,
        device,
        texts,
        means.sum(axis=1),
        source=NAME,
        spread=np.sqrt((spreads**2).sum(axis=1)),
        environment={"sum_of": _PARTS},
    )
    parts = [
        column(
            Series(space, "latency", f"{dataset}/{part}"),
            device,
            texts,
            means[:, i],
            source=NAME,
            spread=spreads[:, i],
        )
        for i, part in enumerate(_PARTS)
    ]
    return [total, *parts]


RECIPE = published(
    NAME,
    series=tuple(
        Series("hat", "latency", dataset + suffix, tuple(devices))
        for suffix in ("", "/encoder", "/decoder")
        for dataset, devices in _BY_DATASET.items()
    ),
    read=_read,
)
