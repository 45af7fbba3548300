"""Functions of codes that are sums over groups of decisions, as tables to gather from.

| symbol | meaning |
|---|---|
| n, k | architectures, decisions |
| G | groups of decisions |
| T | rows of all groups' tables together, one a choice of a group's decisions |
| d | values of the function |
| S | decisions that are in more than one group |

F(x) = F(x_S, b) + sum_g [F(x_g, b) - F(x_{g and S}, b)] for a base b, exactly, where F is a sum of functions
of one group each. Row sums of neighbouring groups are merged into one larger table while it stays small,
because a gather costs more than the room it saves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Codes, Doubles, Floats, Ints
from archcast.featurize.spaces import Space

Group = tuple[int, ...]
"""Columns of codes."""
_MOST_ROWS = 8192
_MOST_BYTES = 2**21
"""Of one merged table: more would not stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Which row of the tables each group of an architecture reads.

    Shapes:
        radix: float32 (G, k), whole numbers below 2**24; offsets: float32 (G, 1), first row of each group
    """

    radix: Floats
    offsets: Floats

    @classmethod
    def of(cls, groups: Sequence[Group], cardinalities: Sequence[int]) -> Keys:
        """Groups read as numbers, first column first, their tables one after another."""
        radix = np.zeros((len(groups), len(cardinalities)), dtype=np.float32)
        sizes = [rows_of(group, cardinalities) for group in groups]
        for g, group in enumerate(groups):
            for i, column in enumerate(group):
                radix[g, column] = prod(cardinalities[c] for c in group[i + 1 :])
        offsets = np.cumsum([0, *sizes[:-1]]).astype(np.float32)
        return cls(radix, offsets[:, None])

    def rows(self, codes: Codes) -> NDArray[np.intp]:
        """Rows of the tables; a product of small whole numbers is exact in single precision.

        Shapes:
            codes: (n, k); output: (G, n)
        """
        numbers = self.radix @ codes.astype(np.float32).T
        numbers += self.offsets
        return numbers.astype(np.intp)


@dataclass(frozen=True, slots=True)
class GroupedSum:
    """F as tables.

    Shapes:
        table: (T, d)

    Attributes:
        groups: the G groups that the keys read.
    """

    groups: tuple[Group, ...]
    keys: Keys
    table: NDArray[Any]

    def at(self, codes: Codes) -> NDArray[Any]:
        """F of architectures; groups are added in turn, whatever d is.

        Shapes:
            codes: (n, k); output: (n, d)
        """
        rows = self.keys.rows(codes)
        if len(rows) == 1:
            return self.row(rows[0])
        if self.table.shape[1] == 1:
            total: NDArray[Any] = np.add.reduce(self.table[:, 0].take(rows), axis=0)
            return total[:, None]
        out: NDArray[Any] = self.table.take(rows[0], axis=0)
        part = np.empty_like(out)
        for own in rows[1:]:
            self.table.take(own, axis=0, out=part, mode="clip")
            out += part
        return out

    def row(self, numbers: NDArray[np.integer]) -> NDArray[Any]:
        """Rows of the tables.

        Shapes:
            numbers: (n,); output: (n, d)
        """
        if self.table.shape[1] == 1:
            return self.table[:, 0].take(numbers)[:, None]
        return self.table.take(numbers, axis=0)


@dataclass(frozen=True, slots=True)
class Sum:
    """F as one table a group, in double precision, before neighbours are merged.

    Shapes:
        tables: G of (rows, d)
    """

    groups: tuple[Group, ...]
    tables: tuple[Doubles, ...]
    cardinalities: tuple[int, ...]

    @classmethod
    def of(cls, function: Callable[[Codes], Doubles], groups: Sequence[Group], space: Space) -> Sum:
        """A function of codes (n, k) -> (n, d) that is a sum of functions of one group each."""
        named, parts = tables(function, groups, space.cardinalities)
        return cls(named, tuple(parts), space.cardinalities)

    @property
    def is_whole(self) -> bool:
        """Whether its one table holds every member of a small space, in the order of their numbers."""
        return self.groups == (tuple(range(len(self.cardinalities))),)

    def at(self, codes: Codes) -> Doubles:
        """F.

        Shapes:
            codes: (n, k); output: (n, d)
        """
        parts = zip(self.groups, self.tables, strict=True)
        total: Doubles = np.add.reduce([t[_position(g, codes, self.cardinalities)] for g, t in parts])
        return total

    def select(self, columns: tuple[int, ...]) -> Sum:
        """Some of the d values."""
        chosen = list(columns)
        return Sum(self.groups, tuple(t[:, chosen] for t in self.tables), self.cardinalities)

    def packed(self, dtype: type[Any]) -> GroupedSum:
        """The tables as one, neighbours merged while theirs stay small."""
        return grouped(self.groups, list(self.tables), self.cardinalities, dtype)


def tables(
    function: Callable[[Codes], Doubles], groups: Sequence[Group], cardinalities: Sequence[int]
) -> tuple[tuple[Group, ...], list[Doubles]]:
    """One table a group of a function that is a sum over them; a group of what they share may be added.

    Shapes:
        function: (n, k) codes -> (n, d); output: groups and their (rows, d)
    """
    shared = {c for c, count in Counter(c for group in groups for c in group).items() if count > 1}
    base = function(np.zeros((1, len(cardinalities)), dtype=np.int8))[0]
    parts = []
    for group in groups:
        codes = choices(group, cardinalities)
        values = function(codes)
        without = codes.copy()
        without[:, [c for c in group if c not in shared]] = 0
        parts.append(values - (function(without) if shared else base))
    if not shared:
        parts[0] = parts[0] + base
        return tuple(groups), parts
    common = tuple(sorted(shared))
    return (*groups, common), [*parts, function(choices(common, cardinalities))]


def grouped(
    groups: tuple[Group, ...],
    parts: list[Doubles],
    cardinalities: Sequence[int],
    dtype: type[Any],
) -> GroupedSum:
    """Tables of groups as one, neighbours merged while theirs stay small."""
    width = parts[0].shape[1] * np.dtype(dtype).itemsize
    most = max(min(_MOST_ROWS, _MOST_BYTES // width), 1)
    merged = list(_merged(groups, parts, cardinalities, most))
    names = tuple(group for group, _ in merged)
    table = np.concatenate([part for _, part in merged]).astype(dtype, order="C")  # rows are gathered
    return GroupedSum(names, Keys.of(names, cardinalities), table)


def rows_of(group: Group, cardinalities: Sequence[int]) -> int:
    """Rows of a group's table."""
    return prod(cardinalities[c] for c in group)


def choices(group: Group, cardinalities: Sequence[int]) -> Codes:
    """Codes of every choice of a group's decisions, the others 0.

    Shapes:
        output: (rows, k)
    """
    tops = tuple(cardinalities[c] for c in group)
    codes = np.zeros((prod(tops), len(cardinalities)), dtype=np.int8)
    codes[:, list(group)] = np.stack(np.unravel_index(np.arange(prod(tops)), tops), axis=1)
    return codes


def _merged(
    groups: tuple[Group, ...], parts: list[Doubles], cardinalities: Sequence[int], most: int
) -> Iterator[tuple[Group, Doubles]]:
    """Groups in turn, each joined by the next ones while the joint table has at most `most` rows."""
    group, part = groups[0], parts[0]
    for following, its in zip(groups[1:], parts[1:], strict=True):
        joint = (*group, *(c for c in following if c not in group))
        if rows_of(joint, cardinalities) > most:
            yield group, part
            group, part = following, its
            continue
        codes = choices(joint, cardinalities)
        part = part[_position(group, codes, cardinalities)] + its[_position(following, codes, cardinalities)]
        group = joint
    yield group, part


def _position(group: Group, codes: Codes, cardinalities: Sequence[int]) -> Ints:
    tops = tuple(cardinalities[c] for c in group)
    position: Ints = np.ravel_multi_index(tuple(codes[:, c] for c in group), tops).astype(np.int64)
    return position
