"""A served form as an ONNX file: codes in, values out, checked against the form by ONNX Runtime.

| name | shape and type |
|---|---|
| `codes` | int8 (n, k), as `archcast.parse` gives them |
| `values` | float32 (n, 1), in the metric's unit |
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Codes, Floats
from archcast.core.errors import ArtifactError
from archcast.core.optional import require
from archcast.predictors.lowered.forms import Form, SumForm, TableForm
from archcast.predictors.lowered.link import DIGITS, Head, Network
from archcast.predictors.lowered.tables import GroupedSum, Keys
from archcast.predictors.onnx_model import OnnxModel

INPUT, OUTPUT = "codes", "values"
OPSET, IR_VERSION = 17, 9
_TOLERANCE = 1e-5


def onnx_file(form: Form, samples: Codes) -> bytes:
    """The form of one target as ONNX, for any number of architectures.

    Shapes:
        samples: (n, k), for which ONNX Runtime must give the form's values, at once and one by one

    Raises:
        ArtifactError: it does not, or the form is the predictor itself, which is no arrays.
        MissingPackageError: the package onnx is not installed.
    """
    if not isinstance(form, TableForm | SumForm):
        raise ArtifactError("an ONNX file can be made of tables only, and this predictor is served itself")
    graph = _Graph()
    last = _table(graph, form) if isinstance(form, TableForm) else _sums(graph, form)
    content = graph.model(last, samples.shape[1])
    run = OnnxModel(content)
    for codes in (samples, samples[:1]):
        check_equal(run.run({INPUT: codes})[0], form.values(codes))
    return content


def check_equal(found: Floats, expected: Floats) -> None:
    """Raise ArtifactError unless ONNX Runtime's values are the form's."""
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=_TOLERANCE, atol=0):
        raise ArtifactError("values of the ONNX file must equal those of the predictor")


class _Graph:
    """Nodes and constants in the order in which they are added."""

    def __init__(self) -> None:
        self.onnx = require("onnx", extra="measure", purpose="writing an ONNX file")
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, dtype: type[Any]) -> str:
        """Name of a constant."""
        name = f"c{len(self.constants)}"
        array: NDArray[Any] = np.asarray(value, dtype=dtype)
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Name of a node's output, or names where there are several."""
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def cast(self, name: str, dtype: str) -> str:
        """Name of a value cast to another type."""
        return str(self.add("Cast", name, to=getattr(self.onnx.TensorProto, dtype)))

    def model(self, last: str, k: int) -> bytes:
        """The file."""
        helper, types = self.onnx.helper, self.onnx.TensorProto
        self.nodes.append(helper.make_node("Identity", [last], [OUTPUT]))
        made = helper.make_model(
            helper.make_graph(
                self.nodes,
                "archcast",
                [helper.make_tensor_value_info(INPUT, types.INT8, ["n", k])],
                [helper.make_tensor_value_info(OUTPUT, types.FLOAT, ["n", 1])],
                self.constants,
            ),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="archcast",
        )
        self.onnx.checker.check_model(made)
        content: bytes = made.SerializeToString()
        return content


def _rows(graph: _Graph, keys: Keys) -> str:
    """(n, G) rows of the tables."""
    radix = graph.constant(keys.radix.T, np.float32)
    numbers = graph.add("MatMul", graph.cast(INPUT, "FLOAT"), radix)
    offset = graph.constant(keys.offsets.T, np.float32)
    return graph.cast(graph.add("Add", numbers, offset), "INT64")


def _table(graph: _Graph, form: TableForm) -> str:
    rows = graph.add("Squeeze", _rows(graph, form.keys), graph.constant([1], np.int64))
    return str(graph.add("Gather", graph.constant(form.table, np.float32), rows))


def _gathered(graph: _Graph, summed: GroupedSum) -> str:
    """(n, d) sums."""
    table = graph.constant(summed.table, summed.table.dtype.type)
    found = graph.add("Gather", table, _rows(graph, summed.keys))
    return str(graph.add("ReduceSum", found, graph.constant([1], np.int64), keepdims=0))


def _sums(graph: _Graph, form: SumForm) -> str:
    head = form.head
    summed = form.cost if form.exact is None else form.exact
    value = _value(graph, _gathered(graph, summed), head, summed.table.dtype.type)
    if form.hidden is not None and head.network is not None:
        correction = _network(graph, _gathered(graph, form.hidden), head.network)
        if head.logarithmic:
            return str(graph.add("Mul", value, graph.add("Exp", correction)))
        return str(graph.add("Add", value, correction))
    return value


def _value(graph: _Graph, q: str, head: Head, dtype: type[Any]) -> str:
    """(n, 1) of the head without its network, in single precision."""
    floor = graph.constant(head.floor[None], dtype) if np.isfinite(head.floor).all() else ""
    if head.exponent:
        q = graph.add("Exp", q)
    if head.tail:
        below = graph.add("Min", graph.add("Sub", q, floor), graph.constant([[0.0]], dtype))
        share = graph.add("Exp", graph.add("Div", below, floor))
        q = graph.add("Mul", graph.add("Max", q, floor), share)
    elif floor:
        q = graph.add("Max", q, floor)
    if head.exact.all():
        logarithm = graph.add("Div", graph.add("Log", q), graph.constant(np.log(10.0), dtype))
        places = graph.add("Sub", graph.constant(DIGITS - 1.0, dtype), graph.add("Floor", logarithm))
        power = graph.add("Pow", graph.constant(10.0, dtype), places)
        q = graph.add("Div", graph.add("Round", graph.add("Mul", q, power)), power)
    if head.inverted:
        q = graph.add("Reciprocal", q)
    return q if dtype is np.float32 else graph.cast(q, "FLOAT")


def _network(graph: _Graph, hidden: str, network: Network) -> str:
    """(n, 1) correction."""
    members, width, _ = network.w2.shape
    split = graph.constant([width] * members, np.int64)
    parts = graph.add("Split", hidden, split, axis=1, outputs=members)
    total = graph.constant(network.b3[None], np.float32)
    for i, part in enumerate([parts] if members == 1 else parts):
        second = graph.add("MatMul", _silu(graph, part), graph.constant(network.w2[i], np.float32))
        second = graph.add("Add", second, graph.constant(network.b2[i], np.float32))
        last = graph.add("MatMul", _silu(graph, second), graph.constant(network.w3[i], np.float32))
        total = graph.add("Add", total, last)
    return str(total)


def _silu(graph: _Graph, x: str) -> str:
    return str(graph.add("Mul", x, graph.add("Sigmoid", x)))
