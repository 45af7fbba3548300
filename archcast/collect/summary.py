"""Counts and extent of the columns of a measurement table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.measurements import STATUSES
from archcast.core.metric import METRICS

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """Rows by status of one column, and the extent of its values in the metric's unit."""

    space: str
    metric: str
    unit: str
    dataset: str
    device: str
    ok: int
    glitch: int
    missing: int
    failed: int
    minimum: float | None
    median: float | None
    maximum: float | None

    @property
    def rows(self) -> int:
        """Rows of any status."""
        return self.ok + self.glitch + self.missing + self.failed


def summarise(table: pa.Table) -> tuple[ColumnSummary, ...]:
    """Counts and extent of each (space, metric, data set, device) of a measurement table."""
    if not table.num_rows:
        return ()
    keys = ("space", "metric", "dataset", "device")
    codes, names = zip(*(_encoded(table, key) for key in keys), strict=True)
    sizes = [len(n) for n in names]
    label = np.ravel_multi_index(codes, sizes)
    status, words = _encoded(table, "status")
    values = table["value"].to_numpy()
    labels, first = np.unique(label, return_index=True)
    lines = []
    for which in labels[np.argsort(first)]:
        rows = label == which
        place = np.unravel_index(which, sizes)
        space, metric, dataset, device = (n[int(i)] for n, i in zip(names, place, strict=True))
        counts = dict(zip(words, np.bincount(status[rows], minlength=len(words)), strict=True))
        good = values[rows][~np.isnan(values[rows])]
        extent = np.quantile(good, (0.0, 0.5, 1.0)).tolist() if len(good) else (None,) * 3
        lines.append(
            ColumnSummary(
                space,
                metric,
                METRICS[metric].unit,
                dataset,
                device,
                *(int(counts.get(word, 0)) for word in STATUSES),
                *extent,
            )
        )
    return tuple(lines)


def _encoded(table: pa.Table, name: str) -> tuple[Ints, Sequence[str]]:
    """Positions of a dictionary column in its distinct texts, and those texts."""
    array = table[name].combine_chunks()
    return array.indices.to_numpy(zero_copy_only=False), array.dictionary.to_pylist()
