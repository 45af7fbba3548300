"""What a saved predictor was before it was saved anew: kept aside, one step back."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from archcast.core.errors import PlaceError

_FORMER = ".former."


def former_of(folder: Path) -> Path:
    """Where the former of a folder is kept, whether it is there or not."""
    return folder.with_name(f"{_FORMER}{folder.name}")


def keep_former(old: Path, folder: Path, name: str) -> None:
    """Move what was in a folder to where its former is kept; not where it is what is there now, or cannot be.

    Args:
        name: of the manifest.
    """
    with contextlib.suppress(OSError):
        if (old / name).read_bytes() != (folder / name).read_bytes():
            shutil.rmtree(former_of(folder), ignore_errors=True)
            old.rename(former_of(folder))


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
