"""What a saved predictor was each time before it was saved anew: earlier versions, which can be brought back.

| folder | holds |
|---|---|
| `.former.NAME` | the version before that in the folder NAME |
| `.former.K.NAME` | those before it; a greater K is later |
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from archcast.core.errors import PlaceError

_FORMER = ".former."
MOST = 5
"""Earlier versions of a folder that are kept; older ones are deleted."""


def previous_of(folder: Path) -> Path:
    """Where the version before is kept, whether it is there or not."""
    return folder.with_name(f"{_FORMER}{folder.name}")


def previous_versions(folder: Path) -> list[Path]:
    """Where the earlier versions of a folder are, the last one first."""
    last = previous_of(folder)
    return [*([last] if last.is_dir() else []), *(path for _, path in reversed(_numbered(folder)))]


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    """Earlier versions but the last, with their numbers, the oldest first."""
    end = f".{folder.name}"
    versions = []
    for path in folder.parent.glob(f"{_FORMER}*"):
        number = path.name.removeprefix(_FORMER).removesuffix(end)
        if path.name.endswith(end) and number.isascii() and number.isdigit():
            versions.append((int(number), path))
    return sorted(versions)


def keep_previous(old: Path, folder: Path, name: str) -> None:
    """Keep what was in a folder as its version before; not where it is what is there now, or cannot be.

    Args:
        name: of the manifest.
    """
    with contextlib.suppress(OSError):
        if (old / name).read_bytes() == (folder / name).read_bytes():
            return
        before, last = _numbered(folder), previous_of(folder)
        if last.is_dir():
            number = before[-1][0] + 1 if before else 1
            last.rename(folder.with_name(f"{_FORMER}{number}.{folder.name}"))
            for _, path in before[: max(0, len(before) + 2 - MOST)]:
                shutil.rmtree(path, ignore_errors=True)
        old.rename(last)


def remove(folder: Path) -> bool:
    """Delete a saved predictor, and put the version before in its place; whether there was one.

    Raises:
        PlaceError: the folder cannot be changed.
    """
    former, before = previous_of(folder), _numbered(folder)
    try:
        gone = Path(tempfile.mkdtemp(prefix=".removed.", dir=folder.parent))
        folder.rename(gone / folder.name)
        there = former.is_dir()
        if there:
            former.rename(folder)
            if before:
                before[-1][1].rename(former)
    except OSError as error:
        raise PlaceError(f"{folder} cannot be removed: {error.strerror or error}") from error
    shutil.rmtree(gone, ignore_errors=True)
    return there
