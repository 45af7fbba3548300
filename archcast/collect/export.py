"""Measurements of a public table or of the user's store, chosen by column, and written to one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcast.collect.store import MeasurementStore
from archcast.collect.tables.catalog import RECIPES
from archcast.collect.tables.location import recipe_table
from archcast.collect.tables.own import STORE
from archcast.core.errors import DataError, InputError, UnknownNameError
from archcast.core.files import atomic_write
from archcast.core.measurements import COLUMNS
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What `export_measurements` wrote: of which table, where, and how many rows."""

    name: str
    path: Path
    rows: int


def export_measurements(
    name: str,
    to: Path,
    *,
    space: str | None = None,
    metric: str | None = None,
    device: str | None = None,
) -> ExportSummary:
    """Write measurements to a Parquet or CSV file, which appears whole or not at all.

    Args:
        name: a public table, or `store` for the user's own measurements.
        to: its suffix says the format; a file that is there is replaced.

    Raises:
        InputError: the suffix is neither .parquet nor .csv, or the file's folder does not exist.
        UnknownNameError: there is no such table, or it has no such space, metric or device.
        DataError: there is no such row, the table is not on this machine, or the file cannot be written.
    """
    check_path(to)
    table = measurements_of(name, space=space, metric=metric, device=device)
    if not table.num_rows:
        raise DataError(f"there is nothing to export: {_where(name)} has no such measurement")
    write_rows(table, to)
    return ExportSummary(name, to, table.num_rows)


def check_path(path: Path) -> None:
    """Raise InputError unless `path` ends in .parquet or .csv and its folder exists."""
    if path.suffix.lower() not in _WRITERS:
        raise InputError(f"the file to write must end in {' or '.join(_WRITERS)}, got {path.name!r}")
    if not path.parent.is_dir():
        raise InputError(f"the file to write must be in a folder that exists, got {str(path)!r}")


def write_rows(table: pa.Table, path: Path) -> None:
    """Write a measurement table as Parquet or CSV; the file appears whole or not at all.

    Raises:
        InputError: the suffix is neither, or the folder does not exist.
        DataError: the file cannot be written.
    """
    check_path(path)
    try:
        with atomic_write(path) as partial:
            _WRITERS[path.suffix.lower()](table, partial)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error}") from error


def measurements_of(
    name: str, *, space: str | None = None, metric: str | None = None, device: str | None = None
) -> pa.Table:
    """Rows of a public table or of the store (`store`), all or those of a space, metric and device.

    Raises:
        UnknownNameError: there is no such table, or it has no such space, metric or device.
        DataError: the table is not on this machine, or a file is damaged.
    """
    if name != STORE and name not in RECIPES:
        raise UnknownNameError("table", name, (*RECIPES, STORE))
    pa = require("pyarrow", extra="collect", purpose="reading measurement tables")
    if name == STORE:
        table = MeasurementStore().to_table()
    else:
        spaces = RECIPES[name].spaces
        wanted = [space] if space in spaces else spaces
        table = pa.concat_tables([recipe_table(RECIPES[name], s) for s in wanted]).unify_dictionaries()
    given = {"space": space, "metric": metric, "device": device}
    chosen = table
    for column, value in given.items():
        if value is not None:
            chosen = _having(table, chosen, column, value, name)
    return chosen.select(COLUMNS)


def _having(table: pa.Table, chosen: pa.Table, column: str, value: str, name: str) -> pa.Table:
    import pyarrow.compute as pc

    known = pc.unique(table[column].cast("string")).to_pylist()
    if value not in known:
        raise UnknownNameError(f"{column} of {_where(name)}", value, known)
    return chosen.filter(pc.equal(chosen[column].cast("string"), value))


def _where(name: str) -> str:
    return "the store" if name == STORE else f"the table {name}"


def _write_parquet(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd")


def _write_csv(table: pa.Table, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv

    plain = [f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in table.schema]
    csv.write_csv(table.cast(pa.schema(plain)), path)


_WRITERS: dict[str, Callable[[Any, Path], None]] = {".parquet": _write_parquet, ".csv": _write_csv}
