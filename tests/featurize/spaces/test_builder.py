import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.spaces.builder import POINTWISE, NetworkBuilder


def run(network, x):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(to_onnx(network), options).run(None, {network.inputs[0]: x})[0]


@pytest.mark.parametrize(
    ("side", "stride", "expected"), [(32, 1, 32), (32, 2, 16), (51, 2, 26), (1, 2, 1), (7, 3, 3)]
)
@pytest.mark.parametrize("kernel", [1, 3, 7])
def test_sides_are_divided_rounding_up(side, stride, expected, kernel):
    b = NetworkBuilder()
    x = b.input(4, side)
    assert b.shape(b.conv(x, 8, kernel=kernel, stride=stride)) == (8, expected, expected)
    assert b.shape(b.pool(x, "max_pool", kernel=kernel, stride=stride)) == (4, expected, expected)


def test_network_keeps_order_shapes_and_parts():
    b = NetworkBuilder()
    b.part = "stem"
    y = b.conv(b.input(3, 8), 16, kernel=3, stride=2, bias=True)
    b.part = "body"
    z = b.add(y, b.pointwise(y, "relu"))
    gate = b.global_pool(z)
    out = b.linear(b.global_pool(b.multiply(b.concat(y, z), b.concat(gate, gate))), 10)
    network = b.network()

    assert network.outputs == (out,)
    ops = ["Conv", "Relu", "Add", "GlobalAveragePool", "Concat", "Concat", "Mul", "GlobalAveragePool"]
    assert [node.op for node in network.nodes] == [*ops, "Flatten", "Gemm"]
    assert [network.values[node.outputs[0]].dims for node in network.nodes[-4:]] == [
        (1, 32, 4, 4),
        (1, 32, 1, 1),
        (1, 32),
        (1, 10),
    ]
    assert [node.part for node in network.nodes[:2]] == ["stem", "body"]
    learned = [value.name for value in network.values.values() if value.learned]
    assert learned == ["conv0.weight", "conv0.bias", "gemm9.weight", "gemm9.bias"]


def test_running_statistics_are_not_learned():
    b = NetworkBuilder()
    b.pointwise(b.input(3, 8), "batch_norm")
    constants = {name: value.learned for name, value in b.values.items() if value.constant}
    assert list(constants.values()) == [True, True, False, False]


def test_a_part_may_give_back_what_it_read():
    b = NetworkBuilder()
    x = b.input(3, 8)
    b.pointwise(x, "relu")
    assert b.network(x).outputs == (x,)


@pytest.mark.parametrize("op", POINTWISE)
def test_shapes_are_those_that_onnx_infers(op):
    b = NetworkBuilder()
    b.pointwise(b.input(6, 5), op)
    made = run(b.network(), np.full((1, 6, 5, 5), 7.0, dtype=np.float32))
    assert made.shape == (1, 6, 5, 5)
    expected = {"zero": 0.0, "relu6": 6.0, "relu": 7.0, "hsigmoid": 1.0, "hswish": 7.0}
    if op in expected:
        np.testing.assert_allclose(made, expected[op], rtol=1e-6)


def test_shuffle_mixes_the_groups():
    b = NetworkBuilder()
    b.shuffle(b.input(6, 2), 2)
    x = np.arange(24, dtype=np.float32).reshape(1, 6, 2, 2)
    np.testing.assert_array_equal(run(b.network(), x), x[:, [0, 3, 1, 4, 2, 5]])
    with pytest.raises(InputError, match="multiple of groups 4"):
        b.shuffle(b.input(6, 2), 4)


@pytest.mark.parametrize(("channels", "groups"), [(8, 3), (6, 4), (7, 2)])
def test_groups_must_divide_channels(channels, groups):
    b = NetworkBuilder()
    x = b.input(4, 8)
    with pytest.raises(InputError, match=f"multiples of groups {groups}"):
        b.conv(x, channels, kernel=1, groups=groups)


def test_sums_and_concatenations_need_like_maps():
    b = NetworkBuilder()
    x, y = b.input(4, 8), b.input(8, 8)
    small = b.conv(x, 4, kernel=1, stride=2)
    with pytest.raises(InputError, match="one shape"):
        b.add(x, y)
    with pytest.raises(InputError, match="one map size"):
        b.concat(x, small)
    with pytest.raises(InputError, match="cannot have 1 inputs"):
        b.add(x)
