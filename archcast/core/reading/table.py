"""Rows of named columns, and where in the file each stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from archcast.core.errors import InputError, ParseError, shorten

ARCH = "arch"


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds.

    Attributes:
        name: the file, as errors name it.
        columns: in the file's order; `("arch",)` for a plain list.
        rows: one tuple of cells a row: text, or what JSON and Parquet hold; None where a cell is empty.
        places: where each row stands: its line, or its number in a list or a Parquet file.
        unit: what a place is: `line`, `item` or `row`.
        encoding, separator: of text, and of CSV.
        is_csv: whether it has a header and can be added to, row by row.
    """

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    places: Sequence[int]
    unit: str = "line"
    encoding: str = "utf-8"
    separator: str = ","
    is_csv: bool = False

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for column in filter(None, self.columns):
            if column.casefold() in seen:
                raise InputError(
                    f"{self.name} must have each column once, and has {column!r} twice: "
                    "keep one, or put repeated measurements into rows of their own"
                )
            seen[column.casefold()] = column

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, column: str) -> str | None:
        """The column of that name in any case, None where there is none."""
        return next((name for name in self.columns if name.casefold() == column.casefold()), None)

    def cells(self, column: str) -> list[Any]:
        """All cells of a column.

        Raises:
            InputError: there is no such column; lists those that there are.
        """
        name = self.find(column)
        if name is None:
            raise InputError(f"{self.name} must have the column {column}, and has {self.listed}")
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    @property
    def listed(self) -> str:
        """The columns, for a sentence."""
        named = [shorten(name) for name in self.columns if name]
        return f"the columns {', '.join(named)}" if named else "none"

    def architectures(self) -> list[Any]:
        """The architectures, none empty.

        Raises:
            InputError: there is no column `arch`, or a row has none.
        """
        archs = self.cells(ARCH)
        for i, arch in enumerate(archs):
            if arch is None:
                raise InputError(f"{self.where(i)} must have an architecture, and its cell is empty")
        return archs

    def where(self, row: int) -> str:
        """`measured.csv line 3`."""
        return f"{self.name} {self.unit} {self.places[row]}"

    @contextmanager
    def naming(self, rows: Sequence[int] | None = None) -> Iterator[None]:
        """Tell errors of items of a batch by their place in the file.

        Args:
            rows: row of each item, where not all rows are in the batch.
        """
        try:
            yield
        except InputError as error:
            if error.item is None or not 0 <= error.item < len(self.rows if rows is None else rows):
                raise
            row = error.item if rows is None else rows[error.item]
            said = str(error).removesuffix(f" (item {error.item})")
            place = f"{said} ({self.where(row)})"
            if isinstance(error, ParseError):
                raise ParseError(place, position=error.position) from error
            raise InputError(place) from error
