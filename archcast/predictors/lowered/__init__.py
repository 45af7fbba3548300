"""Fitted predictors as what is called: a gather in small tables, a few small products."""

from archcast.predictors.lowered.forms import CombinedForm, Form, PlainForm, SumForm
from archcast.predictors.lowered.lowered import Lowered
from archcast.predictors.lowered.make import exact_form, served_form, tables_of

__all__ = [
    "CombinedForm",
    "Form",
    "Lowered",
    "PlainForm",
    "SumForm",
    "exact_form",
    "served_form",
    "tables_of",
]
