"""Estimates kept: in a file, or in the measurement store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archcast.collect.store import MeasurementStore
from archcast.core.errors import DataError, InputError
from archcast.core.measurements import write_table
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet", ".csv")


def check_path(path: Path) -> None:
    """Raise InputError unless `path` ends in .parquet or .csv and its folder exists."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"the file to write must end in {' or '.join(SUFFIXES)}, got {path.name!r}")
    if not path.parent.is_dir():
        raise InputError(f"the file to write must be in a folder that exists, got {str(path)!r}")


def write_rows(table: pa.Table, path: Path) -> None:
    """Write a measurement table as Parquet or CSV; the file appears whole or not at all.

    Raises:
        InputError: the suffix is neither, or the folder does not exist.
        DataError: the file cannot be written.
    """
    check_path(path)
    pa = require("pyarrow", extra="collect", purpose="writing measurement tables")
    try:
        if path.suffix.lower() == ".parquet":
            write_table(table, path)
            return
        from pyarrow import csv

        plain = [f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in table.schema]
        partial = path.with_name(path.name + ".partial")
        csv.write_csv(table.cast(pa.schema(plain)), partial)
        partial.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error}") from error


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
            held = kept.table(space=space, device=device).select(known_columns)
            columns = [held[name].to_pylist() for name in known_columns]
            had |= set(zip(*columns, strict=True))
        new = [row for row in rows if tuple(row[name] for name in known_columns) not in had]
        kept.append(new)
    return len(new)
