"""Trained architectures in a CSV file with the columns arch and value, which people and jobs write into.

A value is an accuracy in per cent; blank is what is in training, `failed` what gave none. Other columns are
left as they are.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TextIO

from archcast.core.errors import ArchcastError, InputError, shorten
from archcast.core.files import lock
from archcast.search.active.run import Trainer

FAILED = "failed"
_COLUMNS = ("arch", "value")


def next_to_train(trainer: Trainer, path: Path, n: int, *, add: bool = False) -> list[str]:
    """The next n architectures to train, as text, given what is in the file; `trainer` is told of it.

    Args:
        add: add them to the file as in training; a file that is not there is made. Other processes that
            add to it meanwhile wait.

    Raises:
        InputError: the file cannot be read or written, or holds what cannot be used; says which row.
    """
    if not add and not path.exists():
        raise InputError(f"labels {str(path)!r} must exist; --add makes the file")
    try:
        with path.open("a+" if add else "r", newline="", encoding="utf-8") as file:
            if add:
                lock(file.fileno())
            file.seek(0)
            text = file.read()
            columns = _tell(trainer, text, path)
            archs = trainer.ask(n)
            texts = trainer.space.to_text(trainer.space.parse(archs)) if archs else []
            if add:
                _append(file, text, columns, texts)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"labels {str(path)!r} cannot be used: {error}") from error
    return texts


def _tell(trainer: Trainer, text: str, path: Path) -> list[str]:
    """Tell what the file holds; its columns."""
    try:
        reader = csv.DictReader(io.StringIO(text), strict=True)
        rows, columns = list(reader), list(reader.fieldnames or _COLUMNS)
    except csv.Error as error:
        raise InputError(f"labels {str(path)!r} must be a CSV file: {error}") from error
    if not set(_COLUMNS) <= set(columns):
        raise InputError(f"labels {str(path)!r} must have the columns arch and value, got {shorten(columns)}")
    try:
        values = [_value(row["value"], i) for i, row in enumerate(rows)]
        trainer.tell([row["arch"] for row in rows], values)
    except ArchcastError as error:
        raise InputError(f"labels {str(path)!r}: {error}") from error
    return columns


def _value(text: str | None, item: int) -> float | None:
    said = (text or "").strip()
    if not said:
        return None
    if said.lower() == FAILED:
        return math.nan
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"value must be a number, blank or {FAILED}, got {shorten(said)}", item=item)
    return value


def _append(file: TextIO, text: str, columns: list[str], archs: list[str]) -> None:
    """Add rows without a value, and the header where there is none."""
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    if not text.strip():
        writer.writeheader()
    elif not text.endswith(("\n", "\r")):
        file.write("\n")
    writer.writerows({"arch": arch} for arch in archs)
