import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.core.layers import GraphBuilder


@pytest.mark.parametrize(
    ("side", "stride", "expected"), [(32, 1, 32), (32, 2, 16), (51, 2, 26), (1, 2, 1), (7, 3, 3)]
)
@pytest.mark.parametrize("kernel", [1, 3, 7])
def test_sides_are_divided_rounding_up(side, stride, expected, kernel):
    b = GraphBuilder()
    x = b.input(4, side)
    assert b.shape(b.conv(x, 8, kernel=kernel, stride=stride)) == (8, expected, expected)
    assert b.shape(b.pool(x, "max_pool", kernel=kernel, stride=stride)) == (4, expected, expected)


def test_graph_keeps_order_shapes_edges_and_parts():
    b = GraphBuilder()
    b.part = "stem"
    x = b.input(3, 8)
    y = b.conv(x, 16, kernel=3, stride=2)
    b.part = "body"
    z = b.add(y, b.pointwise(y, "relu"))
    gate = b.global_pool(z)
    out = b.linear(b.global_pool(b.multiply(b.concat(y, z), b.concat(gate, gate))), 10)
    graph = b.graph()

    assert out == len(graph) - 1
    assert [layer.op for layer in graph.layers] == [
        "input",
        "conv",
        "relu",
        "add",
        "global_avg_pool",
        "concat",
        "concat",
        "multiply",
        "global_avg_pool",
        "linear",
    ]
    assert [layer.shape_out for layer in graph.layers[-4:]] == [
        (32, 1, 1),
        (32, 4, 4),
        (32, 1, 1),
        (10, 1, 1),
    ]
    edges = [(0, 1), (1, 2), (1, 3), (2, 3), (3, 4), (1, 5), (3, 5), (4, 6), (4, 6), (5, 7), (6, 7)]
    np.testing.assert_array_equal(graph.edges.T, [*edges, (7, 8), (8, 9)])
    assert [layer.part for layer in graph.layers[:3]] == ["stem", "stem", "body"]


def test_graph_of_one_layer_has_no_edges():
    b = GraphBuilder()
    b.input(3, 8)
    assert b.graph().edges.shape == (2, 0)


@pytest.mark.parametrize(("channels", "groups"), [(8, 3), (6, 4), (7, 2)])
def test_groups_must_divide_channels(channels, groups):
    b = GraphBuilder()
    x = b.input(4, 8)
    with pytest.raises(InputError, match=f"multiples of groups {groups}"):
        b.conv(x, channels, kernel=1, groups=groups)


def test_sums_and_concatenations_need_like_maps():
    b = GraphBuilder()
    x, y = b.input(4, 8), b.input(8, 8)
    small = b.conv(x, 4, kernel=1, stride=2)
    with pytest.raises(InputError, match="one shape"):
        b.add(x, y)
    with pytest.raises(InputError, match="one map size"):
        b.concat(x, small)
    with pytest.raises(InputError, match="cannot have 1 inputs"):
        b.add(x)
