"""The forms in which a predictor is called: sums of tables, or the predictor itself.

| symbol | meaning |
|---|---|
| n, k, c | architectures, decisions, targets |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Codes, Floats
from archcast.featurize.spaces import Space
from archcast.predictors.lowered.link import Link, Round, Step, steps
from archcast.predictors.lowered.lowered import Lowered
from archcast.predictors.lowered.tables import GroupedSum, Sum

if TYPE_CHECKING:
    from archcast.predictors.contract import Predictor

MAX_MEMBERS = 300_000
"""Of a space whose answers are written out in one table."""
_PART = 512
_CALL = 32
"""What a call costs beside its architectures, in architectures."""
_WORTH = 4


class Form(Protocol):
    """Values of some targets, from codes that a space's `parse` gave, or from networks."""

    @property
    def kind(self) -> str:
        """`table`, `sums` or `direct`."""

    @property
    def rows(self) -> int:
        """Architectures to give it at once, where there are many."""

    @property
    def by_number(self) -> SumForm | None:
        """The table of answers, where there is one by now."""

    def values(self, codes: Any, /) -> Floats:
        """In the metric's unit.

        Shapes:
            codes: (n, k), or n networks; output: float32 (n, c)
        """


@dataclass(frozen=True, slots=True)
class SumForm:
    """Sums of tables, and what is made of them; the table of a small space is a sum of one group.

    Attributes:
        cost, hidden, link: of what was lowered, laid out for many calls.
        steps: the link's operations on arrays of the tables' type.
    """

    cost: GroupedSum
    hidden: GroupedSum | None
    link: Link
    steps: tuple[Step, ...]
    is_table: bool

    @property
    def kind(self) -> str:
        """`table` or `sums`."""
        return "table" if self.is_table else "sums"

    @property
    def rows(self) -> int:
        """More of a table, which is read row by row."""
        return 16384 if self.is_table else 8192

    @property
    def by_number(self) -> SumForm | None:
        """Itself, where it is a table."""
        return self if self.is_table else None

    def values(self, codes: Codes) -> Floats:
        """Sums, then the link, in parts that stay in the processor's cache."""
        if self.hidden is None:
            return self.linked(self.cost.at(codes))
        out = np.empty((len(codes), self.cost.table.shape[1]), dtype=np.float32)
        for i in range(0, len(codes), _PART):
            part = codes[i : i + _PART]
            out[i : i + _PART] = self.linked(self.cost.at(part), self.hidden.at(part))
        return out

    def linked(self, q: NDArray[Any], s: Floats | None = None) -> Floats:
        """Values of sums.

        Shapes:
            q: (n, c); s: (n, h); both may be overwritten; output: float32 (n, c)
        """
        for step in self.steps:
            q = step(q, s)
        return q.astype(np.float32, copy=False)


class PlainForm:
    """The predictor itself; of a small space its table, once so much was asked that it pays.

    Attributes:
        by_number: the table, or None.
    """

    rows = 8192

    def __init__(self, model: Predictor) -> None:
        self.model, self._asked, self._small = model, 0, is_small(model.space_)
        self.by_number: SumForm | None = None

    @property
    def kind(self) -> str:
        """`table` where the space is small, else `direct`."""
        return "table" if self._small else "direct"

    def values(self, codes: Codes) -> Floats:
        """The predictor's answers, from the table where there is one; asking often enough makes it."""
        if self.by_number is None and self._small:
            self._asked += len(codes) + _CALL
            if self._asked * _WORTH >= self.model.space_.size:
                return self.table().values(codes)
        return self.model.predict_checked(codes) if self.by_number is None else self.by_number.values(codes)

    def table(self) -> SumForm:
        """The table, made now if it is not there; two threads may both make it, which does no harm."""
        if self.by_number is None:
            self.by_number = sum_form(whole_table(self.model))
        return self.by_number


@dataclass(frozen=True, slots=True)
class CombinedForm:
    """Several forms' targets as one.

    Attributes:
        parts: each form with the places of its targets.
    """

    parts: tuple[tuple[Form, tuple[int, ...]], ...]
    kind = "sums"
    rows = 8192
    by_number = None

    def values(self, codes: Codes) -> Floats:
        """Every form's values at their places."""
        width = sum(len(places) for _, places in self.parts)
        out = np.empty((len(codes), width), dtype=np.float32)
        for form, places in self.parts:
            out[:, list(places)] = form.values(codes)
        return out


def is_small(space: Space) -> bool:
    """Whether a space's answers can be written out: a plain product of at most `MAX_MEMBERS` members."""
    return space.size <= MAX_MEMBERS and space.is_product


def whole_table(model: Predictor) -> Lowered:
    """A predictor's answers for its whole small space."""
    space, rows = model.space_, PlainForm.rows
    numbers = np.arange(space.size)
    parts = [model.predict_checked(space.members(numbers[i : i + rows])) for i in range(0, space.size, rows)]
    everything = (tuple(range(len(space.columns))),)
    return Lowered(Sum(everything, (np.concatenate(parts).astype(np.float64),), space.cardinalities), ())


def lowered_form(lowered: Lowered) -> SumForm | CombinedForm:
    """What is called for lowered targets; those that are rounded are summed in double precision, apart."""
    lowered = lowered.select(tuple(range(lowered.cost.tables[0].shape[1])))
    for operation in lowered.link:
        if isinstance(operation, Round) and not operation.exact.all():
            apart = [tuple(np.flatnonzero(operation.exact == own).tolist()) for own in (True, False)]
            return CombinedForm(tuple((sum_form(lowered.select(columns)), columns) for columns in apart))
    return sum_form(lowered)


def sum_form(lowered: Lowered) -> SumForm:
    """Tables laid out in one precision."""
    double = any(operation.double for operation in lowered.link)
    dtype = np.float64 if double else np.float32
    return SumForm(
        cost=lowered.cost.packed(dtype),
        hidden=None if lowered.hidden is None else lowered.hidden.packed(np.float32),
        link=lowered.link,
        steps=steps(lowered.link, dtype),
        is_table=lowered.is_table,
    )
