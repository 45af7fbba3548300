"""Fitted predictors as what is called: a gather in small tables, a few small products."""

from archcast.predictors.lowered.forms import BesideForm, Form, PlainForm, SumForm, TableForm
from archcast.predictors.lowered.make import exact_form, served_form, served_kind

__all__ = [
    "BesideForm",
    "Form",
    "PlainForm",
    "SumForm",
    "TableForm",
    "exact_form",
    "served_form",
    "served_kind",
]
