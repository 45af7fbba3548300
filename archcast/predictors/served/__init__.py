"""Fitted predictors as what is called: a gather in small tables, a few small products."""

from archcast.predictors.served.forms import BesideForm, Form, PlainForm, SumForm, TableForm
from archcast.predictors.served.make import exact_form, served_form, served_kind
from archcast.predictors.served.prune import prune

__all__ = [
    "BesideForm",
    "Form",
    "PlainForm",
    "SumForm",
    "TableForm",
    "exact_form",
    "prune",
    "served_form",
    "served_kind",
]
