"""Estimates kept in the measurement store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcast.collect.store import MeasurementStore

if TYPE_CHECKING:
    import pyarrow as pa


def add_to_store(table: pa.Table, store: MeasurementStore | None = None) -> int:
    """Add estimates to the measurement store; return how many were not there.

    A row is there when one with its architecture, device, metric, data set and environment is: an estimate
    of another version of the target is another row.
    """
    known_columns = ("space", "arch", "device", "metric", "dataset", "environment")
    with MeasurementStore() if store is None else store as kept:
        rows = table.to_pylist()
        had: set[tuple[str, ...]] = set()
        for space, device in sorted({(row["space"], row["device"]) for row in rows}):
            held = kept.to_table(space=space, device=device).select(known_columns)
            columns = [held[name].to_pylist() for name in known_columns]
            had |= set(zip(*columns, strict=True))
        new = [row for row in rows if tuple(row[name] for name in known_columns) not in had]
        kept.append(new)
    return len(new)
