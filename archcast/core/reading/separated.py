"""CSV with a header: the separator is found out, and every row must have the header's width."""

from __future__ import annotations

import csv
import io
import re

from archcast.core.errors import InputError, shorten
from archcast.core.reading.table import ARCH, Table

SEPARATORS = (",", ";", "\t")
_SAID = {",": "','", ";": "';'", "\t": "tabs"}
_BLANK = re.compile(r"\A(?:[ \t]*\n)+")
_NONE = "\x1f"
"""Separates nothing: a file of one column, whose architectures may hold commas."""


def read_separated(text: str, name: str, encoding: str, *, always: bool = False) -> Table | None:
    """The table of a text whose header has the column `arch`; None where it has not.

    Args:
        always: raise InputError instead of giving None.

    Raises:
        InputError: a row is wider or narrower than the header, a quote is not closed, a column is there
            twice; names the line.
    """
    first, head, body = _first_lines(text)
    separator = head or _separator(first)
    if separator is None:
        if always:
            raise InputError(_headless(first, name))
        return None
    rows, lines = [], []
    reader = csv.reader(io.StringIO(body), delimiter=separator, strict=True)
    above = text[: len(text) - len(body)].count("\n")
    columns: list[str] | None = None
    end = 0
    try:
        for cells in reader:
            start, end = end + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = [cell.strip() for cell in cells]
                continue
            _check_width(cells, columns, f"{name} line {above + start}", separator)
            rows.append(tuple(cell.strip() or None for cell in cells))
            lines.append(above + start)
    except csv.Error as error:
        raise InputError(f"{name} line {above + end + 1} cannot be read as CSV: {error}") from error
    return _without_empty(
        Table(name, tuple(columns or ()), rows, lines, encoding=encoding, separator=separator, is_csv=True)
    )


def _first_lines(text: str) -> tuple[str, str | None, str]:
    """The header's line, the separator that a line before it tells (`sep=;`), and the text from there on."""
    body = _BLANK.sub("", text)
    line = body.partition("\n")[0]
    if line.lower().startswith("sep=") and len(line.rstrip()) <= 5:
        body = body.partition("\n")[2]
        return body.partition("\n")[0], line[4:5] or "\t", body
    return line, None, body


def _separator(header: str) -> str | None:
    """The one that gives a column `arch`; None where none does."""
    for separator in SEPARATORS:
        if separator in header and ARCH in _cells(header, separator):
            return separator
    return _NONE if _cells(header, _NONE) == [ARCH] else None


def _cells(header: str, separator: str) -> list[str]:
    try:
        return [cell.strip().casefold() for cell in next(csv.reader([header], delimiter=separator), [])]
    except csv.Error:
        return []


def _check_width(cells: list[str], columns: list[str], where: str, separator: str) -> None:
    if len(cells) == len(columns):
        return
    named = ", ".join(shorten(column) for column in columns)
    remedy = "put cells that hold a separator, as decimal commas and lists do, in double quotes"
    raise InputError(
        f"{where} has {len(cells)} cells, the header has {len(columns)} ({named}), separated by "
        f"{_SAID.get(separator, repr(separator))}: {remedy if len(cells) > len(columns) else 'fill the row'}"
    )


def _without_empty(table: Table) -> Table:
    """Without columns that have neither name nor cells, as spreadsheets leave them at the right."""
    kept = [
        i for i, name in enumerate(table.columns) if name or any(row[i] is not None for row in table.rows)
    ]
    columns = tuple(table.columns[i] for i in kept)
    rows = [tuple(row[i] for i in kept) for row in table.rows]
    return Table(
        table.name,
        columns,
        rows,
        table.places,
        encoding=table.encoding,
        separator=table.separator,
        is_csv=True,
    )


def _headless(first: str, name: str) -> str:
    cells = next((c for c in (_cells(first, s) for s in SEPARATORS) if len(c) > 1), _cells(first, ","))
    got = ", ".join(shorten(cell) for cell in cells[:8]) or "nothing"
    return (
        f"{name} must have a header with the columns arch and value, separated by ',' ';' or tabs; got {got}"
    )
