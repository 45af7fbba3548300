"""A log of measurements that one process appends to, and that survives the death of that process.

A header line, then one line an append: the CRC-32 of the text in hexadecimal, a space, and a JSON list of
rows. An append is there as a whole or not at all: a last line that is cut or damaged was never acknowledged
and is passed over. The writer holds a lock on its file for as long as it lives, which is how others tell a
journal in use from one left behind.
"""

from __future__ import annotations

import json
import os
import secrets
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archcast.core.errors import DataError

HEADER = b"archcast journal 1\n"


class Journal:
    """The writing end of a new journal file; `close` gives up the file's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o644)
        self._size = 0
        try:
            take_lock(self._file, wait=False)
            self._write(HEADER)
            sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            raise

    def append(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows that JSON can hold; they are on disk when this returns, or none of them is.

        Raises:
            OSError: they could not be written.
        """
        body = json.dumps(rows, separators=(",", ":"), allow_nan=False).encode()
        self._write(b"%08x %s\n" % (zlib.crc32(body), body))
        self.rows += len(rows)

    def close(self) -> None:
        """Give up the lock; nothing is written to this file afterwards."""
        os.close(self._file)

    def _write(self, line: bytes) -> None:
        left = memoryview(line)
        try:
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except BaseException:
            # A half line would damage the next one, and a whole one would be doubled by the caller's retry.
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Rows of all whole appends, in order; may be called while the file is being written.

    Raises:
        DataError: this is no journal, or a line before the last is damaged.
        FileNotFoundError: it has been folded into a part in the meantime.
    """
    content = path.read_bytes()
    if not content.startswith(HEADER):
        if HEADER.startswith(content):  # its writer ended before the first line was whole
            return []
        raise DataError(f"{path} is not a journal of measurements")
    lines = content[len(HEADER) :].split(b"\n")
    last = len(lines) - 1 if lines[-1] else len(lines) - 2
    rows: list[dict[str, Any]] = []
    for i, line in enumerate(lines[: last + 1]):
        whole = i < len(lines) - 1
        found = _decode(line) if whole else None
        if found is None:
            if i < last:
                raise DataError(f"{path} is damaged: line {i + 2} does not have its checksum")
            break
        rows += found
    return rows


def is_idle(path: Path) -> bool:
    """Whether the journal's writer has closed it or is dead."""
    file = os.open(path, os.O_RDWR)
    try:
        return take_lock(file, wait=False)
    finally:
        os.close(file)


def take_lock(file: int, *, wait: bool) -> bool:
    """Lock an open file until it is closed or its process ends; whether it could be had.

    Raises:
        DataError: the system has no such locks.
    """
    try:
        import fcntl
    except ImportError as error:
        raise DataError("storing measurements needs file locks as Linux and macOS have them") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def new_number() -> str:
    """32 hexadecimal digits for the name of a new file: the time, so that names sort by it, then chance."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"


def sync_folder(folder: Path) -> None:
    """Wait until the folder's names (files made, renamed, removed) are on disk."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _decode(line: bytes) -> list[dict[str, Any]] | None:
    if line[8:9] != b" " or line[:8] != b"%08x" % zlib.crc32(line[9:]):
        return None
    rows: list[dict[str, Any]] = json.loads(line[9:])
    return rows
