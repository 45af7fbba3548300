"""Numbers of a column of text: which sign is the decimal one, where its cells tell.

| cells | read as |
|---|---|
| `12.5` | a decimal point |
| `12,5`, none with a point | a decimal comma |
| `1,234` and nothing else with a comma | refused: it may part thousands |
| `1.234` and nothing else with a point, between `;` or tabs | refused likewise: spreadsheets write so where
  the comma is the decimal sign |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.core.numbers import read_number
from archcast.core.reading.table import Table

_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:[,.][0-9]{3})+")
_PARTED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:[\s.,'\u2019][0-9]{2,3})*[\s.,'\u2019][0-9]{3}(?:[.,][0-9]+)?")
_NOTHING = frozenset({"nan", "na", "n/a", "#n/a", "null", "none", "-", "--", "?", "inf", "-inf"})
_NAMES = {",": "comma", ".": "point"}
_BESIDE = {";": "';'", "\t": "tabs"}
"""Separators of files whose decimal sign may be the comma."""


def read_values(table: Table, column: str, rows: Sequence[int], *, most: float = float("inf")) -> list[float]:
    """Numbers of some rows of a column; a decimal comma is read where it can be nothing else.

    Args:
        most: the largest that a value can be, by which thousands are ruled out.

    Raises:
        InputError: a cell is no number, or its sign may part thousands; names line and column.
    """
    cells = table.cells(column)
    texts = [i for i in rows if isinstance(cells[i], str)]
    commas = [i for i in texts if "," in cells[i]]
    points = [i for i in texts if "." in cells[i]]
    for i in texts:
        if cells[i].count(".") > 1 or ("," in cells[i] and not _COMMA.fullmatch(cells[i])):
            raise _no_number(table, column, i)
    if commas and points:
        first, other = commas[0], points[0]
        raise InputError(
            f"{column} must have one decimal sign, got {shorten(cells[first])} ({table.where(first)}) and "
            f"{shorten(cells[other])} ({table.where(other)})"
        )
    if commas or (points and table.separator in _BESIDE):
        _check_thousands(table, column, commas or points, most)
    return [_number(table, column, i, cells[i]) for i in rows]


def _number(table: Table, column: str, row: int, cell: Any) -> float:
    try:
        return read_number(cell.replace(",", ".") if isinstance(cell, str) else cell, column)
    except InputError:
        raise _no_number(table, column, row) from None


def _check_thousands(table: Table, column: str, signed: Sequence[int], most: float) -> None:
    """Raise InputError where the sign of every cell may part thousands."""
    cells = table.cells(column)
    plain = [re.sub(r"[,.]", "", cells[i]) for i in signed if _GROUPED.fullmatch(cells[i])]
    if len(plain) < len(signed) or any(float(text) > most for text in plain):
        return
    row = signed[0]
    sign = "," if "," in cells[row] else "."
    beside = f" in a file separated by {_BESIDE[table.separator]}" if sign == "." else ""
    raise InputError(
        f"{column} must be a number, and the {_NAMES[sign]} of {shorten(cells[row])} may be a decimal "
        f"{_NAMES[sign]} or part thousands{beside}: write {cells[row].replace(',', '.')}0 or {plain[0]} "
        f"({table.where(row)})"
    )


def _no_number(table: Table, column: str, row: int) -> InputError:
    cell = table.cells(column)[row]
    text = cell.casefold() if isinstance(cell, str) else ""
    remedy = ""
    if text in _NOTHING:
        remedy = ": leave cells blank that were not measured"
    elif _PARTED.fullmatch(text):
        remedy = ": write it without signs between thousands"
    return InputError(f"{column} must be a number, got {shorten(cell)} ({table.where(row)}){remedy}")
