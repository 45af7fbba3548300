"""What a saved predictor was before it was saved anew: kept aside, one step back."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from archcast.core.errors import PlaceError

_FORMER = ".former."


def former_of(folder: Path) -> Path:
    """Where the former of a folder is kept, whether it is there or not."""
    return folder.with_name(f"{_FORMER}{folder.name}")


def set_aside(folder: Path, name: str, manifest: bytes) -> None:
    """Keep what is in a folder as its former; nothing where it is what is to be saved.

    Args:
        name, manifest: of the manifest that is to take its place.

    Raises:
        OSError: the folder beside it cannot be written.
    """
    if not folder.is_dir() or (folder / name).read_bytes() == manifest:
        return
    partial = Path(tempfile.mkdtemp(prefix=f"{_FORMER}partial.", dir=folder.parent))
    try:
        shutil.copytree(folder, partial / folder.name)
        shutil.rmtree(former_of(folder), ignore_errors=True)
        (partial / folder.name).rename(former_of(folder))
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove(folder: Path) -> bool:
    """Delete a saved predictor, and put its former in its place; whether there was one.

    Raises:
        PlaceError: the folder cannot be changed.
    """
    former = former_of(folder)
    try:
        gone = Path(tempfile.mkdtemp(prefix=".removed.", dir=folder.parent))
        folder.rename(gone / folder.name)
        there = former.is_dir()
        if there:
            former.rename(folder)
    except OSError as error:
        raise PlaceError(f"{folder} cannot be removed: {error.strerror or error}") from error
    shutil.rmtree(gone, ignore_errors=True)
    return there
