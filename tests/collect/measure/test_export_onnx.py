"""ONNX models against the torch module of the same weights, on samples of every space with layers."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from archcast.collect.measure.export_onnx import plain_layers, to_onnx
from archcast.collect.measure.ort_backend import OrtNetwork
from archcast.collect.measure.quantize import to_int8
from archcast.collect.measure.torch_backend import build_module
from archcast.collect.measure.weights import make_weights
from archcast.core.errors import InputError
from archcast.core.layers import GraphBuilder, LayerGraph
from archcast.core.operators import OPERATORS
from archcast.featurize.spaces import SPACES

COUNTS = {"nasbench201": 4, "macro": 2, "fbnet": 2, "mnasnet": 2, "ofa_mbv3": 1}


def run_onnx(model: bytes, x: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options).run(None, {"input": x})[0]


def run_torch(graph: LayerGraph, x: Any, *, seed: int) -> Any:
    layers = plain_layers(graph)
    module = build_module(layers, make_weights(layers, seed))
    with torch.inference_mode():
        module.check(torch.from_numpy(x))
        return module(torch.from_numpy(x)).numpy()


def assert_same(graph: LayerGraph, *, batch: int = 1, seed: int = 0) -> None:
    shape = (batch, *graph.layers[0].shape_out)
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    expected = run_torch(graph, x, seed=seed)
    given = run_onnx(to_onnx(graph, batch=batch, seed=seed), x)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(given, expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", COUNTS)
def test_networks_agree_with_torch(name: str) -> None:
    space = SPACES[name]
    codes = space.sample(COUNTS[name], seed=3)
    assert len(codes) == COUNTS[name] > 0
    for code in codes:
        assert_same(space.graph(code))


def all_operators() -> LayerGraph:
    """A network that holds every operator of the vocabulary."""
    b = GraphBuilder()
    x = b.input(4, 9)
    x = b.conv(x, 8, kernel=3, groups=2, bias=True)
    x = b.pointwise(b.pointwise(x, "batch_norm"), "relu")
    x = b.pointwise(x, "channel_shuffle")
    same = [b.pointwise(x, op) for op in ("relu6", "hswish", "hsigmoid", "zero")]
    same += [b.pool(x, "max_pool", kernel=3, stride=1)]
    same += [b.pool(x, "avg_pool", kernel=3, stride=1, count_padding=flag) for flag in (False, True)]
    x = b.concat(b.add(*same), x, b.add(x, x))
    x = b.multiply(x, b.pointwise(b.global_pool(x), "hsigmoid"))
    x = b.pool(x, "max_pool", kernel=3, stride=2)
    b.linear(b.global_pool(x), 5)
    return b.graph()


def test_every_operator_agrees_with_torch() -> None:
    graph = all_operators()
    assert {layer.op for layer in graph.layers} == set(OPERATORS)
    assert_same(graph, batch=3, seed=7)


def test_each_operator_alone_agrees_with_torch() -> None:
    for op in ("relu6", "hswish", "hsigmoid", "zero", "batch_norm", "relu"):
        b = GraphBuilder()
        b.pointwise(b.input(6, 5), op)
        assert_same(b.graph(), batch=2)


def test_shuffle_mixes_the_groups_of_the_convolution_before_it() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(4, 1), 4, kernel=1, groups=2)
    b.pointwise(b.pointwise(x, "relu"), "channel_shuffle")
    graph = b.graph()
    x_in = np.random.default_rng(0).normal(size=(1, 4, 1, 1)).astype(np.float32)
    before = LayerGraph(graph.layers[:3])
    order = [0, 2, 1, 3]
    expected = run_onnx(to_onnx(before), x_in)[:, order]
    np.testing.assert_array_equal(run_onnx(to_onnx(graph), x_in), expected)


def test_zero_gives_zeros_of_its_inputs_shape() -> None:
    b = GraphBuilder()
    b.pointwise(b.input(3, 4), "zero")
    x = np.ones((2, 3, 4, 4), dtype=np.float32)
    np.testing.assert_array_equal(run_onnx(to_onnx(b.graph(), batch=2), x), np.zeros_like(x))


def test_weights_follow_the_seed() -> None:
    graph = all_operators()
    assert to_onnx(graph, seed=1) == to_onnx(graph, seed=1)
    assert to_onnx(graph, seed=1) != to_onnx(graph, seed=2)


def test_an_unknown_operator_is_refused_by_name() -> None:
    graph = all_operators()
    odd = LayerGraph((*graph.layers[:2], replace(graph.layers[2], op="mish")))
    with pytest.raises(InputError, match=r"'mish' has no ONNX form here \(item 2\)"):
        to_onnx(odd)
    with pytest.raises(ValueError, match=r"'mish' \(layer 2\)"):
        build_module(plain_layers(odd), make_weights(plain_layers(odd), 0))


def test_a_shape_that_the_graph_states_wrongly_is_refused() -> None:
    b = GraphBuilder()
    b.pool(b.input(2, 5), "avg_pool", kernel=2, stride=2)  # rounding down gives 2, the graph says 3
    b.global_pool(1)
    with pytest.raises(InputError, match=r"avg_pool gives the shape \(2, 2, 2\).*item 1"):
        to_onnx(b.graph())
    with pytest.raises(ValueError, match=r"avg_pool \(layer 1\) gives the shape"):
        run_torch(b.graph(), np.zeros((1, 2, 5, 5), dtype=np.float32), seed=0)


def test_int8_quantises_the_convolutions_and_stays_near() -> None:
    import onnx

    space = SPACES["macro"]
    graph = space.graph(space.sample(1, seed=0)[0])
    plain = to_onnx(graph)
    shape = [1, *graph.layers[0].shape_out]
    inputs = [{"name": "input", "shape": shape, "dtype": "float32", "kind": "normal"}]
    quantised = to_int8(plain, inputs)
    nodes = [node.op_type for node in onnx.load_from_string(quantised).graph.node]
    assert "QuantizeLinear" in nodes
    assert "BatchNormalization" not in nodes
    assert len(quantised) < 0.6 * len(plain)
    request = {"threads": 1, "inputs": inputs}
    outputs = [
        OrtNetwork({**request, "model": base64.b64encode(model)}).output() for model in (plain, quantised)
    ]
    correlation = np.corrcoef(outputs[0].ravel(), outputs[1].ravel())[0, 1]
    assert correlation > 0.9
