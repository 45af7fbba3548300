"""What `archcast data` does: list, fetch, import and show the public tables, show and export the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archcast.collect.export import ExportSummary, export_measurements, measurements_of
from archcast.collect.fetch import fetch_files, is_present
from archcast.collect.matrix import MeasurementMatrix, load_measurements
from archcast.collect.store import MeasurementStore
from archcast.collect.summary import ColumnSummary, summarise
from archcast.collect.tables.base import Recipe
from archcast.collect.tables.catalog import RECIPES
from archcast.collect.tables.location import Location, find, imported_path
from archcast.collect.tables.own import STORE
from archcast.core import settings
from archcast.core.errors import DataError
from archcast.core.measurements import write_table
from archcast.core.optional import require

__all__ = [
    "STORE",
    "ColumnSummary",
    "ExportSummary",
    "FetchSummary",
    "ImportSummary",
    "MeasurementMatrix",
    "StoreSummary",
    "TableRecord",
    "TableSummary",
    "export_measurements",
    "fetch_table",
    "import_table",
    "list_tables",
    "load_measurements",
    "show_store",
    "show_table",
]


@dataclass(frozen=True, slots=True)
class TableRecord:
    """One public table as this machine sees it.

    Attributes:
        rows: measurements imported; None when it is not imported.
        place: where its files are found.
        folder: that folder; None when absent.
        about: what a user of its figures must know.
        fetchable: whether `archcast data fetch` can download it; otherwise `by_hand` says how.
    """

    name: str
    title: str
    citation: str
    licence: str
    redistributable: bool
    upstream: str
    about: str
    spaces: tuple[str, ...]
    devices: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: int | None
    place: Location
    folder: Path | None
    fetchable: bool
    by_hand: str


@dataclass(frozen=True, slots=True)
class FetchSummary:
    """What `fetch_table` did: files downloaded, files that were there already, and where they are."""

    name: str
    downloaded: int
    present: int
    folder: Path


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What `import_table` wrote.

    Attributes:
        path: the Parquet file.
        columns: one entry a (space, metric, data set, device).
        altered: files whose hash is not the recipe's.
    """

    name: str
    path: Path
    rows: int
    columns: tuple[ColumnSummary, ...]
    altered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A table's record and what its columns hold."""

    record: TableRecord
    columns: tuple[ColumnSummary, ...]


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """Where the user's own measurements are, how many were chosen, and what their columns hold."""

    folder: Path
    rows: int
    columns: tuple[ColumnSummary, ...]


def list_tables() -> list[TableRecord]:
    """Every public table that archcast knows."""
    return [_record(recipe) for recipe in RECIPES.values()]


def fetch_table(name: str, *, show_progress: bool = True) -> FetchSummary:
    """Download a table's files to the folder of downloads; files that are there and right stay.

    Raises:
        UnknownNameError: there is no such table.
        DataError: a file cannot be had or is not the recipe's, or the table must be fetched by hand (the
            message says how).
    """
    recipe = RECIPES[name]
    if recipe.folder is not None:
        raise DataError(f"the table {name} is part of archcast: there is nothing to download")
    folder = settings.downloads() / recipe.name
    if recipe.by_hand:
        listed = ", ".join(remote.path for remote in recipe.files)
        raise DataError(
            f"the table {name} cannot be downloaded by archcast: {recipe.by_hand} "
            f"and put it at {folder / listed}"
        )
    count = fetch_files(recipe.files, folder, show_progress=show_progress)
    return FetchSummary(name, count, len(recipe.files) - count, folder)


def import_table(name: str) -> ImportSummary:
    """Write a table's measurements to Parquet, from the files found on this machine.

    Raises:
        UnknownNameError: there is no such table.
        DataError: its files are absent, damaged or of another form.
    """
    recipe = RECIPES[name]
    _, folder = find(recipe)
    if folder is None:
        raise DataError(f"the table {name} is not on this machine: run archcast data fetch {name}")
    altered = [
        remote.path
        for remote in recipe.files
        if remote.sha256 and (folder / remote.path).exists() and not is_present(remote, folder)
    ]
    table = recipe.to_table(folder)
    path = imported_path(recipe)
    write_table(table, path)
    return ImportSummary(name, path, table.num_rows, summarise(table), tuple(altered))


def show_table(
    name: str, *, space: str | None = None, metric: str | None = None, device: str | None = None
) -> TableSummary:
    """What a table holds, by column; imported if it is, else read from its files.

    Args:
        space: show this search space only.
        metric: show this metric only.
        device: show this device only.

    Raises:
        UnknownNameError: the table has no such space, metric or device.
        DataError: the table is not on this machine.
    """
    recipe = RECIPES[name]
    table = measurements_of(name, space=space, metric=metric, device=device)
    return TableSummary(_record(recipe), summarise(table))


def show_store(
    *, space: str | None = None, metric: str | None = None, device: str | None = None
) -> StoreSummary:
    """What the user's own measurements hold, by column; all, or those of a space, metric and device.

    Raises:
        UnknownNameError: the store has no such space, metric or device.
        DataError: a file of the store is foreign or damaged.
    """
    table = measurements_of(STORE, space=space, metric=metric, device=device)
    return StoreSummary(MeasurementStore().folder, table.num_rows, summarise(table))


def _record(recipe: Recipe) -> TableRecord:
    place, folder = find(recipe)
    path = imported_path(recipe)
    rows = None
    if path.is_file():
        pa = require("pyarrow", extra="collect", purpose="reading measurement tables")
        import pyarrow.parquet as pq

        try:
            rows = pq.read_metadata(path).num_rows
        except pa.ArrowException as error:
            raise DataError(f"{path} is not a measurement table: {error}") from error
    return TableRecord(
        name=recipe.name,
        title=recipe.title,
        citation=recipe.citation,
        licence=recipe.licence,
        redistributable=recipe.redistributable,
        upstream=recipe.upstream,
        about=recipe.about,
        spaces=recipe.spaces,
        devices=recipe.devices,
        metrics=tuple(dict.fromkeys(s.metric for s in recipe.series)),
        rows=rows,
        place=place,
        folder=folder,
        fetchable=recipe.folder is None and not recipe.by_hand,
        by_hand=recipe.by_hand,
    )
