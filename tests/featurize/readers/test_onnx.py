"""ONNX files as people's exporters make them: read, or refused in a sentence that names what is wrong."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcast
from archcast.core.errors import InputError
from archcast.featurize.networks import read_network
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.readers.onnx import read_onnx


def conv_model(batch=1, side=32, opset=17, extra=(), weights=True, dtype=TensorProto.FLOAT):
    """A convolution and what follows it, as an ONNX model."""
    weight = numpy_helper.from_array(np.ones((8, 3, 3, 3), np.float32), "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3], pads=[1] * 4),
        helper.make_node("Relu", ["c"], ["r"]),
        *extra,
    ]
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", dtype, [batch, 3, side, side])],
        [helper.make_tensor_value_info(nodes[-1].output[0], dtype, None)],
        [weight] if weights else [],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


@pytest.mark.parametrize("batch", [1, "batch", "N", -1, None])
def test_an_open_batch_is_one_unless_told(batch):
    model = conv_model(batch)
    assert read_onnx(model).values["r"].dims == (1, 8, 32, 32)
    if batch != 1:
        assert read_onnx(model, batch=np.int64(4)).values["r"].dims == (4, 8, 32, 32)


def test_a_batch_that_nothing_takes_is_refused():
    for model, more in ((conv_model(1), {}), (conv_model("N"), {"inputs": {"x": (1, 3, 32, 32)}})):
        with pytest.raises(InputError, match="no input can have a batch of 4"):
            read_onnx(model, batch=4, **more)
    network = read_onnx(conv_model(1))
    with pytest.raises(InputError, match="batch must be left out for a network"):
        archcast.network(network, batch=4)


def test_a_dimension_may_be_called_batch():
    assert read_network(conv_model("batch"), dims={"batch": 4}).values["r"].dims == (4, 8, 32, 32)


@pytest.mark.parametrize("opset", [7, 11, 13, 17, 21, 24])
def test_versions_of_operators_are_read(opset):
    assert read_onnx(conv_model(opset=opset)).summary().macs == 8 * 3 * 9 * 32 * 32


@pytest.mark.parametrize("op", ["Shape", "Cast", "Div", "CastLike"])
def test_operands_that_are_left_out_are_told(op):
    model = conv_model(extra=[helper.make_node(op, [""], ["last"])])
    with pytest.raises(InputError):
        read_onnx(model)


def test_former_operators_have_shapes_where_their_numbers_are_known():
    fill = helper.make_node("ConstantFill", ["sides"], ["z"], input_as_shape=1, value=0.0)
    extra = [fill, helper.make_node("Tile", ["z", "times"], ["t"]), helper.make_node("Sum", ["t"], ["last"])]
    model = conv_model(opset=7, extra=extra)
    for name, numbers in (("sides", [2, 3]), ("times", [1, 4])):
        model.graph.initializer.append(numpy_helper.from_array(np.array(numbers), name))
    assert read_onnx(model).values["last"].dims == (2, 12)


@pytest.mark.parametrize(
    ("op", "opset", "count", "attributes"),
    [
        ("GroupNormalization", 18, 2, {"num_groups": 2}),
        ("GroupNormalization", 21, 8, {"num_groups": 2}),
        ("MeanVarianceNormalization", 13, 0, {"axes": [0, 2, 3]}),
        ("GreaterOrEqual", 12, -1, {}),
    ],
)
def test_operators_that_are_functions_do_not_end_what_is_known(op, opset, count, attributes):
    inputs = ["r", "c"] if count < 0 else ["r", "s", "s"] if count else ["r"]
    extra = [helper.make_node(op, inputs, ["n"], **attributes)]
    if op == "GreaterOrEqual":
        extra.append(helper.make_node("Cast", ["n"], ["f"], to=TensorProto.FLOAT))
    extra.append(helper.make_node("Relu", [extra[-1].output[0]], ["last"]))
    model = conv_model(opset=opset, extra=extra)
    if count > 0:
        model.graph.initializer.append(numpy_helper.from_array(np.ones(count, np.float32), "s"))
    network = read_onnx(model)
    assert [node.op for node in network.nodes][2] == op
    assert dict(network.nodes[2].attributes).keys() == attributes.keys()
    assert network.values["last"].dims == (1, 8, 32, 32)


def test_open_sides_are_named_with_the_way_to_bind_them():
    model = conv_model(side="side")
    network = read_onnx(model)
    assert network.symbols == ("side",)
    with pytest.raises(InputError, match=r"'side' of 'x' is not bound: bind it by its name, as bind\(side="):
        network.summary()
    for bound in (
        network.bind(side=16),
        read_onnx(model, dims={"side": 16}),
        read_onnx(model, inputs={"x": (1, 3, 16, 16)}),
    ):
        assert bound.values["r"].dims == (1, 8, 16, 16)
    assert network.bind(side=16) == read_onnx(model, dims={"side": 16})


def test_foreign_operators_are_told_with_their_share():
    foreign = helper.make_node("Reformat", ["r"], ["z"], domain="trt.plugins")
    summary = read_onnx(conv_model(extra=[foreign])).summary()
    assert list(summary.unknown) == ["trt.plugins::Reformat"]
    assert 0 < summary.unknown["trt.plugins::Reformat"] < 1
    assert "trt.plugins::Reformat: counted as data moved" in str(summary)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"# a text\n", "text that begins '# a text"),
        (b"PK\x03\x04" + bytes(60), "a zip archive, such as a PyTorch checkpoint: export it with torch.onnx"),
        (b"\x80\x02}q\x00.", "a Python pickle, such as a PyTorch checkpoint: export it with torch.onnx"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(60), "a TensorFlow Lite model"),
        (bytes(range(256)), "bytes that are no such model"),
        (conv_model().SerializeToString()[:-9], "bytes that are no such model"),
    ],
)
def test_what_is_no_model_is_named(content, said, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_onnx(path)
    assert str(caught.value).startswith(f"{path}: must be an ONNX model, got ")
    assert said in str(caught.value)


def test_a_missing_weight_names_node_and_weight():
    with pytest.raises(InputError, match=r"node 0 \(Conv\) reads 'w'"):
        read_onnx(conv_model(weights=False))


def test_weights_are_not_read_but_counted(tmp_path):
    model = conv_model()
    large = helper.make_node("Flatten", ["r"], ["f"])
    weight = numpy_helper.from_array(np.zeros((8 * 32 * 32, 100), np.float32), "large")
    model.graph.node.extend([large, helper.make_node("MatMul", ["f", "large"], ["y"])])
    model.graph.initializer.append(weight)
    model.graph.output[0].name = "y"
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    outside = tmp_path / "outside.onnx"
    onnx.save(model, outside, save_as_external_data=True, location="weights.bin", size_threshold=100)
    (tmp_path / "weights.bin").unlink()
    for made in (path, outside, path.read_bytes()):
        assert read_onnx(made).summary().params == 8 * 27 + 8 * 32 * 32 * 100


def test_what_is_written_runs_with_the_shapes_stated():
    network = read_onnx(conv_model(), batch=1)
    session = onnxruntime.InferenceSession(to_onnx(network), providers=["CPUExecutionProvider"])
    (out,) = session.run(None, {"x": np.ones((1, 3, 32, 32), np.float32)})
    assert out.shape == network.values["r"].dims
    assert np.isfinite(out).all()
