import base64

import numpy as np

from archcast.collect.measure.network_inputs import network_inputs
from archcast.collect.measure.ort_backend import OrtNetwork
from archcast.collect.measure.quantize import to_int8
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.spaces import SPACES


def test_int8_quantises_the_convolutions_and_stays_near():
    import onnx

    space = SPACES["macro"]
    network = space.network(space.sample(1, seed=0)[0])
    plain, inputs = to_onnx(network), network_inputs(network)
    quantised = to_int8(plain, inputs)
    nodes = [node.op_type for node in onnx.load_from_string(quantised).graph.node]
    assert "QuantizeLinear" in nodes
    assert "BatchNormalization" not in nodes
    assert len(quantised) < 0.6 * len(plain)
    outputs = [
        OrtNetwork({"threads": 1, "inputs": inputs, "model": base64.b64encode(model)}).output()
        for model in (plain, quantised)
    ]
    assert np.corrcoef(outputs[0].ravel(), outputs[1].ravel())[0, 1] > 0.9
