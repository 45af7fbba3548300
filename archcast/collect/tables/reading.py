"""Files of public tables read so that anything wrong with them is a DataError that names the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from archcast.core.arrays import Arch, Codes
from archcast.core.errors import DataError, InputError
from archcast.featurize.spaces import SPACES


def read_bytes(path: Path) -> bytes:
    """The file's bytes; raise DataError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def read_json(path: Path) -> Any:
    """The file's JSON; raise DataError when it is missing, truncated or not JSON."""
    try:
        return json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is truncated or not JSON: {error}") from error


def read_csv(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a CSV file by column name; raise DataError when one of `columns` is not there."""
    try:
        rows = list(csv.DictReader(StringIO(read_bytes(path).decode("utf-8"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not CSV text: {error}") from error
    if not rows:
        raise DataError(f"{path} has no rows")
    absent = [name for name in columns if name not in rows[0]]
    if absent:
        raise DataError(f"{path} has no column {absent[0]}")
    for i, row in enumerate(rows):
        if None in row or None in row.values():
            raise DataError(f"{path} has too few or too many fields in row {i + 1}")
    return rows


def number(text: str, path: Path) -> float | None:
    """The number written as `text`, None when it is empty; raise DataError otherwise."""
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise DataError(f"{path} must hold numbers, got {text!r}") from None


def parsed(space: str, architectures: Sequence[Arch], file: Path) -> Codes:
    """Codes of a file's architectures; raise DataError when one is not of the space.

    Shapes:
        output: (n, k)
    """
    try:
        return SPACES[space].parse(architectures)
    except InputError as error:
        raise DataError(f"{file} holds an architecture that cannot be read: {error}") from error
