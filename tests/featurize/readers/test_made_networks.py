"""Networks that Hypothesis makes: written, run by ONNX Runtime with the shapes stated, and read back."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

import archcast
from archcast.core.errors import InputError
from archcast.core.network import Network, Node, Value
from archcast.featurize.onnx_model import model_of, to_onnx

NAMES = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), min_size=1, max_size=6
)
OPS = ("Conv", "MaxPool", "Relu", "Clip", "BatchNormalization", "Add", "Concat", "Transpose", "Split")
OPS = (*OPS, "MatMul", "Softmax", "LayerNormalization", "Reshape", "ReduceMean", "Gemm")


class Maker:
    """Adds nodes whose inputs fit what is there."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.values: dict[str, Value] = {}
        self.nodes: list[Node] = []
        shape = (1, *(draw(st.integers(1, 6)) for _ in range(3)))
        self.live = [self.value(shape)]
        self.first = self.live[0]

    def value(self, shape: tuple[int, ...], **about: Any) -> str:
        name = f"{self.draw(NAMES)}{len(self.values)}"
        self.values[name] = Value(name, shape, **about)
        return name

    def weight(self, *shape: int) -> str:
        return self.value(shape, constant=True, learned=True)

    def whole(self, *numbers: int) -> str:
        return self.value((len(numbers),), dtype="int64", constant=True, data=numbers)

    def add(self, op: str) -> None:
        x = self.draw(st.sampled_from(self.live))
        dims = self.values[x].dims
        inputs, shapes, attributes = (x,), [dims], {}
        if op in ("Conv", "MaxPool", "BatchNormalization", "ReduceMean") and len(dims) != 4:
            return
        if op == "Conv":
            out, side = self.draw(st.integers(1, 5)), self.draw(st.integers(1, 3))
            pad, stride = side // 2, self.draw(st.integers(1, 2))
            inputs = (x, self.weight(out, dims[1], side, side))
            attributes = {"pads": (pad,) * 4, "strides": (stride,) * 2}
            shapes = [(dims[0], out, *((d + 2 * pad - side) // stride + 1 for d in dims[2:]))]
        elif op == "MaxPool":
            attributes = {"kernel_shape": (1, 1), "strides": (2, 2)}
            shapes = [(*dims[:2], *((d - 1) // 2 + 1 for d in dims[2:]))]
        elif op == "BatchNormalization":
            inputs = (x, *(self.weight(dims[1]) for _ in range(4)))
        elif op == "ReduceMean":
            attributes, shapes = {"axes": (2, 3), "keepdims": 1}, [(*dims[:2], 1, 1)]
        elif op == "Clip":
            inputs = (
                x,
                self.value((), constant=True, data=(0.0,)),
                self.value((), constant=True, data=(6.0,)),
            )
        elif op == "Add":
            inputs = (x, x)
        elif op == "Concat":
            inputs, attributes = (x, x), {"axis": len(dims) - 1}
            shapes = [(*dims[:-1], 2 * dims[-1])]
        elif op == "Transpose":
            order = tuple(self.draw(st.permutations(range(len(dims)))))
            attributes, shapes = {"perm": order}, [tuple(dims[i] for i in order)]
        elif op == "Split":
            if dims[-1] < 2:
                return
            cut = self.draw(st.integers(1, dims[-1] - 1))
            inputs, attributes = (x, self.whole(cut, dims[-1] - cut)), {"axis": len(dims) - 1}
            shapes = [(*dims[:-1], cut), (*dims[:-1], dims[-1] - cut)]
        elif op == "MatMul":
            inputs, shapes = (x, self.weight(dims[-1], 3)), [(*dims[:-1], 3)]
        elif op == "Gemm":
            if len(dims) != 2:
                return
            inputs, attributes = (x, self.weight(4, dims[1])), {"transB": 1}
            shapes = [(dims[0], 4)]
        elif op in ("Softmax", "LayerNormalization"):
            attributes = {"axis": -1}
            inputs = (x, self.weight(dims[-1]), self.weight(dims[-1])) if op[0] == "L" else (x,)
        elif op == "Reshape":
            flat = (dims[0], int(np.prod(dims[1:])))
            inputs, shapes = (x, self.whole(*flat)), [flat]
        outputs = tuple(self.value(shape) for shape in shapes)
        self.nodes.append(Node(op, inputs, outputs, attributes))
        self.live += outputs

    def network(self) -> Network:
        made = {name for node in self.nodes for name in node.outputs}
        read = {name for node in self.nodes for name in node.inputs}
        ends = tuple(name for name in self.values if name in made and name not in read)
        return Network(self.values, tuple(self.nodes), (self.first,), ends)


@st.composite
def networks(draw: Any) -> Network:
    maker = Maker(draw)
    for op in ("Relu", *draw(st.lists(st.sampled_from(OPS), max_size=12))):
        maker.add(op)
    return maker.network()


@settings(deadline=None, max_examples=60, derandomize=True)
@given(networks())
def test_a_network_runs_with_the_shapes_stated_and_is_read_back(made: Network) -> None:
    content = to_onnx(made)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    image = np.ones(made.values[made.inputs[0]].dims, np.float32)
    got = session.run(None, {session.get_inputs()[0].name: image})
    assert [array.shape for array in got] == [made.values[name].dims for name in made.outputs]
    again = archcast.network(content)
    assert archcast.network(model_of(made)).key == made.key
    one, other = made.summary(), again.summary()
    assert (one.macs, one.params, one.bytes) == (other.macs, other.params, other.bytes)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.data())
def test_nonsense_is_read_or_refused_in_one_sentence(data: Any) -> None:
    """Nodes of real operators whose inputs, outputs and attributes are drawn: cycles, lacks, wrong shapes."""
    names = data.draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    some = st.lists(st.sampled_from(names), min_size=1, max_size=3)
    numbers = st.lists(st.integers(-3, 4), min_size=1, max_size=4)
    nodes = []
    for _ in range(data.draw(st.integers(1, 5))):
        op = data.draw(st.sampled_from((*OPS, "Loop", "If", "Resize", "Einsum", "Gather", "Odd")))
        attributes = data.draw(st.dictionaries(st.sampled_from(("axis", "perm", "pads", "group")), numbers))
        nodes.append(helper.make_node(op, data.draw(some), data.draw(some)[:1], **attributes))
    dims = data.draw(st.lists(st.one_of(st.integers(-1, 5), st.just("n")), max_size=4))
    first = helper.make_tensor_value_info(names[0], TensorProto.FLOAT, dims)
    last = helper.make_tensor_value_info(names[1], TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "made", [first], [last])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    said = "read"
    try:
        assert archcast.network(model).summary().to_dict()["nodes"] <= len(nodes)
    except InputError as error:
        said = str(error)
    assert said
    assert "\n" not in said
