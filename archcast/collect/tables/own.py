"""The user's own measurements in the form of a table, so that whatever reads tables reads them too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archcast.collect.store import MeasurementStore
from archcast.collect.tables.base import Recipe, Series

if TYPE_CHECKING:
    import pyarrow as pa

STORE = "store"


def store_recipe() -> Recipe:
    """A recipe of what the store holds at this moment.

    Raises:
        DataError: a file of the store is foreign or damaged.
    """
    store = MeasurementStore()
    return Recipe(
        name=STORE,
        title="own measurements",
        citation="",
        licence="own",
        redistributable=False,
        upstream=str(store.folder),
        files=(),
        series=_series(store),
        read=_read,
        folder=store.folder,
    )


def _read(folder: Path, space: str) -> pa.Table:
    return MeasurementStore(folder).table(space=space)


def _series(store: MeasurementStore) -> tuple[Series, ...]:
    """What has at least one value."""
    if not store.folder.is_dir():
        return ()
    table = store.table()
    keys = ["space", "metric", "dataset", "device"]
    listed = table.filter(table["value"].is_valid()).select(keys).group_by(keys).aggregate([]).to_pylist()
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in listed:
        found.setdefault((row["space"], row["metric"], row["dataset"]), []).append(row["device"])
    return tuple(Series(*series, tuple(sorted(devices))) for series, devices in found.items())
