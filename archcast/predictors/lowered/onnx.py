"""A served form as an ONNX file: codes in, values out, checked against the form by ONNX Runtime.

| name | shape and type |
|---|---|
| `codes` | int8 (n, k), as `archcast.parse` gives them |
| `values` | float32 (n, 1), in the metric's unit |
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Codes, Floats
from archcast.core.errors import ArtifactError
from archcast.predictors.lowered.forms import Form, SumForm
from archcast.predictors.lowered.onnx_graph import INPUT, OnnxGraph
from archcast.predictors.lowered.tables import GroupedSum, Keys
from archcast.predictors.onnx_model import OnnxModel

_TOLERANCE = 1e-5


def onnx_file(form: Form, samples: Codes) -> bytes:
    """The form of one target as ONNX, for any number of architectures.

    Shapes:
        samples: (n, k), for which ONNX Runtime must give the form's values, at once and one by one

    Raises:
        ArtifactError: it does not, or the form is the predictor itself, which is no arrays.
        MissingPackageError: the package onnx is not installed.
    """
    if not isinstance(form, SumForm):
        raise ArtifactError("an ONNX file can be made of tables only, and this predictor is served itself")
    graph = OnnxGraph()
    q = _gathered(graph, form.cost)
    s = "" if form.hidden is None else _gathered(graph, form.hidden)
    graph.sums = form.cost.table.dtype.type
    for operation in form.link:
        q = operation.onnx(graph, q, s)
    content = graph.model(graph.single(q), samples.shape[1])
    run = OnnxModel(content)
    for codes in (samples, samples[:1]):
        check_equal(run.run({INPUT: codes})[0], form.values(codes))
    return content


def check_equal(found: Floats, expected: Floats) -> None:
    """Raise ArtifactError unless ONNX Runtime's values are the form's."""
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=_TOLERANCE, atol=0):
        raise ArtifactError("values of the ONNX file must equal those of the predictor")


def _rows(graph: OnnxGraph, keys: Keys) -> str:
    """(n, G) rows of the tables."""
    radix = graph.constant(keys.radix.T, np.float32)
    numbers = graph.add("MatMul", graph.cast(INPUT, "FLOAT"), radix)
    offset = graph.constant(keys.offsets.T, np.float32)
    return graph.cast(graph.add("Add", numbers, offset), "INT64")


def _gathered(graph: OnnxGraph, summed: GroupedSum) -> str:
    """(n, d) sums."""
    table = graph.constant(summed.table, summed.table.dtype.type)
    rows = graph.add("Gather", table, _rows(graph, summed.keys))
    return graph.add("ReduceSum", rows, graph.constant([1], np.int64), keepdims=0)
