"""What depends on data is named after its operator, and bound by that name."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import archcast
from archcast.core.errors import InputError, UnknownNameError

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


def detector() -> onnx.ModelProto:
    """Boxes above a score, twice found, and those of them that do not overlap."""
    nodes = [
        helper.make_node("Greater", ["scores", "least"], ["above"]),
        helper.make_node("NonZero", ["above"], ["found"]),
        helper.make_node("Transpose", ["found"], ["places"]),
        helper.make_node("GatherND", ["boxes", "places"], ["good"]),
        helper.make_node("Relu", ["good"], ["y"]),
        helper.make_node("Unsqueeze", ["boxes", "first"], ["all"]),
        helper.make_node("NonMaxSuppression", ["all", "score3"], ["kept"]),
        helper.make_node("Cast", ["kept"], ["z"], to=FLOAT),
    ]
    constants = [
        helper.make_tensor("least", FLOAT, [], [0.5]),
        helper.make_tensor("first", INT, [1], [0]),
        helper.make_tensor("score3", FLOAT, [1, 1, 40], np.ones(40).tolist()),
    ]
    graph = helper.make_graph(
        nodes,
        "detector",
        [
            helper.make_tensor_value_info("scores", FLOAT, [40]),
            helper.make_tensor_value_info("boxes", FLOAT, [40, 4]),
        ],
        [helper.make_tensor_value_info(name, FLOAT, None) for name in ("y", "z")],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])


def shapes(network):
    return {name: network.values[name].shape for name in ("found", "good", "y", "kept", "z")}


def test_they_stay_open_under_the_operator_s_name():
    network = archcast.network(detector())
    assert network.symbols == ("NonZero", "NonMaxSuppression")
    assert shapes(network)["found"] == (1, "NonZero")
    with pytest.raises(
        InputError, match=r"dimension 'NonZero' of .* as bind\(NonZero=\.\.\.\) or --bind NonZero"
    ):
        network.summary()


@pytest.mark.parametrize("late", [True, False])
def test_one_number_binds_all_of_an_operator(late):
    numbers = {"NonZero": 7, "NonMaxSuppression": 5}
    network = (
        archcast.network(detector()).bind(**numbers) if late else archcast.network(detector(), **numbers)
    )
    assert network.symbols == ()
    assert shapes(network) == {"found": (1, 7), "good": (7, 4), "y": (7, 4), "kept": (5, 3), "z": (5, 3)}
    assert network.summary().macs == 0


def test_one_of_them_may_stay_open():
    assert archcast.network(detector(), NonZero=7).symbols == ("NonMaxSuppression",)


def test_an_operator_that_is_not_there_is_named():
    with pytest.raises(UnknownNameError, match=r"NonMaxSuppression, NonZero; got 'Unique'"):
        archcast.network(detector(), Unique=7)


@pytest.mark.parametrize(
    ("axis", "wanted"),
    [
        (None, {"y": ("Unique",), "i": ("Unique",)}),
        (1, {"y": (2, "Unique"), "i": ("Unique",)}),
        (-1, {"y": (2, "Unique"), "i": ("Unique",)}),
    ],
)
def test_unique_finds_along_its_axis(axis, wanted):
    made = {} if axis is None else {"axis": axis}
    node = helper.make_node("Unique", ["x"], ["y", "i"], **made)
    graph = helper.make_graph(
        [node],
        "unique",
        [helper.make_tensor_value_info("x", FLOAT, [2, 6])],
        [helper.make_tensor_value_info("y", FLOAT, None), helper.make_tensor_value_info("i", INT, None)],
    )
    network = archcast.network(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]))
    assert {name: network.values[name].shape for name in wanted} == wanted
