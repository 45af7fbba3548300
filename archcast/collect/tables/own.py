"""The user's own measurements in the form of a table, so that whatever reads tables reads them too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archcast.collect.store import MeasurementStore
from archcast.collect.tables.base import Recipe, series_of

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
        series=series_of(store.to_table()) if store.folder.is_dir() else (),
        read=_read,
        folder=store.folder,
    )


def _read(folder: Path, space: str) -> pa.Table:
    return MeasurementStore(folder).to_table(space=space)
