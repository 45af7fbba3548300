"""Where a table's files are on this machine, and its measurements read from there."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from archcast.collect.tables.base import Recipe
from archcast.collect.tables.catalog import RECIPES
from archcast.core import settings
from archcast.core.errors import DataError
from archcast.core.measurements import read_table

if TYPE_CHECKING:
    import pyarrow as pa

Location = Literal["ARCHCAST_DATA", "downloaded", "own", "absent"]


def find(recipe: Recipe) -> tuple[Location, Path | None]:
    """Where the table's files are, and in which folder; `ARCHCAST_DATA` is asked first.

    A file that was fetched by hand may also lie beside the tables' folders.
    """
    if recipe.folder is not None:
        return "own", recipe.folder
    named = settings.data_dir()
    roots: tuple[tuple[Location, Path | None], ...] = (
        ("ARCHCAST_DATA", named),
        ("downloaded", settings.downloads()),
    )
    for place, root in roots:
        if root is None:
            continue
        for folder in (root / recipe.name, root) if recipe.by_hand else (root / recipe.name,):
            if any((folder / remote.path).is_file() for remote in recipe.files):
                return place, folder
    return "absent", None


def imported_path(recipe: Recipe) -> Path:
    """The Parquet file of the table's measurements, whether it exists or not."""
    return settings.imported() / f"{recipe.name}.parquet"


def is_here(recipe: Recipe) -> bool:
    """Whether the table is imported, or its files are found."""
    return find(recipe)[1] is not None or imported_path(recipe).is_file()


def recipe_table(recipe: Recipe, space: str, device: str | None = None) -> pa.Table:
    """The table's measurements of one space: the imported ones, else read from its files.

    Kept in memory until the files change.

    Args:
        device: that alone is wanted of; rows of others may be left out.

    Raises:
        DataError: neither exists, or what exists is damaged.
    """
    if recipe.folder is not None:
        return recipe.read(recipe.folder, space)
    path, state = _where(recipe)
    if device is not None and recipe.read_device is not None and path.is_dir():
        return recipe.read_device(path, space, device)
    return _read(recipe.name, space, path, state)


def state_of(recipe: Recipe) -> object:
    """What changes whenever the table's measurements may have changed.

    Raises:
        DataError: the table is not on this machine.
    """
    return _state(recipe, recipe.folder) if recipe.folder is not None else _where(recipe)


def _where(recipe: Recipe) -> tuple[Path, object]:
    """The file or folder that the table is read from, and its state."""
    path = imported_path(recipe)
    if not path.is_file():
        folder = find(recipe)[1]
        if folder is None:
            raise DataError(
                f"the table {recipe.name} is not on this machine: set ARCHCAST_DATA to the folder "
                f"that holds it or run archcast data fetch {recipe.name}"
            )
        path = folder
    return path, _state(recipe, path)


def _state(recipe: Recipe, path: Path) -> object:
    files = [path] if path.is_file() else [path / remote.path for remote in recipe.files]
    return tuple((f.stat().st_mtime_ns, f.stat().st_size) if f.exists() else None for f in files)


@lru_cache(maxsize=16)
def _read(name: str, space: str, path: Path, state: object) -> pa.Table:
    if path.is_dir():
        return RECIPES[name].to_table(path, spaces=[space])
    import pyarrow.compute as pc

    table = read_table(path)
    return table.filter(pc.equal(table["space"].cast("string"), space)).unify_dictionaries()
