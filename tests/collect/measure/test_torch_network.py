"""The torch module against ONNX Runtime with the same weights, on samples of every space."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from archcast.collect.measure.load_request import in_batches
from archcast.collect.measure.plain_network import plain_network
from archcast.collect.measure.torch_network import STEPS, TorchNetwork
from archcast.core.network import Network
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.builder import POINTWISE, NetworkBuilder

COUNTS = {"nasbench201": 4, "macro": 2, "fbnet": 2, "mnasnet": 2, "ofa_mbv3": 1, "skipnet": 1}


def run_onnx(model: bytes, x: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options).run(None, {"input": x})[0]


def run_torch(network: Network, model: bytes, x: Any) -> Any:
    """What the torch module gives with the weights of an ONNX model."""
    import onnx

    plain = plain_network(network)
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load_from_string(model).graph.initializer}
    module = TorchNetwork(plain).eval()
    module.set_weights({name: tensors[name] for name, c in plain["constants"].items() if c["data"] is None})
    with torch.inference_mode():
        module.check(torch.from_numpy(x))
        return module(torch.from_numpy(x)).numpy()


def assert_same(network: Network, *, batch: int = 1, seed: int = 0) -> None:
    shape = (batch, *network.values["input"].dims[1:])
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    model = to_onnx(in_batches(network, batch), seed=seed)
    expected, given = run_onnx(model, x), run_torch(network, model, x)
    assert expected.shape == given.shape
    np.testing.assert_allclose(given, expected, atol=5e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", COUNTS)
def test_networks_agree(name: str) -> None:
    space = SPACES[name]
    codes = space.sample(COUNTS[name], seed=3)
    assert len(codes) >= 1
    for code in codes:
        assert_same(space.network(code))


def every_operator() -> Network:
    """A network that holds every operator that a builder writes."""
    b = NetworkBuilder()
    x = b.conv(b.input(4, 9), 8, kernel=3, groups=2, bias=True)
    x = b.shuffle(b.pointwise(b.pointwise(x, "batch_norm"), "relu"), 2)
    same = [b.pointwise(x, op) for op in POINTWISE]
    same += [b.pool(x, "max_pool", kernel=3, stride=1)]
    same += [b.pool(x, "avg_pool", kernel=3, stride=1, count_padding=flag) for flag in (False, True)]
    x = b.concat(b.add(*same), x, b.add(x, x))
    x = b.multiply(x, b.pointwise(b.global_pool(x), "hsigmoid"))
    x = b.pool(x, "max_pool", kernel=3, stride=2)
    b.linear(b.global_pool(x), 5)
    return b.network()


def test_every_operator_agrees() -> None:
    network = every_operator()
    assert {node.op for node in network.nodes} == set(STEPS)
    assert_same(network, batch=3, seed=7)


@pytest.mark.parametrize("op", POINTWISE)
def test_each_operator_alone_agrees(op: str) -> None:
    b = NetworkBuilder()
    b.pointwise(b.input(6, 5), op)
    assert_same(b.network(), batch=2)


def test_a_grouped_network_is_shuffled_in_any_batch() -> None:
    b = NetworkBuilder()
    b.shuffle(b.conv(b.input(4, 3), 4, kernel=1, groups=2), 2)
    assert_same(b.network(), batch=4)


def changed(network: Network, place: int, **fields: Any) -> Network:
    nodes = list(network.nodes)
    nodes[place] = replace(nodes[place], **fields)
    return replace(network, nodes=tuple(nodes))


def test_what_has_no_module_is_refused_by_name() -> None:
    network = every_operator()
    with pytest.raises(ValueError, match=r"the operator 'Mish' \(node 2\) has no torch module"):
        TorchNetwork(plain_network(changed(network, 2, op="Mish")))
    with pytest.raises(ValueError, match=r"Conv \(node 0\): its pads \(0, 1, 1, 1\) must be the same"):
        TorchNetwork(plain_network(changed(network, 0, attributes={"group": 2, "pads": (0, 1, 1, 1)})))


def test_a_shape_that_the_network_states_wrongly_is_refused() -> None:
    b = NetworkBuilder()
    b.pool(b.input(2, 4), "avg_pool", kernel=2, stride=2)
    plain = plain_network(b.network())
    plain["shapes"][plain["outputs"][0]] = [1, 2, 3, 3]
    with pytest.raises(ValueError, match=r"node 0 gives the shape \[2, 2, 2\], but its network states"):
        TorchNetwork(plain).check(torch.zeros(1, 2, 4, 4))
