"""Measured architectures of a table: what its columns say is believed, or refused.

| column | what it must be |
|---|---|
| arch | an architecture a row |
| value or the metric, also with a unit (`latency_us`, `value (ms)`) | a number; blank where not measured |
| metric, device, dataset, space | one value, that which is asked for |
| unit, units | one unit of the metric, in every row, which is converted |
| status | `ok` or another word of `DONE`; other rows are left out |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from archcast.core.errors import InputError, plain_letters, shorten
from archcast.core.metric import METRICS
from archcast.core.reading.decimals import read_values
from archcast.core.reading.table import ARCH, Table
from archcast.core.units import MOST_ACCURACY, factor_of, is_unit, metric_of

FAILED = "failed"
DONE = frozenset(
    {"ok", "success", "successful", "succeeded", "passed", "done", "complete", "completed", "true"}
)
"""What a status says of a row that holds a measurement."""


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


@dataclass(frozen=True, slots=True)
class Measured:
    """The column of a table's measurements, and what its other columns say of them.

    Attributes:
        name: the column.
        unit, factor: what it is in, empty for the metric's own, and what makes that of it.
        most: the largest that a value can be there.
        filled, failed: rows that hold a value, and rows of what has failed.
        said: as of `Samples`.
    """

    name: str
    unit: str
    factor: float
    most: float
    filled: list[int]
    failed: list[int]
    said: Mapping[str, str]


def measured_column(table: Table, metric: str, asked: Mapping[str, str | None] | None = None) -> Measured:
    """Where a table's measurements stand.

    Args:
        metric, asked: as of `samples_of`.

    Raises:
        InputError: a column lacks, is there twice, or says something else than what is asked for.
    """
    METRICS[metric]
    column, unit = _value_column(table, metric)
    cells = table.cells(column)
    failed = sorted({*_bad_rows(table), *(i for i, cell in enumerate(cells) if is_failed(cell))})
    filled = [i for i in range(len(table)) if cells[i] is not None and i not in set(failed)]
    said = {
        name: value
        for name in ("metric", "device", "dataset", "space")
        if (value := _one_value(table, name, filled)) is not None
    }
    for name, wanted in {"metric": metric, **(asked or {})}.items():
        if wanted is not None and plain_letters(said.get(name, wanted)) != plain_letters(wanted):
            row = next(i for i in filled if table.cells(name)[i] is not None)
            raise InputError(
                f"{table.name} is of the {name} {said[name]}, and {wanted} is asked for ({table.where(row)})"
            )
    unit = _unit(table, unit, filled)
    said.pop("metric", None)
    factor = _factor(table, unit, metric)
    most = inf if METRICS[metric].of_device else MOST_ACCURACY / factor
    return Measured(column, unit, factor, most, filled, failed, said)


def samples_of(table: Table, *, metric: str, asked: Mapping[str, str | None] | None = None) -> Samples:
    """The measurements of a table.

    Args:
        metric: what they must be of.
        asked: `device`, `dataset` and `space` as the caller was told, None where not.

    Raises:
        InputError: a column lacks, is there twice, or says something else than what is asked for; a value is
            no number; no row has one. Names file, line and column.
    """
    archs = table.cells(ARCH)
    column = measured_column(table, metric, asked)
    numbers = read_values(table, column.name, column.filled, most=column.most)
    for i in column.filled:
        if archs[i] is None:
            raise InputError(f"{table.where(i)} must have an architecture beside its {column.name}")
    notes = _notes(table, len(column.filled), len(column.failed))
    if column.factor != 1.0:
        own = METRICS[metric].unit
        notes += (f"{table.name}: {metric} is in {column.unit}, and was converted to {own}",)
    values = [n * column.factor for n in numbers]
    return Samples(table, [archs[i] for i in column.filled], values, column.filled, column.said, notes)


def is_failed(cell: Any) -> bool:
    """Whether a cell says that what it is of has failed."""
    return isinstance(cell, str) and cell.casefold() == FAILED


def _value_column(table: Table, metric: str) -> tuple[str, str]:
    """The column of the metric's values, and the unit that its name tells."""
    read = {name: found for name in table.columns if (found := metric_of(name)) is not None}
    fitting = [name for name, (said, _) in read.items() if said in ("value", metric)]
    if len(fitting) > 1 and not any(read[name][1].isdigit() for name in fitting):  # `value.1` is a second run
        fitting = [name for name in fitting if is_unit(read[name][1], metric)] or fitting
    if len(fitting) == 1:
        return fitting[0], read[fitting[0]][1]
    if fitting:
        raise InputError(f"{table.name} must have {metric} in one column, and has {', '.join(fitting)}")
    raise InputError(
        f"{table.name} must have the columns arch and value (or {metric}), and has {table.listed}"
    )


def _bad_rows(table: Table) -> list[int]:
    """Rows whose status, where there is one, is not `ok`."""
    name = table.find("status")
    cells = [] if name is None else table.cells(name)
    return [i for i, cell in enumerate(cells) if cell is not None and str(cell).casefold() not in DONE]


def _one_value(table: Table, column: str, rows: Sequence[int]) -> str | None:
    """What a column says, None where it is not there or says nothing."""
    if table.find(column) is None:
        return None
    cells = table.cells(column)
    places: dict[str, list[int]] = {}
    for i in rows:
        if cells[i] is not None:
            places.setdefault(str(cells[i]), []).append(table.places[i])
    if len(places) > 1:
        listed = ", ".join(
            f"{shorten(value)} in {len(there)} rows from {table.unit} {there[0]} on"
            for value, there in sorted(places.items())[:5]
        )
        raise InputError(f"{table.name} must be of one {column}, and has {listed}: leave the others out")
    return next(iter(places), None)


def _unit(table: Table, named: str, rows: Sequence[int]) -> str:
    """The one unit that the value's name and the column `unit` tell."""
    for column in ("unit", "units"):
        said = _one_value(table, column, rows)
        if said is None:
            continue
        if named and named.casefold() != said.casefold():
            raise InputError(f"{table.name} must be in one unit, and has {named} and {said}")
        blank = next((i for i in rows if table.cells(column)[i] is None), None)
        if blank is not None and not named:
            raise InputError(f"{column} must be said in every row, as {said} ({table.where(blank)})")
        named = said
    return named


def _factor(table: Table, unit: str, metric: str) -> float:
    try:
        return factor_of(unit, metric) if unit else 1.0
    except InputError as error:
        raise InputError(f"{error} ({table.name})") from error


def _notes(table: Table, filled: int, failed: int) -> tuple[str, ...]:
    n = len(table)
    if not filled:
        missing = "it has no rows" if not n else f"none of its {n} is filled"
        if failed:
            missing += f" with the status ok, {failed} have another or have failed"
        raise InputError(f"{table.name} must hold at least one measured architecture, and {missing}")
    notes = []
    if filled + failed < n:
        notes.append(f"{table.name}: {filled} of {n} are filled")
    if failed:
        notes.append(f"{table.name}: {failed} of {n} have failed and were left out")
    return tuple(notes)
