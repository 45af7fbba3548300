"""Measured architectures of a table: what its columns say is believed, or refused.

| column | what it must be |
|---|---|
| arch | an architecture a row |
| value or the metric, also with a unit (`latency_us`, `value (ms)`) | a number; blank where not measured |
| metric, device, dataset, space | one value, that which is asked for |
| unit | one unit of the metric, which is converted |
| status | `ok`; other rows are left out |
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.core.metric import METRICS
from archcast.core.numbers import read_number
from archcast.core.reading.table import ARCH, Table
from archcast.core.units import factor_of, metric_of

FAILED = "failed"
OK = "ok"
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+")


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows that hold a measurement.

    Attributes:
        archs, values: of those rows; values in the metric's unit.
        rows: their rows in `table`, for `table.naming`.
        said: what the columns say of `device`, `dataset` and `space`, where they do.
        notes: what was left out or converted, a sentence each.
    """

    table: Table
    archs: list[Any]
    values: list[float]
    rows: list[int]
    said: Mapping[str, str]
    notes: tuple[str, ...]


def samples_of(table: Table, *, metric: str, asked: Mapping[str, str | None] | None = None) -> Samples:
    """The measurements of a table.

    Args:
        metric: what they must be of.
        asked: `device`, `dataset` and `space` as the caller was told, None where not.

    Raises:
        InputError: a column lacks, is there twice, or says something else than what is asked for; a value is
            no number; no row has one. Names file, line and column.
    """
    METRICS[metric]
    archs = table.cells(ARCH)
    column, unit = _value_column(table, metric)
    cells = table.cells(column)
    good = _good_rows(table)
    kept = [i for i in good if cells[i] is not None and not is_failed(cells[i])]
    failed = len(table) - len(good) + sum(is_failed(cells[i]) for i in good)
    said = {
        name: found
        for name in ("metric", "device", "dataset", "space", "unit")
        if (found := _one_value(table, name, kept)) is not None
    }
    for name, wanted in {"metric": metric, **(asked or {})}.items():
        if wanted is not None and said.get(name, wanted) != wanted:
            raise InputError(f"{table.name} is of the {name} {said[name]}, and {wanted} is asked for")
    unit = _unit(table, unit, said.pop("unit", ""))
    factor = 1.0 if not unit else factor_of(unit, metric)
    numbers = read_values(table, column, kept)
    for i in kept:
        if archs[i] is None:
            raise InputError(f"{table.where(i)} must have an architecture beside its {column}")
    notes = _notes(table, len(kept), failed)
    if factor != 1.0:
        notes += (f"{table.name}: {metric} is in {unit}, and was converted to {METRICS[metric].unit}",)
    said.pop("metric", None)
    return Samples(table, [archs[i] for i in kept], [n * factor for n in numbers], kept, said, notes)


def is_failed(cell: Any) -> bool:
    """Whether a cell says that what it is of has failed."""
    return isinstance(cell, str) and cell.casefold() == FAILED


def _value_column(table: Table, metric: str) -> tuple[str, str]:
    """The column of the metric's values, and the unit that its name tells."""
    told = {name: found for name in table.columns if (found := metric_of(name)) is not None}
    fitting = [name for name, (said, _) in told.items() if said in ("value", metric)]
    if len(fitting) == 1:
        return fitting[0], told[fitting[0]][1]
    if fitting:
        raise InputError(f"{table.name} must have {metric} in one column, and has {', '.join(fitting)}")
    raise InputError(
        f"{table.name} must have the columns arch and value (or {metric}), and has {table.listed}"
    )


def _good_rows(table: Table) -> list[int]:
    """Rows whose status, where there is one, is `ok`."""
    name = table.find("status")
    if name is None:
        return list(range(len(table)))
    cells = table.cells(name)
    return [i for i, cell in enumerate(cells) if cell is None or str(cell).strip().casefold() == OK]


def _one_value(table: Table, column: str, rows: Sequence[int]) -> str | None:
    """What a column says, None where it is not there or says nothing."""
    if table.find(column) is None:
        return None
    cells = table.cells(column)
    counts: dict[str, int] = {}
    for i in rows:
        if cells[i] is not None:
            counts[str(cells[i])] = counts.get(str(cells[i]), 0) + 1
    if len(counts) > 1:
        listed = ", ".join(f"{shorten(value)} in {n} rows" for value, n in sorted(counts.items())[:5])
        raise InputError(f"{table.name} must be of one {column}, and has {listed}: leave the others out")
    return next(iter(counts), None)


def _unit(table: Table, named: str, column: str) -> str:
    """The one unit that the value's name and the column `unit` tell."""
    if named and column and named.casefold() != column.casefold():
        raise InputError(f"{table.name} must be in one unit, and has {named} and {column}")
    return named or column


def read_values(table: Table, column: str, rows: Sequence[int]) -> list[float]:
    """Numbers of some rows of a column; a decimal comma is read where it can be nothing else.

    Raises:
        InputError: a cell is no number, or a comma may part thousands; names line and column.
    """
    cells = table.cells(column)
    commas = [i for i in rows if isinstance(cells[i], str) and "," in cells[i]]
    if commas:
        _check_commas(table, column, cells, rows, commas)
    numbers = []
    for i in rows:
        cell = cells[i].replace(",", ".") if isinstance(cells[i], str) else cells[i]
        try:
            numbers.append(read_number(cell, column))
        except InputError:
            raise InputError(
                f"{column} must be a number, got {shorten(cells[i])} ({table.where(i)})"
            ) from None
    return numbers


def _check_commas(
    table: Table, column: str, cells: Sequence[Any], rows: Sequence[int], commas: Sequence[int]
) -> None:
    """Raise InputError unless every comma of the column is a decimal comma."""
    first = commas[0]
    for i in commas:
        if not _DECIMAL_COMMA.fullmatch(cells[i]):
            raise InputError(f"{column} must be a number, got {shorten(cells[i])} ({table.where(i)})")
    pointed = next((i for i in rows if isinstance(cells[i], str) and "." in cells[i]), None)
    if pointed is not None:
        raise InputError(
            f"{column} must have one decimal sign, got {shorten(cells[first])} ({table.where(first)}) and "
            f"{shorten(cells[pointed])} ({table.where(pointed)})"
        )
    if all(_THOUSANDS.fullmatch(cells[i]) for i in commas):
        raise InputError(
            f"{column} must be a number, and the comma of {shorten(cells[first])} may be a decimal "
            f"comma or part thousands: write a decimal point ({table.where(first)})"
        )


def _notes(table: Table, filled: int, failed: int) -> tuple[str, ...]:
    n = len(table)
    if not filled:
        found = "it has no rows" if not n else f"none of its {n} is filled"
        raise InputError(f"{table.name} must hold at least one measured architecture, and {found}")
    notes = []
    if filled + failed < n:
        notes.append(f"{table.name}: {filled} of {n} are filled")
    if failed:
        notes.append(f"{table.name}: {failed} of {n} have failed and were left out")
    return tuple(notes)
