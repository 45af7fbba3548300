"""Files that appear whole or not at all, and that are still there after a power cut."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A path beside `path` to write a file to, which takes the place of `path` when the block ends.

    The file and its name are on disk then. When the block raises, `path` stays as it was and nothing is left
    beside it; a process that is killed leaves `.NAME.ID.partial`.

    Raises:
        OSError: the folder cannot be written to.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        yield partial
        sync(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's names (files made, renamed, removed), are on disk."""
    if path.is_dir():
        if os.name == "nt":  # Windows opens no folders, and writes their names through
            return
        handle = os.open(path, os.O_RDONLY)
    else:
        handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Wait until a folder and all that is below it are on disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def lock(file: int) -> None:
    """Lock an open file until it is closed or its process ends; waits for whoever has it.

    Raises:
        OSError: the system has no such locks, as Linux and macOS have them.
    """
    try:
        import fcntl
    except ImportError as error:
        raise OSError("locking a file needs Linux or macOS") from error
    fcntl.flock(file, fcntl.LOCK_EX)
