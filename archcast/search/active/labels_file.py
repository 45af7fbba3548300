"""Trained architectures in a file with the columns arch and value (or accuracy), which people and jobs fill.

A value is an accuracy in per cent; blank is what is in training, `failed` what gave none. Other columns are
left as they are. A file that is added to is CSV, in the encoding and with the separator that it has.
"""

from __future__ import annotations

import math
from pathlib import Path

from archcast.core.doubts import placed
from archcast.core.errors import ArchcastError, InputError
from archcast.core.files import lock
from archcast.core.reading.adding import NEW, rows_to_add
from archcast.core.reading.decimals import read_values
from archcast.core.reading.samples import measured_column
from archcast.core.reading.table import Table
from archcast.core.reading.tables import read_bytes
from archcast.search.active.run import Trainer

ACCURACY = "accuracy"


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
            table = read_bytes(data, name, header=True) if data.strip() else NEW
            if add and not table.is_csv:
                raise InputError(f"{name} must be CSV to be added to: leave --add out")
            _tell(trainer, table)
            archs = trainer.ask(n)
            texts = trainer.space.to_text(trainer.space.parse(archs)) if archs else []
            if add:
                file.write(rows_to_add(data, table, texts))
    except OSError as error:
        raise InputError(f"{name} cannot be used: {error}") from error
    return texts


def _tell(trainer: Trainer, table: Table) -> None:
    """Tell what the file holds."""
    archs = table.architectures()
    column = measured_column(table, ACCURACY, {"space": trainer.space.name})
    values: list[float | None] = [None] * len(table)
    for i in column.failed:
        values[i] = math.nan
    for i, value in zip(
        column.filled, read_values(table, column.name, column.filled, most=column.most), strict=True
    ):
        values[i] = value * column.factor
    try:
        with placed(lambda row: f"{table.unit} {table.places[row]}"), table.naming():
            trainer.tell(archs, values)
    except ArchcastError as error:
        said = str(error)
        raise InputError(said if table.name in said else f"{table.name}: {said}") from error
