"""Functions of `skipnet` networks that are sums over cells, as look-ups.

| symbol | meaning |
|---|---|
| n | networks |
| d | values of the function |
| c1, c2, c3 | decisions of the three cells: depth, width, skips |
| w1, w2 | widths of the first and the second cell |

A cell's part depends on its own decisions and on the width before it. With b for decisions of 0,
F(c1, c2, c3) = F(c1, b, b) + [F(w1, c2, b) - F(w1, b, b)] + [F(w2, c3) - F(w2, b)]; in a bracket, what is not
named is b. The three tables have 100,020 rows in all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.featurize.spaces.skipnet_notation import CHOICES

CELLS = ((0, 3, 6), (1, 4, 7), (2, 5, 8))
"""Columns of each cell's decisions."""
_CHUNK = 8192


@dataclass(frozen=True, slots=True)
class CellSum:
    """F as tables, one a cell.

    Shapes:
        tables: (rows, d) each
    """

    tables: tuple[NDArray[Any], ...]

    @classmethod
    def of(cls, function: Callable[[Codes], Doubles]) -> CellSum:
        """The tables of a function, codes (n, 9) -> (n, d), that is a sum over cells."""
        made = []
        for cell in range(len(CELLS)):
            columns = _key_columns(cell)
            sizes = tuple(len(CHOICES[column]) for column in columns)
            codes = np.zeros((math.prod(sizes), len(CHOICES)), dtype=np.int8)
            codes[:, columns] = np.indices(sizes).reshape(len(sizes), -1).T
            table = _in_chunks(function, codes)
            if cell:
                plain = np.zeros_like(codes)
                plain[:, columns[0]] = codes[:, columns[0]]
                own = math.prod(sizes[1:])
                table = table - _in_chunks(function, plain[::own]).repeat(own, axis=0)
            made.append(table)
        return cls(tuple(made))

    def __call__(self, codes: Codes | Ints) -> NDArray[Any]:
        """F.

        Shapes:
            codes: (n, 9); output: (n, d)
        """
        wide = codes.astype(np.int64)
        total: NDArray[Any] = self.tables[0].take(_row(wide, 0), axis=0)
        for cell in (1, 2):
            total += self.tables[cell].take(_row(wide, cell), axis=0)
        return total


def _row(wide: Ints, cell: int) -> Ints:
    """Position of each network's cell in that cell's table."""
    columns = _key_columns(cell)
    row = wide[:, columns[0]]
    for column in columns[1:]:
        row = row * len(CHOICES[column]) + wide[:, column]
    return row


def _key_columns(cell: int) -> tuple[int, ...]:
    """Columns that a cell's part depends on: the width before it and its own decisions."""
    return CELLS[cell] if cell == 0 else (CELLS[cell - 1][1], *CELLS[cell])


def _in_chunks(function: Callable[[Codes], Doubles], codes: Codes) -> Doubles:
    return np.concatenate([function(codes[i : i + _CHUNK]) for i in range(0, len(codes), _CHUNK)])
