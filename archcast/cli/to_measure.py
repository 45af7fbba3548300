"""The file of what is to be measured, which a person fills: what is there is never written over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from archcast.core.errors import InputError


def add_to_measure(
    path: Path, texts: Sequence[str], written: Callable[[Sequence[Any]], Sequence[str]] = list
) -> None:
    """Write architectures with blank values; to a file that is there only those that it has not.

    Args:
        written: the file's architectures as `texts` would have them.

    Raises:
        InputError: the file cannot be read or written, or is no CSV of architectures; it is left as it is.
    """
    from archcast.core.reading.adding import NEW, rows_to_add
    from archcast.core.reading.tables import read_bytes

    name = f"csv {str(path)!r}"
    try:
        with path.open("a+b") as file:
            file.seek(0)
            data = file.read()
            table = read_bytes(data, name, header=True) if data.strip() else NEW
            if not table.is_csv:
                raise InputError(f"{name} is there and no CSV file to add to: name another, or remove it")
            with table.naming():
                there = set(written(table.architectures())) if len(table) else set()
            new = [text for text in texts if text not in there]
            if new or not data:
                file.write(rows_to_add(data, table, new))
    except OSError as error:
        raise InputError(f"{name} cannot be written: {error}") from error
    if data.strip():
        typer.echo(
            f"archcast: {name} keeps its {len(table)} rows, and {len(new)} of {len(texts)} were added",
            err=True,
        )
