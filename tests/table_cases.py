"""Reads public tables by their recipes, and takes columns out of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from archcast.collect.summary import summarise
from archcast.collect.tables import RECIPES
from archcast.core.device_catalog import device_of
from archcast.core.measurements import check
from archcast.core.metric import METRICS

PUBLISHED = tuple(n for n in RECIPES if n != "hw_nas_bench" and RECIPES[n].folder is None)


@lru_cache(maxsize=20)
def read(folder: Path, name: str, space: str) -> pa.Table:
    return RECIPES[name].to_table(place(folder, name), spaces=[space])


def place(folder: Path, name: str) -> Path:
    """Where a table's files are in a folder of tables; those of networks lie together."""
    return folder / name if (folder / name).is_dir() else folder


def values(table: pa.Table, metric: str, dataset: str, device: str = "") -> np.ndarray:
    keep = pc.and_(
        pc.and_(pc.equal(table["metric"].cast("string"), metric), is_word(table, "dataset", dataset)),
        is_word(table, "device", device),
    )
    return table.filter(keep)["value"].to_numpy()


def is_word(table: pa.Table, name: str, word: str) -> pa.Array:
    return pc.equal(table[name].cast("string"), word)


def check_rows(table: pa.Table, name: str, space: str, rows: int) -> None:
    """The table has the declared series, devices that are known, and so many rows."""
    check(table)
    assert table.num_rows == rows
    declared = {
        (s.space, s.metric, s.dataset, device)
        for s in RECIPES[name].series
        if s.space == space
        for device in s.devices
    }
    summaries = summarise(table)
    assert {(c.space, c.metric, c.dataset, c.device) for c in summaries} == declared
    assert sum(c.rows for c in summaries) == table.num_rows
    for c in summaries:
        assert c.metric in METRICS
        assert c.device == "" if not METRICS[c.metric].of_device else device_of(c.device).kind != ""
    assert pc.unique(table["source"].cast("string")).to_pylist() == [name]


def statuses(table: pa.Table) -> dict[tuple[str, str, str], int]:
    """(device, metric, status) -> how many rows have a status other than ok."""
    return {
        (c.device, c.metric, word): getattr(c, word)
        for c in summarise(table)
        for word in ("glitch", "missing", "failed")
        if getattr(c, word)
    }
