"""Quantised networks count, and fall into kernels, as those that they were made from."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

import archcast
from archcast.core.errors import InputError
from archcast.featurize.encoders.kernel_table import FIELDS, kernel_table
from archcast.featurize.encoders.program import Program
from archcast.featurize.kernels import Kernel, kernels

RNG = np.random.default_rng(0)
IMAGE, STEPS = [1, 3, 8, 8], [5, 1, 6]


def _model(path: Path, nodes: list[Any], shape: list[int], weights: dict[str, tuple[int, ...]]) -> Path:
    made = [numpy_helper.from_array(RNG.normal(size=s).astype(np.float32), n) for n, s in weights.items()]
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, shape),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
    ]
    graph = helper.make_graph(nodes, "made", ends[:1], ends[1:], made)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def _maps(path: Path) -> Path:
    """Convolutions, a gate, a sum, pools and a linear layer."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1] * 4),
        node("Relu", ["c1"], ["r1"]),
        node("Conv", ["r1", "w2", "b2"], ["c2"], pads=[1] * 4, group=4),
        node("Sigmoid", ["c2"], ["s"]),
        node("Mul", ["c2", "s"], ["g"]),
        node("Add", ["g", "r1"], ["a"]),
        node("MaxPool", ["a"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Concat", ["p", "p"], ["k"], axis=1),
        node("GlobalAveragePool", ["k"], ["q"]),
        node("Flatten", ["q"], ["f"]),
        node("Gemm", ["f", "w3", "b3"], ["y"], transB=1),
    ]
    weights = {"w1": (4, 3, 3, 3), "b1": (4,), "w2": (4, 1, 3, 3), "b2": (4,), "w3": (5, 8), "b3": (5,)}
    return _model(path, nodes, IMAGE, weights)


def _steps(path: Path) -> Path:
    """An LSTM and attention of one head over its steps."""
    node = helper.make_node
    nodes = [
        node("LSTM", ["x", "w", "r", "b"], ["h"], hidden_size=8),
        node("Squeeze", ["h"], ["t"]),
        node("MatMul", ["t", "wq"], ["q"]),
        node("MatMul", ["t", "wk"], ["k"]),
        node("Transpose", ["k"], ["kt"], perm=[1, 0]),
        node("MatMul", ["q", "kt"], ["s"]),
        node("Softmax", ["s"], ["p"]),
        node("MatMul", ["p", "t"], ["o"]),
        node("Add", ["o", "bo"], ["y"]),
    ]
    weights = {"w": (1, 32, 6), "r": (1, 32, 8), "b": (1, 64), "wq": (8, 8), "wk": (8, 8), "bo": (8,)}
    return _model(path, nodes, STEPS, weights)


class _Data(quantization.CalibrationDataReader):
    def __init__(self, shape: list[int]) -> None:
        self._left = [{"x": RNG.normal(size=shape).astype(np.float32)}]

    def get_next(self) -> dict[str, Any] | None:
        return self._left.pop() if self._left else None


def _static(source: Path, made: Path, shape: list[int], **how: Any) -> None:
    quantization.quantize_static(source, made, _Data(shape), **how)


FORMS: dict[str, Any] = {
    "pairs": lambda *at: _static(*at, quant_format=quantization.QuantFormat.QDQ),
    "pairs by channel": lambda *at: _static(*at, quant_format=quantization.QuantFormat.QDQ, per_channel=True),
    "operators": lambda *at: _static(*at, quant_format=quantization.QuantFormat.QOperator),
    "dynamic": lambda source, made, _: quantization.quantize_dynamic(
        source, made, weight_type=quantization.QuantType.QUInt8
    ),
}


def _told(made: tuple[Kernel, ...]) -> list[tuple[str, int]]:
    return sorted((kernel.kind, kernel.macs) for kernel in made)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("build", "shape"), [(_maps, IMAGE), (_steps, STEPS)])
def test_a_quantised_network_is_that_of_its_floats(
    form: str, build: Any, shape: list[int], tmp_path: Path
) -> None:
    source = build(tmp_path / "float.onnx")
    FORMS[form](source, tmp_path / "few.onnx", shape)
    plain, few = archcast.network(source), archcast.network(tmp_path / "few.onnx")
    assert any("Quantize" in node.op for node in few.nodes)
    assert (few.summary().params, few.summary().macs) == (plain.summary().params, plain.summary().macs)
    assert not few.summary().unknown
    made = kernels(few)
    assert _told(made) == _told(kernels(plain))
    assert max(place for kernel in made for place in kernel.nodes) < len(few)
    assert sum(k.bytes for k in made) < sum(k.bytes for k in kernels(plain))
    tables = [kernel_table(net, Program()) for net in (plain, few)]
    kept = [name for name in FIELDS if name != "joined"]  # quantising takes in what cuts values off
    for name in kept:
        np.testing.assert_array_equal(*(np.sort(table.field(name)) for table in tables), name)


def test_an_eager_runtime_runs_every_quantisation(tmp_path: Path) -> None:
    FORMS["pairs"](_maps(tmp_path / "float.onnx"), tmp_path / "few.onnx", IMAGE)
    few = archcast.network(tmp_path / "few.onnx")
    assert sum(kernel.kind == "quantize" for kernel in kernels(few, "eager")) > 10
    with pytest.raises(InputError, match="must stand before"):
        kernels(few, ("constants", "quantized"))


def test_fused_products_of_integers_keep_their_sum() -> None:
    node = helper.make_node
    made = {
        "w": np.ones((6, 4), np.int8),
        "s": np.float32(0.1),
        "z": np.int8(0),
        "b": np.ones(4, np.float32),
    }
    ms = "com.microsoft"
    nodes = [
        node("DynamicQuantizeMatMul", ["x", "w", "s", "z", "b"], ["h"], domain=ms),
        node("Relu", ["h"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [2, 6]), ("y", None))]
    weights = [numpy_helper.from_array(a, n) for n, a in made.items()]
    graph = helper.make_graph(nodes, "made", ends[:1], ends[1:], weights)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(ms, 1)]
    net = archcast.network(helper.make_model(graph, opset_imports=imports, ir_version=8))
    (kernel,) = kernels(net)
    assert kernel.operators == ("MatMul", "Add", "Relu")
    assert kernel.nodes == (0, 1)
    assert (net.summary().params, net.summary().macs) == (28, 48)
