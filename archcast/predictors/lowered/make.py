"""The served form of a predictor's targets: the quickest there is that answers as the predictor does."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from archcast.core.errors import ArchcastWarning
from archcast.predictors.lowered.forms import CombinedForm, Form, PlainForm, SumForm, is_small, lowered_form

if TYPE_CHECKING:
    from archcast.predictors.contract import Predictor

TOLERANCE = 2e-5
"""Relative difference from the predictor's own answers, which are in single precision as well."""
_PROBES = 512


def served_form(model: Predictor, columns: tuple[int, ...], *, kind: str = "") -> Form:
    """The form to be called for some of a predictor's targets; to be kept by the caller.

    A small space's answers are written out in one table once that many were asked that it pays; until then,
    and in large spaces, the form is what the family lowers itself to, else the predictor itself.

    Args:
        kind: what was found when the predictor was saved; empty where that is found out now.
    """
    selected = model.select(columns)
    lowered = None if kind == "direct" else selected.lower()
    if lowered is None or (is_small(selected.space_) and not lowered.is_table):
        return PlainForm(selected)
    form = lowered_form(lowered)
    if kind:
        return form
    codes = selected.space_.sample(_PROBES, seed=0)
    if np.allclose(form.values(codes), selected.predict_checked(codes), rtol=TOLERANCE, atol=0):
        return form
    warnings.warn(
        f"tables of the {model.family} of {model.space_.name} differ from its predictions, "
        f"so it is called directly, which is slower",
        ArchcastWarning,
        stacklevel=2,
    )
    return PlainForm(selected)


def exact_form(model: Predictor, columns: tuple[int, ...]) -> SumForm | CombinedForm | None:
    """The tables that answer as the predictor does, made now; None where there are none."""
    return tables_of(served_form(model, columns))


def tables_of(form: Form) -> SumForm | CombinedForm | None:
    """The tables behind a form, made now if it writes them out later; None where it is the predictor."""
    if isinstance(form, PlainForm):
        return form.table() if is_small(form.model.space_) else None
    return form if isinstance(form, SumForm | CombinedForm) else None
