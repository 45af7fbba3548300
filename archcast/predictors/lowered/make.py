"""The served form of a predictor's targets: the quickest there is that answers as the predictor does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from archcast.core.arrays import Codes, Floats
from archcast.featurize.spaces import SPACES, Space
from archcast.predictors.contract import Predictor
from archcast.predictors.families.tabulated import MAX_MEMBERS, Tabulated
from archcast.predictors.lowered.forms import Form, PlainForm, SumForm, TableForm
from archcast.predictors.lowered.recipes import Recipe, recipe
from archcast.predictors.lowered.tables import GroupedSum, Keys, grouped, tables

TOLERANCE = 2e-5
"""Relative difference from the predictor's own answers, which are in single precision as well."""
_PROBES = 512
_CALL = 32
"""What a call costs beside its architectures, in architectures."""
_WORTH = 4


def served_form(model: Predictor, columns: tuple[int, ...]) -> Form:
    """The form to be called for some of a predictor's targets; to be kept by the caller.

    A small space's answers are written out in one table once that many were asked that it pays; until then,
    and in large spaces, the form is sums of tables where the family allows it, else the predictor itself.
    """
    if isinstance(model, Tabulated):
        return table_form(model, columns)
    if is_small(model.space_):
        return GrowingForm(model, columns)
    return _sums(model, columns) or _plain(model, columns)


def served_kind(header: Mapping[str, Any]) -> str:
    """How a saved predictor is served, from its manifest's header: `table`, `sums` or `itself`.

    Sums that turn out to differ from the predictor's answers are not served; see `exact_form`.
    """
    space, family, config = SPACES[header["space"]], header["family"], header["config"]
    if is_small(space):
        return "table"
    if family == "adapted":
        return "sums" if (space.cost_groups if space.has_graph else space.term_groups) else "itself"
    if family == "lookup":
        return "sums"
    pieces = config.get("pieces", ())
    sums = family in ("additive", "linear", "mlp") and "features" not in pieces
    return "sums" if sums and (space.term_groups or "terms" not in pieces) else "itself"


def is_small(space: Space) -> bool:
    """Whether a space's answers can be written out: a plain product of at most `MAX_MEMBERS` members."""
    return space.size <= MAX_MEMBERS and space.is_product


def exact_form(model: Predictor, columns: tuple[int, ...]) -> Form | None:
    """The table or sums that answer as the predictor does, made now; None where there are none."""
    if is_small(model.space_):
        return table_form(model, columns)
    return _sums(model, columns)


def table_form(model: Predictor, columns: tuple[int, ...]) -> TableForm:
    """Answers for a whole small space."""
    space, plain = model.space_, _plain(model, columns)
    numbers = np.arange(space.size)
    rows = plain.rows
    parts = [plain.values(space.members(numbers[i : i + rows])) for i in range(0, space.size, rows)]
    keys = Keys.of([tuple(range(len(space.columns)))], space.cardinalities)
    return TableForm(keys, np.concatenate(parts))


class GrowingForm:
    """A small space's table, once it pays; before, the predictor itself.

    Attributes:
        by_number: the table, or None.
    """

    kind: ClassVar[str] = "table"
    rows: ClassVar[int] = 16384

    def __init__(self, model: Predictor, columns: tuple[int, ...]) -> None:
        self.by_number: TableForm | None = None
        self._model, self._columns, self._asked = model, columns, 0
        self._beneath = _plain(model, columns)

    def values(self, codes: Codes) -> Floats:
        """From the table where there is one; asking often enough makes it."""
        table = self.by_number or self._grown(len(codes))
        return self._beneath.values(codes) if table is None else table.values(codes)

    def _grown(self, asked: int) -> TableForm | None:
        """Two threads may both make it, which does no harm."""
        self._asked += asked + _CALL
        if self._asked * _WORTH >= self._model.space_.size:
            self.by_number = table_form(self._model, self._columns)
        return self.by_number


def _plain(model: Predictor, columns: tuple[int, ...]) -> PlainForm:
    return PlainForm(model.select(columns))


def _sums(model: Predictor, columns: tuple[int, ...]) -> SumForm | None:
    """Sums of tables that were found to answer as the predictor does."""
    selected = model.select(columns)
    made = recipe(selected)
    if made is None:
        return None
    form = _sum_form(selected, made)
    codes = selected.space_.sample(_PROBES, seed=0)
    agrees = np.allclose(form.values(codes), selected.predict_checked(codes), rtol=TOLERANCE, atol=0)
    return form if agrees else None


def _sum_form(model: Predictor, made: Recipe) -> SumForm:
    tops, head = model.space_.cardinalities, made.head
    groups, parts = tables(made.cost, made.groups, tops)
    cost = grouped(groups, parts, tops, np.float64 if head.exponent else np.float32)
    exact = hidden = None
    if head.exact.any():
        whole = grouped(groups, parts, tops, np.float64, like=cost.groups)
        exact = GroupedSum(whole.groups, whole.keys, np.ascontiguousarray(whole.table[:, head.exact]))
    if made.hidden is not None:
        hidden = grouped(*tables(made.hidden, made.groups, tops), tops, np.float32)
    return SumForm(cost, exact, hidden, head)
