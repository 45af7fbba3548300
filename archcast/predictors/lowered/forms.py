"""The forms in which a predictor is called: the predictor itself, sums of tables, or one table of answers.

| symbol | meaning |
|---|---|
| n, k, c | architectures, decisions, targets |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Codes, Floats
from archcast.predictors.contract import Predictor
from archcast.predictors.lowered.link import Head
from archcast.predictors.lowered.tables import GroupedSum, Keys

_PART = 512


class Form(Protocol):
    """Values of some targets, from codes that a space's `parse` gave.

    Attributes:
        kind: `table`, `sums` or `itself`.
        rows: architectures to give it at once, where there are many.
    """

    kind: ClassVar[str]
    rows: ClassVar[int]

    @property
    def by_number(self) -> TableForm | None:
        """The table of answers, where there is one by now."""

    def values(self, codes: Codes) -> Floats:
        """In the metric's unit.

        Shapes:
            codes: (n, k); output: float32 (n, c)
        """


@dataclass(frozen=True, slots=True)
class PlainForm:
    """The predictor itself."""

    kind: ClassVar[str] = "itself"
    rows: ClassVar[int] = 8192
    model: Predictor
    by_number: ClassVar[None] = None

    def values(self, codes: Codes) -> Floats:
        """The predictor's answers."""
        return self.model.predict_checked(codes)


@dataclass(frozen=True, slots=True)
class SumForm:
    """Sums of tables, and what is made of them.

    Attributes:
        cost: q of `head`, d = c.
        exact: the same for exact targets, in double precision and with the same keys, or None.
        hidden: s of `head`, or None.
    """

    kind: ClassVar[str] = "sums"
    rows: ClassVar[int] = 8192
    cost: GroupedSum
    exact: GroupedSum | None
    hidden: GroupedSum | None
    head: Head
    by_number: ClassVar[None] = None

    def values(self, codes: Codes) -> Floats:
        """Sums, then the head, in parts that stay in the processor's cache."""
        if self.hidden is None:
            return self._values(codes)
        out = np.empty((len(codes), self.cost.table.shape[1]), dtype=np.float32)
        for i in range(0, len(codes), _PART):
            out[i : i + _PART] = self._values(codes[i : i + _PART])
        return out

    def _values(self, codes: Codes) -> Floats:
        rows = self.cost.keys.rows(codes)
        exact = None if self.exact is None else self.exact.at(rows)
        hidden = None if self.hidden is None else self.hidden.at(self.hidden.keys.rows(codes))
        return self.head(self.cost.at(rows), hidden, exact)


@dataclass(frozen=True, slots=True)
class TableForm:
    """Answers for every member of a small space, by number.

    Shapes:
        table: float32 (size, c)
    """

    kind: ClassVar[str] = "table"
    rows: ClassVar[int] = 16384
    keys: Keys
    table: Floats

    @property
    def by_number(self) -> TableForm:
        """Itself."""
        return self

    def values(self, codes: Codes) -> Floats:
        """Rows of the table."""
        return self.at(self.keys.rows(codes)[0])

    def at(self, numbers: NDArray[np.integer]) -> Floats:
        """Rows of the table, by number.

        Shapes:
            numbers: (n,); output: (n, c)
        """
        if self.table.shape[1] == 1:
            return self.table[:, 0].take(numbers)[:, None]
        return self.table.take(numbers, axis=0)


@dataclass(frozen=True, slots=True)
class BesideForm:
    """Several forms' targets as one.

    Attributes:
        parts: each form with the places of its targets.
    """

    kind: ClassVar[str] = "sums"
    rows: ClassVar[int] = 8192
    parts: tuple[tuple[Form, tuple[int, ...]], ...]
    by_number: ClassVar[None] = None

    def values(self, codes: Codes) -> Floats:
        """Every form's values at their places."""
        width = sum(len(places) for _, places in self.parts)
        out = np.empty((len(codes), width), dtype=np.float32)
        for form, places in self.parts:
            out[:, list(places)] = form.values(codes)
        return out
