"""Weights of ONNX files, in the forms in which exporters write them, and branches that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcast
from archcast.core.network import Network, Node, Value
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.readers.onnx_branches import take_branches

X = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 6, 6])


def read(nodes: list[Any], weights: dict[str, np.ndarray], *, doc: str = "", output: str = "y") -> Network:
    made = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    for tensor in made:
        tensor.doc_string = doc
    end = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "made", [X], [end], made)
    return archcast.network(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_a_scale_that_is_reshaped_counts_once() -> None:
    nodes = [
        helper.make_node("Unsqueeze", ["gamma", "axes"], ["over"]),
        helper.make_node("Mul", ["x", "over"], ["m"]),
        helper.make_node("Reshape", ["gamma", "shape"], ["again"]),
        helper.make_node("Add", ["m", "again"], ["y"]),
    ]
    weights = {"gamma": ones(4), "axes": ints(0, 2, 3), "shape": ints(1, 4, 1, 1)}
    assert read(nodes, weights).summary().params == 4


def test_other_names_of_a_constant_are_read_as_it() -> None:
    norm = ["x", "scale", "shift", "mean", "again"]
    nodes = [
        helper.make_node("Identity", ["mean"], ["again"]),
        helper.make_node("BatchNormalization", norm, ["y"]),
    ]
    found = read(nodes, {name: ones(4) for name in ("scale", "shift", "mean")})
    assert [node.op for node in found.nodes] == ["BatchNormalization"]
    assert found.nodes[0].inputs == ("x", "scale", "shift", "mean", "mean")
    assert found.summary().params == 8


@pytest.mark.parametrize(("stored", "params"), [(True, 4), (False, 144)])
def test_constant_nodes_are_weights_where_no_others_are_stored(stored: bool, params: int) -> None:
    table = numpy_helper.from_array(ones(1, 4, 6, 6))
    nodes = [
        helper.make_node("Constant", [], ["table"], value=table),
        helper.make_node("Add", ["x", "table"], ["a"]),
        helper.make_node("Mul", ["a", "scale" if stored else "a"], ["y"]),
    ]
    assert read(nodes, {"scale": ones(4, 1, 1)} if stored else {}).summary().params == params


@pytest.mark.parametrize("op", ["Clip", "Exp", "Softmax", "ReduceMean", "Neg"])
def test_a_weight_that_is_made_another_counts(op: str) -> None:
    nodes = [helper.make_node(op, ["w"], ["v"]), helper.make_node("Mul", ["x", "v"], ["y"])]
    assert read(nodes, {"w": ones(1, 1, 6, 6)}).summary().params == 36


@pytest.mark.parametrize(("name", "params"), [("blocks.0.act.scale", 1), ("/Constant_output_0", 0)])
def test_lone_numbers_are_parameters_by_the_names_that_torch_gives(name: str, params: int) -> None:
    found = read([helper.make_node("Mul", ["x", name], ["y"])], {name: ones(1)})
    assert found.summary().params == params


def test_a_bias_of_zeros_that_a_shape_makes_is_no_weight() -> None:
    weight = numpy_helper.from_array(ones(600, 4, 1, 1), "w")
    bare = TensorProto(name="w", data_type=weight.data_type, dims=weight.dims)
    nodes = [
        helper.make_node("Shape", ["w"], ["size"], end=1),
        helper.make_node("Constant", [], ["zero"], value=numpy_helper.from_array(np.array(0.0))),
        helper.make_node("CastLike", ["zero", "x"], ["none"]),
        helper.make_node("Expand", ["none", "size"], ["bias"]),
        helper.make_node("Conv", ["x", "w", "bias"], ["y"]),
    ]
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "made", [X], [end], [bare])
    found = archcast.network(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)]))
    assert [node.op for node in found.nodes] == ["Conv"]
    assert found.summary().params == 2400


def test_pads_that_are_clipped_are_known() -> None:
    nodes = [
        helper.make_node("Clip", ["much", "low", "high"], ["some"]),
        helper.make_node("Concat", ["none", "some"], ["pads"], axis=0),
        helper.make_node("Pad", ["x", "pads"], ["y"]),
    ]
    weights = {"much": ints(-3, 0, 2, 9), "low": np.array(0), "high": np.array(3), "none": ints(0, 0, 0, 0)}
    found = read(nodes, weights)
    assert found.values["y"].shape == (1, 4, 8, 9)


def test_integers_that_were_left_out_stop_no_inference() -> None:
    nodes = [
        helper.make_node("Add", ["many", "one"], ["places"]),
        helper.make_node("Gather", ["table", "places"], ["y"]),
    ]
    weights = {"many": np.arange(1000), "one": np.array(1), "table": ones(2000, 3)}
    found = read([*nodes, helper.make_node("Relu", ["x"], ["z"])], weights)
    assert found.values["y"].shape == (1000, 3)


def test_what_is_trained_survives_being_written_and_read() -> None:
    values = {"x": Value("x", (1, 4)), "y": Value("y", (1, 4)), "z": Value("z", (1, 4))}
    values["a"] = Value("a", (1,), constant=True, learned=True)
    values["b"] = Value("b", (4,), constant=True, learned=False)
    nodes = (Node("Mul", ("x", "a"), ("y",)), Node("Add", ("y", "b"), ("z",)))
    made = Network(values, nodes, ("x",), ("z",))
    again = archcast.network(to_onnx(made))
    assert [again.values[name].learned for name in "ab"] == [True, False]
    assert again.summary().params == made.summary().params == 1


def branched(condition: Any) -> onnx.ModelProto:
    def branch(op: str, weight: str, inner: str) -> Any:
        end = helper.make_tensor_value_info(inner, TensorProto.FLOAT, None)
        nodes = [
            helper.make_node("Mul", ["x", weight], ["t"]),
            helper.make_node(op, ["t"], [inner]),
        ]
        return helper.make_graph(nodes, "b", [], [end], [numpy_helper.from_array(ones(4, 1, 1), weight)])

    shown = [helper.make_node("Identity", ["x"], ["same"])]
    same = helper.make_tensor_value_info("same", TensorProto.FLOAT, None)
    empty = helper.make_graph(shown, "e", [], [same])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("y", "z", "u")]
    nodes = [
        helper.make_node("Abs", ["x"], ["u"]),
        helper.make_node(
            "If", ["k"], ["y"], then_branch=branch("Relu", "v", "i"), else_branch=branch("Tanh", "w", "j")
        ),
        helper.make_node("If", ["k"], ["z"], then_branch=empty, else_branch=branch("Tanh", "w", "j")),
    ]
    made = [numpy_helper.from_array(np.array(condition), "k")]
    graph = helper.make_graph(nodes, "made", [X], ends, made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    ("condition", "ops", "params"),
    [
        (True, ["Abs", "Mul", "Relu", "Identity"], 4),
        (False, ["Abs", "Mul", "Tanh", "Mul", "Tanh"], 8),
    ],
)
def test_the_branch_that_is_taken_stands_in_the_node_s_place(
    condition: bool, ops: list[str], params: int
) -> None:
    ort = pytest.importorskip("onnxruntime")
    model = branched(condition)
    found = archcast.network(model)
    assert [node.op for node in found.nodes] == ops
    assert found.summary().params == params
    image = np.random.default_rng(0).normal(size=(1, 4, 6, 6)).astype(np.float32)
    wanted = ort.InferenceSession(model.SerializeToString()).run(None, {"x": image})
    taken = onnx.ModelProto()
    taken.CopyFrom(model)
    assert take_branches(taken.graph) == 2
    got = ort.InferenceSession(taken.SerializeToString()).run(None, {"x": image})
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_a_condition_that_is_an_input_leaves_both_branches() -> None:
    model = branched(True)
    del model.graph.initializer[:]
    model.graph.input.append(helper.make_tensor_value_info("k", TensorProto.BOOL, []))
    found = archcast.network(model)
    assert [node.op for node in found.nodes] == ["Abs", "If", "If"]


def test_parts_of_a_sequence_move_what_they_are_of() -> None:
    values = {"x": Value("x", (1, 4)), "s": Value("s", None), "y": Value("y", (1, 4))}
    nodes = (
        Node("SplitToSequence", ("x",), ("s",), {"axis": 1}),
        Node("ConcatFromSequence", ("s",), ("y",), {"axis": 1}),
    )
    works = Network(values, nodes, ("x",), ("y",)).summary().works
    assert [(c.work.read, c.work.written) for c in works] == [(16, 16), (16, 16)]
