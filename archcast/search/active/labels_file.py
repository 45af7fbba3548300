"""Trained architectures in a file with the columns arch and value, which people and jobs write into.

A value is an accuracy in per cent; blank is what is in training, `failed` what gave none. Other columns are
left as they are. A file that is added to is CSV, in the encoding and with the separator that it has.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
from pathlib import Path
from typing import BinaryIO

from archcast.core.doubts import placed
from archcast.core.errors import ArchcastError, InputError
from archcast.core.files import lock
from archcast.core.reading.samples import is_failed, read_values
from archcast.core.reading.table import ARCH, Table
from archcast.core.reading.tables import read_bytes
from archcast.search.active.run import Trainer

_VALUE = "value"
_NEW = Table("labels", (ARCH, _VALUE), (), (), is_csv=True)
_MARKED = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
"""Encoding of a file with a byte order mark -> that of what is added, which has none."""


def next_to_train(trainer: Trainer, path: Path, n: int, *, add: bool = False) -> list[str]:
    """The next n architectures to train, as text, given what is in the file; `trainer` is told of it.

    Args:
        add: add them to the file as in training; a file that is not there is made. Other processes that
            add to it meanwhile wait.

    Raises:
        InputError: the file cannot be read or written, or holds what cannot be used; says which line.
    """
    name = f"labels {str(path)!r}"
    if not add and not path.exists():
        raise InputError(f"{name} must exist; --add makes the file")
    try:
        with path.open("a+b" if add else "rb") as file:
            if add:
                lock(file.fileno())
            file.seek(0)
            data = file.read()
            table = read_bytes(data, name, header=True) if data.strip() else _NEW
            if add and not table.is_csv:
                raise InputError(f"{name} must be CSV to be added to: leave --add out")
            _tell(trainer, table)
            archs = trainer.ask(n)
            texts = trainer.space.to_text(trainer.space.parse(archs)) if archs else []
            if add:
                _append(file, data, table, texts)
    except OSError as error:
        raise InputError(f"{name} cannot be used: {error}") from error
    return texts


def _tell(trainer: Trainer, table: Table) -> None:
    """Tell what the file holds."""
    archs, cells = table.architectures(), table.cells(_VALUE)
    trained = [i for i, cell in enumerate(cells) if cell is not None and not is_failed(cell)]
    values: list[float | None] = [math.nan if is_failed(cell) else None for cell in cells]
    for i, value in zip(trained, read_values(table, _VALUE, trained), strict=True):
        values[i] = value
    try:
        with placed(lambda row: f"{table.unit} {table.places[row]}"), table.naming():
            trainer.tell(archs, values)
    except ArchcastError as error:
        said = str(error)
        raise InputError(said if table.name in said else f"{table.name}: {said}") from error


def _append(file: BinaryIO, data: bytes, table: Table, archs: list[str]) -> None:
    """Add rows without a value, and the header where there is none."""
    text = io.StringIO()
    writer = csv.DictWriter(text, table.columns, restval="", lineterminator="\n", delimiter=table.separator)
    encoding = _MARKED.get(table.encoding, table.encoding)
    if data.startswith(codecs.BOM_UTF16_BE):
        encoding = "utf-16-be"
    if not data.strip():
        writer.writeheader()
    elif not data.decode(table.encoding).endswith(("\n", "\r")):
        text.write("\n")
    name = table.find(ARCH) or ARCH
    writer.writerows({name: arch} for arch in archs)
    file.write(text.getvalue().encode(encoding))
