import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.core.network import Node, Value
from archcast.featurize.cost import (
    COST_CLASSES,
    COST_SHAPE,
    QUANTITIES,
    bytes_moved,
    network_cost,
    nodes_cost,
    quantity,
)
from archcast.featurize.spaces.builder import NetworkBuilder

CONVOLUTIONS = [
    # channels, kernel, stride, groups, bias -> class, params, macs on 8 channels of 6 x 6
    (16, 3, 1, 1, False, "conv_kxk", 8 * 16 * 9, 8 * 16 * 9 * 36),
    (16, 3, 2, 1, True, "conv_kxk", 8 * 16 * 9 + 16, 8 * 16 * 9 * 9),
    (16, 1, 1, 1, False, "conv_1x1", 128, 128 * 36),
    (16, 1, 1, 2, False, "conv_grouped", 64, 64 * 36),
    (8, 5, 2, 8, False, "conv_depthwise", 8 * 25, 8 * 25 * 9),
]


@pytest.mark.parametrize(
    ("channels", "kernel", "stride", "groups", "bias", "kind", "params", "macs"), CONVOLUTIONS
)
def test_convolution_counted_by_hand(channels, kernel, stride, groups, bias, kind, params, macs):
    b = NetworkBuilder()
    b.conv(b.input(8, 6), channels, kernel=kernel, stride=stride, groups=groups, bias=bias)
    graph = b.network()
    written = channels * (9 if stride == 2 else 36)
    cost = network_cost(graph)
    np.testing.assert_array_equal(cost[COST_CLASSES.index(kind)], [1, params, macs, 8 * 36, written])
    assert cost[:, 0].sum() == 1


def test_every_other_layer_counted_by_hand():
    b = NetworkBuilder()
    x = b.input(8, 6)
    norm = b.pointwise(x, "batch_norm")
    act = b.pointwise(norm, "hswish")
    b.add(x, norm, act)
    b.concat(x, norm)
    pooled = b.global_pool(b.pool(act, "avg_pool", kernel=3, stride=2))
    b.multiply(x, pooled)
    b.linear(pooled, 10)
    cost = nodes_cost(b.nodes, b.values)

    expected = np.zeros(COST_SHAPE)
    for kind, row in {
        "batch_norm": (1, 16, 0, 288, 288),
        "activation": (1, 0, 0, 288, 288),
        "add": (1, 0, 0, 3 * 288, 288),
        "concat": (1, 0, 0, 576, 576),
        "pool": (1, 0, 0, 288, 72),
        "global_pool": (1, 0, 0, 72, 8),
        "multiply": (1, 0, 0, 288, 288),
        "linear": (1, 90, 80, 8, 10),
    }.items():
        expected[COST_CLASSES.index(kind)] = row
    np.testing.assert_array_equal(cost, expected)


def test_quantities_and_bytes():
    costs = np.arange(2 * np.prod(COST_SHAPE), dtype=np.float64).reshape(2, *COST_SHAPE)
    np.testing.assert_array_equal(quantity(costs, "macs"), costs[:, :, 2].sum(axis=1))
    linear = COST_CLASSES.index("linear")
    np.testing.assert_array_equal(quantity(costs, "params", "linear"), costs[:, linear, 1])
    moved = 4 * (costs[..., 1] + costs[..., 3] + costs[..., 4])
    np.testing.assert_array_equal(bytes_moved(costs), moved)
    assert QUANTITIES == ("count", "params", "macs", "inputs", "outputs")


def test_shuffled_channels_and_zeros_are_one_pass_and_views_nothing():
    b = NetworkBuilder()
    x = b.input(8, 6)
    b.shuffle(b.pointwise(x, "zero"), 2)
    cost = nodes_cost(b.nodes, b.values)
    for kind in ("shuffle", "zero"):
        np.testing.assert_array_equal(cost[COST_CLASSES.index(kind)], [1, 0, 0, 288, 288])
    assert cost[:, 0].sum() == 2


def test_a_value_added_to_itself_is_read_twice():
    b = NetworkBuilder()
    x = b.input(8, 6)
    b.add(x, x)
    row = nodes_cost(b.nodes, b.values)[COST_CLASSES.index("add")]
    np.testing.assert_array_equal(row, [1, 0, 0, 2 * 288, 288])


def test_work_of_no_class_is_refused_by_name():
    x, y = Value("x", (1, 4)), Value("y", (1, 4))
    with pytest.raises(InputError, match="the work of Softmax, softmax, is none of conv_kxk"):
        nodes_cost([Node("Softmax", ("x",), ("y",))], {"x": x, "y": y})


def test_no_nodes_cost_nothing():
    assert not nodes_cost([], {}).any()
