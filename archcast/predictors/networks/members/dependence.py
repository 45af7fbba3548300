"""Which kernel stands in a place, as a function of few decisions.

| symbol | meaning |
|---|---|
| n, k | members that were seen, decisions |
| P | places |
| class | values of a decision that a place does not tell apart |
| row | the classes of all decisions that a place depends on |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Bools, Codes, Ints

MOST_ROWS = 8192
"""Rows of one place beyond which no table is made."""
ABSENT = 0
UNSEEN = -1


class TooManyError(Exception):
    """The kernel in a place depends on so many decisions together that no table holds it."""


@dataclass
class Dependence:
    """What the kernel in one place depends on.

    Shapes:
        classes: k of (values,), class of each value of a decision

    Attributes:
        decisions: those with more than one class, in order.
    """

    classes: list[Ints]
    decisions: tuple[int, ...] = field(init=False)
    tops: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._told()

    def split(self, decision: int) -> None:
        """Tell all values of a decision apart."""
        self.classes[decision] = np.arange(len(self.classes[decision]))
        self._told()

    def rows(self, codes: Codes) -> Ints:
        """Row of each member.

        Shapes:
            codes: (n, k); output: (n,)
        """
        rows = np.zeros(len(codes), dtype=np.int64)
        for decision, top in zip(self.decisions, self.tops, strict=True):
            rows = rows * top + self.classes[decision][codes[:, decision]]
        return rows

    @property
    def size(self) -> int:
        """Number of rows."""
        return prod(self.tops)

    @property
    def key(self) -> tuple[bytes, ...]:
        """Equal for places that depend on decisions alike."""
        return tuple(self.classes[decision].tobytes() + bytes([decision]) for decision in self.decisions)

    def classes_of(self, rows: Ints) -> Ints:
        """The class of each decision in rows, (rows, decisions)."""
        if not self.tops:
            return np.zeros((len(rows), 0), dtype=np.int64)
        return np.stack(np.unravel_index(rows, self.tops), axis=1)

    def _told(self) -> None:
        self.decisions = tuple(i for i, own in enumerate(self.classes) if own.max())
        self.tops = tuple(int(self.classes[i].max()) + 1 for i in self.decisions)
        if self.size > MOST_ROWS:
            raise TooManyError(self.size)


def first_dependence(kernels: Sequence[NDArray[np.integer]]) -> Dependence:
    """What members that differ from a base in one decision tell of a place.

    Shapes:
        kernels: k of (values,), the kernel for each value of a decision
    """
    classes = []
    for of_values in kernels:
        _, first, inverse = np.unique(of_values, return_index=True, return_inverse=True)
        order = np.argsort(np.argsort(first))
        classes.append(order[inverse.reshape(-1)].astype(np.int64))
    return Dependence(classes)


def settle(dependence: Dependence, codes: Codes, kernels: Ints) -> None:
    """Tell more values apart until members of one row have one kernel.

    Of the decisions in which two such members differ, the one is taken that leaves the fewest contradictions,
    one that the place depends on already before others.

    Shapes:
        codes: (n, k); kernels: (n,)

    Raises:
        TooManyError: the rows become too many.
    """
    while True:
        wrong, against = _contradictions(dependence.rows(codes), kernels)
        if not wrong.any():
            return
        item = int(wrong.argmax())
        differing = np.flatnonzero(codes[item] != codes[against[item]])
        left: dict[int, int] = {}
        for decision in differing.tolist():
            own = dependence.classes[decision]
            if own.max() + 1 < len(own):
                tried = Dependence(list(dependence.classes))
                try:
                    tried.split(decision)
                except TooManyError:
                    continue
                left[decision] = int(_contradictions(tried.rows(codes), kernels)[0].sum())
        if not left:
            raise TooManyError(dependence.size)
        inside = dependence.decisions
        dependence.split(min(left, key=lambda decision: (left[decision], decision not in inside)))


def _contradictions(rows: Ints, kernels: Ints) -> tuple[Bools, Ints]:
    """Members whose kernel is not that of the first of their row, and those first ones."""
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    against = first[inverse.reshape(-1)]
    wrong: Bools = kernels != kernels[against]
    return wrong, against


@dataclass(frozen=True)
class Position:
    """A place with the kernel of each row.

    Shapes:
        kernels: (rows,), `UNSEEN` where no member showed it
    """

    dependence: Dependence
    kernels: Ints

    @classmethod
    def of(cls, dependence: Dependence, codes: Codes, kernels: Ints) -> Position:
        """From members that do not contradict each other; rows of a class that never has a kernel have none.

        Shapes:
            codes: (n, k); kernels: (n,)
        """
        table = np.full(dependence.size, UNSEEN, dtype=np.int64)
        table[dependence.rows(codes)] = kernels
        unseen = np.flatnonzero(table == UNSEEN)
        if len(unseen):
            classes = dependence.classes_of(unseen)
            for place, (decision, top) in enumerate(zip(dependence.decisions, dependence.tops, strict=True)):
                held = dependence.classes[decision][codes[:, decision]]
                there = np.bincount(held, minlength=top)
                with_kernel = np.bincount(held, weights=kernels != ABSENT, minlength=top)
                empty = (there > 0) & (with_kernel == 0)
                table[unseen[empty[classes[:, place]]]] = ABSENT
        return cls(dependence, table)

    def at(self, codes: Codes) -> Ints:
        """The kernel in this place of each member, (n,)."""
        found: Ints = self.kernels[self.dependence.rows(codes)]
        return found

    @property
    def missing(self) -> Ints:
        """Rows that no member showed."""
        return np.flatnonzero(self.kernels == UNSEEN)
